"""Commands about the past: fetching it, and asking again for what is missing of it."""

from typing import Annotated

import typer

from cryptopipe_assets.cli.options import Warehouse, day, names, settings_for


def history(
    symbols: Annotated[
        list[str], typer.Argument(help="Contracts (BTC-USDT-PERP) or followed coins (BTC).")
    ],
    warehouse: Warehouse = None,
) -> None:
    """Fetch the whole past of contracts from the bulk archive; goes on where it was ended."""
    from cryptopipe_assets.cli.history import history as run

    run(settings_for(warehouse), symbols)


def repair(
    look: Annotated[bool, typer.Option("--look", help="Look only; send no requests.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Request at once, explained gaps too.")
    ] = False,
    warehouse: Warehouse = None,
) -> None:
    """Find missing minutes and request them again. Exit code 0 if no gap is open, else 2."""
    from cryptopipe_assets.cli.repair import repair as run

    raise typer.Exit(run(settings_for(warehouse), look_only=look, again=again))


def rebuild(
    table: Annotated[str, typer.Option("--table", help="A collected table, e.g. ohlcv_1m.")],
    of: Annotated[str, typer.Option("--day", help="The day, YYYY-MM-DD.")],
    write: Annotated[
        bool, typer.Option("--write", help="Put it in the place of the stored file.")
    ] = False,
    warehouse: Warehouse = None,
) -> None:
    """Make a day from the raw archive once more. Exit code 0 if it is the same bit by bit."""
    from cryptopipe_assets.cli.rebuild import rebuild as run

    raise typer.Exit(run(settings_for(warehouse), table=table, day=day(of, "--day"), write=write))


def backfill(
    start: Annotated[str, typer.Option("--start", help="First day, YYYY-MM-DD.")],
    end: Annotated[str, typer.Option("--end", help="Last day, YYYY-MM-DD.")],
    tables: Annotated[
        str | None,
        typer.Option("--tables", help="Tables a,b and all that they are made from. Default: all."),
    ] = None,
    symbols: Annotated[
        str | None,
        typer.Option("--symbols", help="Followed contracts or coins, a,b. Default: all."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Start without confirmation.")] = False,
    warehouse: Warehouse = None,
) -> None:
    """Fill history month by month, after an estimate of calls and time; goes on where it ended."""
    from cryptopipe_assets.cli.backfill import backfill as run

    run(
        settings_for(warehouse),
        tables=names(tables),
        symbols=names(symbols),
        first=day(start, "--start"),
        last=day(end, "--end"),
        yes=yes,
    )
