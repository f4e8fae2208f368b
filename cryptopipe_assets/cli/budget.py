"""What the timetable will ask of each vendor, beside what was asked and what is allowed."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import polars as pl
import typer

from cryptopipe_assets.cli.console import frame_table, literal, out, plain_table
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.operations.budget.fit import (
    Forecast,
    forecasts,
    shortage,
    stored_contracts,
    without_room,
)
from cryptopipe_assets.operations.budget.spending import Spent, as_plain, calls_of, spent_so_far

TOO_MUCH = 2


def command(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    warehouse: Warehouse = None,
) -> None:
    """Forecast the schedules' calls, beside used and allowed. Exit code 0 if they fit, else 2."""
    raise typer.Exit(budget(settings_for(warehouse), as_json=as_json))


def budget(settings: Settings, *, as_json: bool) -> int:
    """Print the forecast; 0 if the plan fits every limit, else 2.

    Raises
    ------
    StorageError
        If the ledger of calls or a table cannot be read.
    """
    found = forecasts(settings, stored_contracts(settings))
    spent = spent_so_far(settings, now=datetime.now(UTC))
    if as_json:
        out.print_json(json.dumps(as_plain(found, spent)))
    else:
        show(found, spent)
        _show_refused(settings, found)
    return 0 if all(each.fits for each in found) else TOO_MUCH


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
        for (vendor, table, endpoint), made, planned in calls_of(found, spent)
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
        numbers = (limit.limit, limit.planned, spent.of_limit(each.allowance), each.peak)
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
            out.print(f"[red]cannot fit:[/] {literal(shortage(each))}")
    for round_, table in without_room(settings, stored_contracts(settings)):
        of = f"tiers.{round_.tier}" if round_.tier else round_.name
        out.print(f"until then no schedule collects {table} of {literal(of)}")
