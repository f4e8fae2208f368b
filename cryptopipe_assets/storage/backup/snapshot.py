"""Snapshots of a warehouse in another folder, each whole, sharing what has not changed.

Layout::

    DIR/
      2026-11-25T02-30-00Z/
        MANIFEST.json                               size, time and SHA-256 of every file, the origin
        ohlcv_1m/date=2026-02-01/part-0.parquet     as in the warehouse

A snapshot may be taken while runs write: a warehouse's file is replaced whole or not at all, so
what was opened is one version. Derived tables are copied before what they are made from, and rows
before their superseded versions, so that nothing in a snapshot rests on what is not in it. A file
that has not changed since the snapshot before is a hard link to its copy there. No copy shares
disk blocks with the warehouse.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from cryptopipe_assets.core.errors import RequestError, StorageError
from cryptopipe_assets.storage.atomic import not_writable
from cryptopipe_assets.storage.backup.manifest import (
    MANIFEST,
    Entry,
    Manifest,
    newest_snapshot,
    partition_of,
    read_manifest,
    snapshots,
)
from cryptopipe_assets.storage.origin import origin_of
from cryptopipe_assets.storage.parquet import fault_in
from cryptopipe_assets.storage.revisions import SUFFIX

CHUNK = 1 << 20
PARTIAL = ".partial"


@dataclass(frozen=True, kw_only=True)
class Backup:
    """What a backup did.

    Attributes
    ----------
    files, bytes
        Of the whole snapshot.
    copied_files, copied_bytes
        Of what was not in the snapshot before.
    damaged
        Files of the warehouse that are not what was written, and what is wrong with each. The
        snapshot has the copy of the snapshot before instead, or none.
    """

    snapshot: Path
    files: int
    bytes: int
    copied_files: int
    copied_bytes: int
    damaged: tuple[str, ...] = ()


def back_up(
    root: Path,
    target: Path,
    *,
    order: Sequence[str],
    now: datetime,
    on_file: Callable[[Entry], None] = lambda entry: None,
) -> Backup:
    """Take a snapshot of the warehouse ``root`` below ``target``.

    Each copy is read again and compared before the snapshot appears under its name.

    Parameters
    ----------
    order
        Names of the tables, each after those that it is made from.

    Raises
    ------
    RequestError
        If there is nothing to back up, or the target is inside of the warehouse.
    StorageError
        If the target cannot be written, or a copy does not say what was read.
    """
    if target.resolve().is_relative_to(root.resolve()):
        raise RequestError(f"{target} is inside of the warehouse {root}; choose a folder elsewhere")
    files = sorted(_files(root), key=lambda path: _turn(root, path, order))
    if not files:
        raise RequestError(f"{root} holds no tables yet; fill it first: cryptopipe demo")
    name = f"{now.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}"
    if (target / name).exists():
        raise RequestError(f"{target / name} is there already; wait a second and run again")
    before = newest_snapshot(target)
    known = {each.path: each for each in read_manifest(before).files} if before else {}
    partial = target / f".{name}{PARTIAL}"
    try:
        _clear(target)
        partial.mkdir(parents=True)
        entries, copied, damaged = [], [], []
        for path in files:
            relative = path.relative_to(root).as_posix()
            entry = _linked(path, known.get(relative), before, partial)
            if entry is None and (entry := _copied(path, relative, partial)) is not None:
                if fault := fault_in((partial / relative).read_bytes(), *partition_of(relative)):
                    (partial / relative).unlink()
                    damaged.append(f"{path}: {fault}")
                    entry = _kept(known.get(relative), before, partial)
                else:
                    copied.append(entry)
            if entry is not None:
                entries.append(entry)
                on_file(entry)
        manifest = Manifest(
            made_at=now.isoformat(), origin=origin_of(root) or "", files=tuple(entries)
        )
        manifest.write(partial / MANIFEST)
        partial.rename(target / name)
    except OSError as exc:
        raise not_writable(target, exc) from exc
    return Backup(
        snapshot=target / name,
        files=len(entries),
        bytes=sum(each.bytes for each in entries),
        copied_files=len(copied),
        copied_bytes=sum(each.bytes for each in copied),
        damaged=tuple(damaged),
    )


def prune(target: Path, *, keep: int) -> list[Path]:
    """Delete all but the ``keep`` newest snapshots; returns those that went."""
    old = snapshots(target)[:-keep]
    for snapshot in old:
        shutil.rmtree(snapshot)
    return old


def digest(source: BinaryIO) -> str:
    """SHA-256 of what is left to read, in hexadecimal."""
    found = hashlib.sha256()
    while chunk := source.read(CHUNK):
        found.update(chunk)
    return found.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    """The Parquet files of every table; what starts with a dot is bookkeeping."""
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if not name.startswith(".")]
        yield from (
            Path(folder, name)
            for name in names
            if name.endswith(".parquet") and not name.startswith(".")
        )


def _turn(root: Path, path: Path, order: Sequence[str]) -> tuple[int, str]:
    """Signals first, then features, then what was collected, then its superseded versions."""
    table = path.relative_to(root).parts[0]
    if table.endswith(SUFFIX):
        return 1, str(path)
    return (-order.index(table) if table in order else 0), str(path)


def _linked(path: Path, known: Entry | None, before: Path | None, into: Path) -> Entry | None:
    """Link the copy of the snapshot before, if the file is still that one and links work."""
    if known is None or before is None:
        return None
    try:
        now = path.stat()
        if (now.st_size, now.st_mtime_ns) != (known.bytes, known.mtime_ns):
            return None
        link = into / known.path
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(before / known.path, link)
    except OSError:
        return None
    return known


def _kept(known: Entry | None, before: Path | None, into: Path) -> Entry | None:
    """Link the copy of the snapshot before, or copy it where links do not work; None without it."""
    if known is None or before is None:
        return None
    link = into / known.path
    link.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(before / known.path, link)
    except FileNotFoundError:
        return None
    except OSError:
        shutil.copy2(before / known.path, link)
    return known


def _copied(path: Path, relative: str, into: Path) -> Entry | None:
    """Copy one version of the file and read the copy again; None if the file has gone."""
    copy = into / relative
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        source = path.open("rb")
    except FileNotFoundError:
        return None
    with source, copy.open("w+b") as sink:
        facts = os.fstat(source.fileno())
        read = hashlib.sha256()
        while chunk := source.read(CHUNK):
            read.update(chunk)
            sink.write(chunk)
        sink.flush()
        os.fsync(sink.fileno())
        sink.seek(0)
        if digest(sink) != read.hexdigest():
            raise StorageError(f"{copy} is not what was read; is the disk of {into} sound?")
    os.utime(copy, ns=(facts.st_mtime_ns, facts.st_mtime_ns))
    return Entry(
        path=relative,
        bytes=facts.st_size,
        mtime_ns=facts.st_mtime_ns,
        sha256=read.hexdigest(),
    )


def _clear(target: Path) -> None:
    """Remove what backups that were killed have left."""
    for leftover in target.glob(f".*{PARTIAL}"):
        shutil.rmtree(leftover)
