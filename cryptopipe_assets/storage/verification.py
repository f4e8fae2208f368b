"""Every file of the warehouse read whole, and compared with its checksum."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl

from cryptopipe_assets.core.schema import Table
from cryptopipe_assets.core.unreadable import OF_POLARS, first_line
from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.checksum import has_checksum
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.parquet import (
    content_of,
    corrupt,
    fault_in,
    writer,
)
from cryptopipe_assets.storage.revisions import SUFFIX

State = Literal["sound", "unchecked", "damaged"]


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """One file of a table or of its revisions.

    Attributes
    ----------
    folder
        Of the warehouse: the table's name, or that of its revisions.
    state
        ``unchecked`` is a file of before there were checksums: it can be read, and nothing tells
        whether its values are those that were written.
    why
        What is wrong with a damaged one, and how to go on; else empty.
    """

    path: Path
    folder: str
    day: date | None
    state: State
    why: str = ""


def verified(lake: Lake, contracts: Sequence[type[Table]]) -> Iterator[StoredFile]:
    """Read every file of these tables and of their revisions, and compare it with its checksum.

    Raises
    ------
    StorageError
        If the system does not let a file be read.
    """
    for contract, folder, day in _partitions(lake, contracts):
        path = lake.path(folder, day)
        for _ in range(2):  # it is damaged if it is so twice
            content = content_of(path)
            fault = None if content is None else _fault(content, folder, day)
            if fault is None:
                break
        if content is None:
            continue
        checked: State = "sound" if has_checksum(content) else "unchecked"
        yield StoredFile(
            path=path,
            folder=folder,
            day=day,
            state="damaged" if fault else checked,
            why=str(corrupt(path, contract, day, fault)) if fault else "",
        )


def add_checksum(lake: Lake, file: StoredFile) -> None:
    """Write an unchecked file once more, with its checksum, while nobody else writes its day."""
    with lake.lock(file.folder.removesuffix(SUFFIX), file.day):
        content = content_of(file.path)
        if content is None or has_checksum(content):  # a run was faster
            return
        rows = pl.read_parquet(io.BytesIO(content), hive_partitioning=False)
        write_atomically(file.path, writer(rows, file.folder, file.day))


def _partitions(
    lake: Lake, contracts: Sequence[type[Table]]
) -> Iterator[tuple[type[Table], str, date | None]]:
    for contract in contracts:
        name = contract.table_name()
        for folder in (name, name + SUFFIX):
            if lake.path(folder).is_file():
                yield contract, folder, None
            for day in lake.days(folder):
                yield contract, folder, day


def _fault(content: bytes, folder: str, day: date | None) -> str | None:
    fault = fault_in(content, folder, day)
    if fault is not None or has_checksum(content):
        return fault
    try:
        pl.read_parquet(io.BytesIO(content), hive_partitioning=False)
    except OF_POLARS as exc:
        return first_line(exc)
    return None
