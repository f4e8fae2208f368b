"""Snapshots of the warehouse in another folder, and the way back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cryptopipe_assets.cli.console import err, literal, out
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import CorruptFile
from cryptopipe_assets.core.preview import size
from cryptopipe_assets.storage.backup.manifest import (
    Entry,
    chosen_snapshot,
    read_manifest,
    snapshots,
)
from cryptopipe_assets.storage.backup.restore import verify
from cryptopipe_assets.storage.backup.snapshot import back_up, prune
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS


def command(
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
    if verify_only:
        verify_backup(target.expanduser(), at)
    else:
        backup(settings_for(warehouse), target.expanduser(), keep=keep)


def backup(settings: Settings, target: Path, *, keep: int | None) -> None:
    """Take a snapshot; what has not changed since the one before is shared with it.

    Raises
    ------
    RequestError, StorageError
    CorruptFile
        After the snapshot was taken, if files of the warehouse are damaged.
    """
    with files_bar("backing up") as advance:
        done = back_up(
            settings.warehouse,
            target,
            order=list(SERVICE_LEVELS),
            now=datetime.now(UTC),
            on_file=advance,
        )
    out.print(
        f"[green]backed up[/] {done.files:,} files, {size(done.bytes)}; copied "
        f"{done.copied_files:,}, {size(done.copied_bytes)}, each read again and compared",
        soft_wrap=True,
    )
    out.print(literal(done.snapshot), soft_wrap=True)
    if done.damaged:
        raise CorruptFile(
            f"the snapshot was taken, and {len(done.damaged)} files of the warehouse are damaged: "
            f"it holds the earlier copies of them, if there are any. First {done.damaged[0]}. "
            f"See `cryptopipe doctor`; no snapshot was deleted"
        )
    for gone in prune(target, keep=keep) if keep else []:
        out.print(f"deleted {literal(gone.name)}")


def verify_backup(target: Path, name: str | None) -> None:
    """Read every file of a snapshot and compare it with the manifest.

    Raises
    ------
    CorruptFile
        Naming the first damaged file.
    """
    snapshot = chosen_snapshot(target, name)
    total = len(read_manifest(snapshot).files)
    with files_bar("verifying", total) as advance:
        bad = verify(snapshot, on_file=advance)
    if bad:
        others = ", ".join(each.name for each in snapshots(target) if each != snapshot)
        raise CorruptFile(
            f"{len(bad)} of {total} files of {snapshot} are damaged, first {bad[0]}; other "
            f"snapshots: {others or 'none, make a new backup'}"
        )
    out.print(f"[green]whole[/] {total:,} files of {literal(snapshot)}", soft_wrap=True)


@contextmanager
def files_bar(what: str, total: int | None = None) -> Iterator[Callable[[Entry], None]]:
    """A bar that counts files; yields what counts one."""
    columns = TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda entry: progress.advance(task)
