"""Rows of the future in the tables, as a clock that was ahead leaves them: found, and set aside.

They go to ``.quarantine/<instant>/<table>/date=<day>/part-0.parquet`` of the warehouse, in the
files' own form; nothing is deleted. What is left of a file takes its place after the others are
safe, so that a kill in between leaves rows twice and none nowhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from cryptopipe_assets.core.errors import CorruptFile
from cryptopipe_assets.core.future import is_future, told
from cryptopipe_assets.core.schema import Stamped, Table
from cryptopipe_assets.core.time import CLOCKS_DIFFER
from cryptopipe_assets.core.unreadable import OF_POLARS
from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.parquet import writer
from cryptopipe_assets.storage.revisions import SUFFIX
from cryptopipe_assets.storage.store import Change

FOLDER = ".quarantine"


@dataclass(frozen=True, kw_only=True)
class FutureRows:
    """Rows of one partition that are later than now.

    Attributes
    ----------
    day
        Of the partition; null for a registry.
    rows
        That the table shows.
    superseded
        Earlier versions, which the table's revisions hold.
    said
        Which they are, in words.
    """

    contract: type[Table]
    day: date | None
    rows: int
    superseded: int
    said: str

    @property
    def place(self) -> str:
        """The table and day."""
        name = self.contract.table_name()
        return name if self.day is None else f"{name} {self.day}"


def future_rows(
    lake: Lake, contracts: Sequence[type[Table]], *, now: datetime
) -> Iterator[FutureRows]:
    """Look for them in every file of these tables and of their revisions.

    Of a file without one only the footer and at most two columns are read. A file that cannot be
    read is left to whoever looks for damage.
    """
    for contract in contracts:
        if not issubclass(contract, Stamped):
            continue
        name = contract.table_name()
        for day in _partitions(lake, name):
            if not any(_reaches(lake.path(each, day), now) for each in (name, name + SUFFIX)):
                continue
            try:
                future, versions = _future(*_stored(lake, contract, day), contract, now)
            except CorruptFile:
                continue
            if future.height or versions.height:
                yield FutureRows(
                    contract=contract,
                    day=day,
                    rows=future.height,
                    superseded=versions.height,
                    said=told(future if future.height else versions),
                )


def set_aside(lake: Lake, each: FutureRows, *, now: datetime) -> Path:
    """Move the rows of one partition into the quarantine; returns the folder that has them now.

    Superseded versions of a row that goes are moved with it, and so are those that are later than
    now themselves: the table's revisions keep none of either.

    Raises
    ------
    StorageError
        If it cannot be written: then nothing was moved.
    """
    contract, day, name = each.contract, each.day, each.contract.table_name()
    with lake.lock(name, day):
        path = _place(lake, now, name, day)
        if day is not None and day > (now + CLOCKS_DIFFER).date():
            for folder in (name, name + SUFFIX):
                if lake.path(folder, day).parent.is_dir():
                    _move_folder(
                        lake.path(folder, day).parent, _place(lake, now, folder, day).parent
                    )
            return path.parent
        version = lake.version(name, day)
        stored, superseded = _stored(lake, contract, day)
        future, versions = _future(stored, superseded, contract, now)
        for folder, rows in ((name, future), (name + SUFFIX, versions)):
            if rows.height:
                target = _place(lake, now, folder, day)
                target.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(target, writer(rows, folder, day))
        change = Change(
            rows=stored.filter(~is_future(now)),
            revisions=_without(superseded, versions) if versions.height else None,
            added=-future.height,
            revised=0,
        )
        lake.commit(contract, change, day, expected_version=version)
    return path.parent if future.height else _place(lake, now, name + SUFFIX, day).parent


def _partitions(lake: Lake, name: str) -> list[date | None]:
    """The registry's partition, or the days that have rows or revisions; ascending."""
    registry = [None] if lake.path(name).is_file() or lake.path(name + SUFFIX).is_file() else []
    return [*registry, *sorted({*lake.days(name), *lake.days(name + SUFFIX)})]


def _reaches(path: Path, now: datetime) -> bool:
    """Whether a file has a row that is later than now; row groups are told by their statistics."""
    if not path.is_file():
        return False
    rows = pl.scan_parquet(path, hive_partitioning=False, glob=False)
    try:
        return bool(rows.filter(is_future(now)).select(pl.len()).collect().item())
    except (*OF_POLARS, OSError):
        return False


def _stored(
    lake: Lake, contract: type[Table], day: date | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    return lake.read(contract, day), lake.read_revisions(contract, day)


def _future(
    stored: pl.DataFrame, superseded: pl.DataFrame, contract: type[Table], now: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What is to go: rows later than now, their versions, and versions later than now."""
    future = stored.filter(is_future(now))
    of_these = superseded.join(future, on=contract.key(), how="semi", maintain_order="left")
    others = superseded.join(future, on=contract.key(), how="anti", maintain_order="left")
    versions = pl.concat([of_these, others.filter(is_future(now))])
    return future, versions.sort(contract.key(), maintain_order=True)


def _without(versions: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    return versions.join(
        gone, on=versions.columns, how="anti", nulls_equal=True, maintain_order="left"
    )


def _place(lake: Lake, now: datetime, table: str, day: date | None) -> Path:
    return Lake(lake.root / FOLDER / f"{now:%Y-%m-%dT%H%M%SZ}").path(table, day)


def _move_folder(folder: Path, target: Path) -> None:
    """Rename a day's folder: all of it is there, or here."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(target)
