"""Snapshots of the warehouse in another folder, and the way back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cryptopipe_assets.cli.console import err, out, size
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import CorruptFile
from cryptopipe_assets.storage.backup.manifest import (
    Entry,
    chosen_snapshot,
    read_manifest,
    snapshots,
)
from cryptopipe_assets.storage.backup.restore import restore as put_back
from cryptopipe_assets.storage.backup.restore import verify
from cryptopipe_assets.storage.backup.snapshot import back_up, prune
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS


def backup(settings: Settings, target: Path, *, keep: int | None) -> None:
    """Take a snapshot; what has not changed since the one before is shared with it.

    Raises
    ------
    RequestError, StorageError
    """
    with _counted("backing up") as advance:
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
    out.print(f"{done.snapshot}", soft_wrap=True)
    for gone in prune(target, keep=keep) if keep else []:
        out.print(f"deleted {gone.name}")


def verify_backup(target: Path, name: str | None) -> None:
    """Read every file of a snapshot and compare it with the manifest.

    Raises
    ------
    CorruptFile
        Naming the first damaged file.
    """
    snapshot = chosen_snapshot(target, name)
    total = len(read_manifest(snapshot).files)
    with _counted("verifying", total) as advance:
        bad = verify(snapshot, on_file=advance)
    if bad:
        others = ", ".join(each.name for each in snapshots(target) if each != snapshot)
        raise CorruptFile(
            f"{len(bad)} of {total} files of {snapshot} are damaged, first {bad[0]}; other "
            f"snapshots: {others or 'none, make a new backup'}"
        )
    out.print(f"[green]whole[/] {total:,} files of {snapshot}", soft_wrap=True)


def restore(settings: Settings, target: Path, name: str | None, *, force: bool) -> None:
    """Put a snapshot back, and make the catalog anew.

    Raises
    ------
    RequestError, StorageError, CorruptFile
    """
    from cryptopipe_assets.runtime.resources import warehouse

    snapshot = chosen_snapshot(target, name)
    found = warehouse(settings)
    with _counted("restoring") as advance:
        done = put_back(snapshot, found.lake, force=force, on_file=advance)
    found.refresh_catalog()
    out.print(
        f"[green]restored[/] {done.files:,} files of {snapshot.name} into {settings.warehouse}; "
        f"{done.same:,} were the same already",
        soft_wrap=True,
    )


@contextmanager
def _counted(what: str, total: int | None = None) -> Iterator[Callable[[Entry], None]]:
    """A bar that counts files; yields what counts one."""
    columns = TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda entry: progress.advance(task)
