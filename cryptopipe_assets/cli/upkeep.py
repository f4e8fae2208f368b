"""Commands that look after the warehouse: snapshots of it, and old rows."""

from pathlib import Path
from typing import Annotated

import typer

from cryptopipe_assets.cli.options import Warehouse, settings_for


def backup(
    target: Annotated[Path, typer.Argument(help="Folder of the snapshots, on another disk.")],
    keep: Annotated[
        int | None, typer.Option(min=1, help="Delete all but so many snapshots. Default: none.")
    ] = None,
    verify_only: Annotated[
        bool, typer.Option("--verify-only", help="Read a snapshot and compare; take none.")
    ] = False,
    at: Annotated[str | None, typer.Option(help="Snapshot to verify. Default: the newest.")] = None,
    warehouse: Warehouse = None,
) -> None:
    """Take a snapshot of the warehouse, also while runs write; unchanged files are shared."""
    from cryptopipe_assets.cli.backup import backup as run
    from cryptopipe_assets.cli.backup import verify_backup

    if verify_only:
        verify_backup(target.expanduser(), at)
    else:
        run(settings_for(warehouse), target.expanduser(), keep=keep)


def restore(
    target: Annotated[Path, typer.Argument(help="Folder of the snapshots.")],
    at: Annotated[str | None, typer.Option(help="Snapshot. Default: the newest.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also over files that are newer than the snapshot's.")
    ] = False,
    warehouse: Warehouse = None,
) -> None:
    """Put a snapshot back into the warehouse, verified file by file."""
    from cryptopipe_assets.cli.backup import restore as run

    run(settings_for(warehouse), target.expanduser(), at, force=force)


def thin(
    older_than: Annotated[
        int | None,
        typer.Option(min=1, help="Days. Default: retention.market_cap_snapshot_days."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without, only say what it is.")
    ] = False,
    warehouse: Warehouse = None,
) -> None:
    """Thin old snapshots of market caps to those that a day's end or a midnight rests on."""
    from cryptopipe_assets.cli.thin import thin as run

    run(settings_for(warehouse), older_than=older_than, yes=yes)
