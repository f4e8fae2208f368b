"""What the timetable will ask of each vendor, beside what was asked and what is allowed."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import polars as pl
from rich.markup import escape

from cryptopipe_assets.call_allowances import left_for
from cryptopipe_assets.call_plan import Forecast, forecasts, shortage
from cryptopipe_assets.commands.calls import CEILING, ORIGINAL
from cryptopipe_assets.commands.console import frame_table, out
from cryptopipe_assets.defs.contract_counts import contracts_of
from cryptopipe_assets.settings import Settings
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.timetable import LISTINGS, MARKET_DATA, POSITIONS

TOO_MUCH = 2
Key = tuple[str, str, str]


def budget(settings: Settings, *, as_json: bool) -> int:
    """Print the forecast; 0 if the plan fits every limit, else 2.

    Raises
    ------
    StorageError
        If the ledger of calls or a table cannot be read.
    """
    now = datetime.now(UTC)
    found = forecasts(settings, contracts_of(Lake(settings.warehouse)))
    tables = (*MARKET_DATA, *POSITIONS, *LISTINGS)
    used: dict[Key, int] = {
        (each.allowance.vendor, each.allowance.family, each.allowance.window): each.used
        for each in left_for(settings, tables, now=now)
    }
    if as_json:
        out.print_json(json.dumps(as_plain(found, used)))
    else:
        show(found, used)
    return 0 if all(each.fits for each in found) else TOO_MUCH


def as_plain(found: Sequence[Forecast], used: Mapping[Key, int]) -> dict[str, object]:
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
                "used": used.get(_key(each), 0),
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
                        "endpoint": demand.asked.endpoint,
                        "calls_per_day": demand.calls,
                        "units_per_day": demand.units,
                    }
                    for demand in each.demands
                ],
            }
            for each in found
        ],
    }


def show(found: Sequence[Forecast], used: Mapping[Key, int]) -> None:
    """Print a line a limit, and what to change where one is too small."""
    rows = [
        {
            "vendor": each.allowance.vendor,
            "limit of": each.allowance.family,
            "per": each.allowance.window,
            "allowed": each.allowance.limit,
            "our share": each.allowance.planned,
            "used": used.get(_key(each), 0),
            "peak": each.peak,
            "a day": each.per_day,
            "a month": each.per_month,
            "fits": "yes" if each.fits else "NO",
        }
        for each in found
    ]
    if rows:
        out.print(frame_table(pl.DataFrame(rows), title="Calls that the schedules will make"))
    out.print(
        "used: in this window. peak: the most that is asked for in one; above our share of a "
        "short window, calls wait."
    )
    out.print(
        f"The original's ten coins took {ORIGINAL} calls a day; here at most {CEILING}: "
        "`cryptopipe calls` counts them."
    )
    for each in found:
        if not each.fits:
            out.print(f"[red]cannot fit:[/] {escape(shortage(each))}")


def _key(found: Forecast) -> Key:
    allowance = found.allowance
    return allowance.vendor, allowance.family, allowance.window
