"""What the timetable will ask of each vendor, beside what was asked and what is allowed."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from rich.markup import escape

from cryptopipe_assets.cli.console import frame_table, out, plain_table
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.operations.budget.fit import (
    Forecast,
    forecasts,
    shortage,
    stored_contracts,
    without_room,
)
from cryptopipe_assets.operations.budget.remaining import left_for
from cryptopipe_assets.operations.schedule.rounds import LISTINGS, MARKET_DATA, POSITIONS
from cryptopipe_assets.vendors.http.call_ledger import read_spending

TOO_MUCH = 2
Key = tuple[str, str, str]
TABLES = (*MARKET_DATA, *POSITIONS, *LISTINGS)


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What was asked so far.

    Attributes
    ----------
    of_limits
        (vendor, family, window) to units in the window.
    today
        (vendor, table, endpoint) to calls of today (UTC).
    """

    of_limits: Mapping[Key, int]
    today: Mapping[Key, int]


def budget(settings: Settings, *, as_json: bool) -> int:
    """Print the forecast; 0 if the plan fits every limit, else 2.

    Raises
    ------
    StorageError
        If the ledger of calls or a table cannot be read.
    """
    found = forecasts(settings, stored_contracts(settings))
    spent = _spent(settings, now=datetime.now(UTC))
    if as_json:
        out.print_json(json.dumps(as_plain(found, spent)))
    else:
        show(found, spent)
        _show_refused(settings, found)
    return 0 if all(each.fits for each in found) else TOO_MUCH


def _spent(settings: Settings, *, now: datetime) -> Spent:
    """What the ledger and the budgets say."""
    left = left_for(settings, TABLES, now=now)
    rows = read_spending(settings.state_folder, since=now.date())
    per_endpoint = rows.group_by("vendor", "table", "endpoint").agg(pl.col("calls").sum())
    return Spent(
        of_limits={
            (each.allowance.vendor, each.allowance.family, each.allowance.window): each.used
            for each in left
        },
        today={
            (vendor, table, endpoint): calls
            for vendor, table, endpoint, calls in per_endpoint.iter_rows()
        },
    )


def as_plain(found: Sequence[Forecast], spent: Spent) -> dict[str, object]:
    """The forecast in types that JSON knows."""
    return {
        "fits": all(each.fits for each in found),
        "limits": [
            {
                "vendor": each.allowance.vendor,
                "family": each.allowance.family,
                "window": each.allowance.window,
                "limit": each.allowance.limit,
                "planned": each.allowance.planned,
                "used": spent.of_limits.get(_key(each), 0),
                "peak": each.peak,
                "per_day": each.per_day,
                "per_month": each.per_month,
                "at_most_per_day": each.at_most,
                "fits": each.fits,
                "shortage": None if each.fits else shortage(each),
                "asked": [
                    {
                        "round": demand.round.name,
                        "tier": demand.round.tier,
                        "table": demand.table,
                        "endpoint": demand.cost.endpoint,
                        "calls_per_day": demand.calls,
                        "units_per_day": demand.units,
                    }
                    for demand in each.demands
                ],
            }
            for each in found
        ],
        "calls": [
            {
                "vendor": vendor,
                "table": table,
                "endpoint": endpoint,
                "made_today": made,
                "forecast_per_day": planned,
            }
            for (vendor, table, endpoint), made, planned in _calls(found, spent)
        ],
    }


def show(found: Sequence[Forecast], spent: Spent) -> None:
    """Print calls by vendor and table, and then a line a limit."""
    calls = [
        {
            "vendor": vendor,
            "table": table,
            "endpoint": endpoint,
            "made today": made,
            "a day": planned,
            "a month": 31 * planned,
        }
        for (vendor, table, endpoint), made, planned in _calls(found, spent)
    ]
    if calls:
        out.print(frame_table(pl.DataFrame(calls), title="Calls that the schedules will make"))
    table = plain_table(title="What they cost of each limit")
    for name in ("vendor", "limit of", "in a"):
        table.add_column(name)
    for name in ("allowed", "our share", "used", "at peak", "a day", "a month"):
        table.add_column(name, justify="right")
    table.add_column("fits")
    for each in found:
        limit = each.allowance
        numbers = (limit.limit, limit.planned, spent.of_limits.get(_key(each), 0), each.peak)
        table.add_row(
            limit.vendor,
            limit.family,
            limit.window,
            *(f"{number:,}" for number in (*numbers, each.per_day, each.per_month)),
            "[green]yes[/]" if each.fits else "[bold red]NO[/]",
        )
    out.print(table)
    out.print(
        "used: in the window so far. at peak: the most that is needed within one window; what "
        "is above our share of a short window waits. Backfills, repairs and retries come on top."
    )


def _show_refused(settings: Settings, found: Sequence[Forecast]) -> None:
    """Say what does not fit, what to change, and what is left out until then."""
    for each in found:
        if not each.fits:
            out.print(f"[red]cannot fit:[/] {escape(shortage(each))}")
    for round_, table in without_room(settings, stored_contracts(settings)):
        of = f"tiers.{round_.tier}" if round_.tier else round_.name
        out.print(f"until then no schedule collects {table} of {of}")


def _calls(found: Sequence[Forecast], spent: Spent) -> list[tuple[Key, int, int]]:
    """Calls made today and forecast a day, of every endpoint that has either."""
    planned: Counter[Key] = Counter()
    # A vendor with limits of several windows is in the list once for each of them.
    for demand in {demand for each in found for demand in each.demands}:
        planned[demand.vendor, demand.table, demand.cost.endpoint] += demand.calls
    keys = sorted({key for key, calls in planned.items() if calls} | set(spent.today))
    return [(key, spent.today.get(key, 0), planned[key]) for key in keys]


def _key(found: Forecast) -> Key:
    allowance = found.allowance
    return allowance.vendor, allowance.family, allowance.window
