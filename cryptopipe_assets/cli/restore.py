"""A snapshot put back into the warehouse."""

from pathlib import Path
from typing import Annotated

import typer

from cryptopipe_assets.cli.backup import files_bar
from cryptopipe_assets.cli.console import literal, out
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.runtime.resources import warehouse
from cryptopipe_assets.storage.backup.manifest import chosen_snapshot
from cryptopipe_assets.storage.backup.restore import restore as put_back


def command(
    target: Annotated[Path, typer.Argument(help="Folder of the snapshots.")],
    at: Annotated[str | None, typer.Option(help="Snapshot. Default: the newest.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also over files that are newer than the snapshot's.")
    ] = False,
    warehouse: Warehouse = None,
) -> None:
    """Put a snapshot back into the warehouse, verified file by file."""
    restore(settings_for(warehouse), target.expanduser(), at, force=force)


def restore(settings: Settings, target: Path, name: str | None, *, force: bool) -> None:
    """Put a snapshot back, and make the catalog anew.

    Raises
    ------
    RequestError, StorageError, CorruptFile
    """
    snapshot = chosen_snapshot(target, name)
    found = warehouse(settings)
    with files_bar("restoring") as advance:
        done = put_back(snapshot, found.lake, force=force, on_file=advance)
    found.refresh_catalog()
    out.print(
        f"[green]restored[/] {done.files:,} files of {literal(snapshot.name)} into "
        f"{literal(settings.warehouse)}; "
        f"{done.same:,} were the same already",
        soft_wrap=True,
    )
