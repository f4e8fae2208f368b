"""Putting a snapshot back in its place, verified, and never over newer rows by accident."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptopipe_assets.core.errors import CorruptFile, StorageError
from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.backup.manifest import Entry, partition_of, read_manifest
from cryptopipe_assets.storage.backup.snapshot import digest
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.origin import claim, origin_of
from cryptopipe_assets.storage.parquet import fault_in
from cryptopipe_assets.storage.revisions import SUFFIX

Told = Callable[[Entry], None]


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What a restoration did: files put back, and files that said the same already."""

    files: int
    same: int


def verify(snapshot: Path, *, on_file: Told = lambda entry: None) -> list[str]:
    """Files of a snapshot that are missing or do not say what they said; none is well."""
    bad = []
    for entry in read_manifest(snapshot).files:
        if not _is_whole(snapshot / entry.path, entry):
            bad.append(entry.path)
        on_file(entry)
    return bad


def restore(
    snapshot: Path, lake: Lake, *, force: bool, on_file: Told = lambda entry: None
) -> Restored:
    """Put the files of ``snapshot`` into the warehouse; others that are there stay.

    Raises
    ------
    StorageError
        If the warehouse holds rows of another origin, or files that are newer than the
        snapshot's and ``force`` is false. Nothing was changed then.
    CorruptFile
        If a file of the snapshot is damaged. Those before it are restored; none is half.
    """
    manifest = read_manifest(snapshot)
    present = origin_of(lake.root)
    if present is not None and present != manifest.origin:
        raise StorageError(
            f"{lake.root} holds {present} rows and the snapshot {manifest.origin} ones; restore "
            f"into another folder (--warehouse)"
        )
    wanted = [each for each in manifest.files if not _is_whole(lake.root / each.path, each)]
    newer = [each for each in wanted if _is_newer(lake.root / each.path, each)]
    if newer and not force:
        raise StorageError(
            f"{len(newer)} files of {lake.root} are newer than the snapshot's, first "
            f"{newer[0].path}; nothing was changed. Restore into another folder (--warehouse), or "
            f"give up what came in since with --force"
        )
    if manifest.origin:
        claim(lake.root, manifest.origin)
    for entry in wanted:
        _put(snapshot, lake, entry)
        on_file(entry)
    return Restored(files=len(wanted), same=len(manifest.files) - len(wanted))


def _put(snapshot: Path, lake: Lake, entry: Entry) -> None:
    """Copy, compare, and only then rename into place, while nobody else writes the partition."""
    folder, day = partition_of(entry.path)

    def write(temporary: Path) -> None:
        try:
            shutil.copyfile(snapshot / entry.path, temporary)
        except FileNotFoundError:
            raise _damaged(snapshot, entry) from None
        if not _is_whole(temporary, entry):
            raise _damaged(snapshot, entry)
        fault = fault_in(temporary.read_bytes(), folder, day)
        if fault is not None:
            raise CorruptFile(
                f"{snapshot / entry.path}: {fault}; it was so when it was backed up. Take an "
                f"earlier snapshot: cryptopipe restore {snapshot.parent} --at NAME"
            )

    target = lake.root / entry.path
    with lake.lock(folder.removesuffix(SUFFIX), day):
        write_atomically(target, write)
        os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns))


def _is_whole(path: Path, entry: Entry) -> bool:
    try:
        if path.stat().st_size != entry.bytes:
            return False
        with path.open("rb") as source:
            return digest(source) == entry.sha256
    except FileNotFoundError:
        return False


def _is_newer(path: Path, entry: Entry) -> bool:
    return path.is_file() and path.stat().st_mtime_ns > entry.mtime_ns


def _damaged(snapshot: Path, entry: Entry) -> CorruptFile:
    return CorruptFile(
        f"{snapshot / entry.path} is missing or is not what it was when it was backed up; "
        f"take another snapshot: cryptopipe restore {snapshot.parent} --at NAME"
    )
