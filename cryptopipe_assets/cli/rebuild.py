"""A day of a collected table made once more from the raw archive, and compared with its file."""

from datetime import date
from functools import partial
from typing import Annotated

import typer
from rich.progress import track

from cryptopipe_assets.cli.console import literal, out
from cryptopipe_assets.cli.options import Warehouse, day, settings_for
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.schema import Collected, Registry
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts


def command(
    table: Annotated[str, typer.Option("--table", help="A collected table, e.g. ohlcv_1m.")],
    of: Annotated[str, typer.Option("--day", help="The day, YYYY-MM-DD.")],
    write: Annotated[
        bool, typer.Option("--write", help="Put it in the place of the stored file.")
    ] = False,
    warehouse: Warehouse = None,
) -> None:
    """Make a day from the raw archive once more. Exit code 0 if it is the same bit by bit."""
    raise typer.Exit(
        rebuild(settings_for(warehouse), table=table, day=day(of, "--day"), write=write)
    )


def rebuild(settings: Settings, *, table: str, day: date, write: bool) -> int:
    """Rebuild, compare, and say how they differ; ``write`` puts it in the place of the file.

    Returns
    -------
    Exit code: 0 if the day is the same bit by bit (or was written), 1 if it is not.

    Raises
    ------
    RequestError
        If there is no such table, or it has no days that vendors fill.
    ArchiveIncomplete
        If not everything that made the day was kept.
    ShrinkRefused
        If writing would lose rows.
    """
    contract = _collected(table)
    from cryptopipe_assets.runtime.rebuild import put_in_place, rebuilt

    bar = partial(track, description=table, console=out, transient=True)
    found = rebuilt(settings, contract, day, watched=bar)
    where = Lake(settings.warehouse).location(table, day)
    said = f"{table} {day}: {found.rows:,} rows from the responses of {found.manifests} runs"
    if found.is_identical:
        out.print(f"{said}: [green]identical[/] to the stored file, bit by bit")
        return 0
    if found.stored is None:
        out.print(f"{said}; there is no stored file")
    else:
        out.print(
            f"{said}: [red]differs[/] from the stored file: {found.missing:,} keys are missing, "
            f"{found.added:,} are new, {found.changed:,} have other values"
        )
    if not write:
        out.print("Nothing was changed; [bold]--write[/] puts it in the place of the stored file")
        return 1
    put_in_place(settings, contract, day, found)
    out.print(f"written to {literal(where)}")
    return 0


def _collected(table: str) -> type[Collected]:
    """The contract of a table whose days vendors fill."""
    known = {
        name: each
        for name, each in contracts().items()
        if issubclass(each, Collected) and not issubclass(each, Registry) and each.has_days()
    }
    if table not in known:
        raise RequestError(f"no collected table {table} with days; there are {', '.join(known)}")
    return known[table]
