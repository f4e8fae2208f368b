"""Rows of the future in the tables, as a clock that was ahead leaves them: found, and set aside.

They go to ``.quarantine/<instant>/<table>/date=<day>/part-0.parquet`` of the warehouse, in the
files' own form; nothing is deleted. What is left of a file takes its place after the others are
safe, so that a kill in between leaves rows twice and none nowhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from cryptopipe_assets.core.errors import CorruptFile
from cryptopipe_assets.core.future import is_future, told
from cryptopipe_assets.core.schema import Stamped, Table
from cryptopipe_assets.core.time import CLOCKS_DIFFER, DAY
from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.parquet import writer
from cryptopipe_assets.storage.revisions import SUFFIX

FOLDER = ".quarantine"


@dataclass(frozen=True, kw_only=True)
class FutureRows:
    """Rows of one file that are later than now.

    Attributes
    ----------
    day
        Of the file; null for a registry.
    said
        Which they are, in words.
    """

    contract: type[Table]
    day: date | None
    rows: int
    said: str

    @property
    def place(self) -> str:
        """The table and day."""
        name = self.contract.table_name()
        return name if self.day is None else f"{name} {self.day}"


def future_rows(
    lake: Lake, contracts: Sequence[type[Table]], *, now: datetime
) -> Iterator[FutureRows]:
    """Look for them where they can be: in registries, and in files from the day before now on.

    A file that cannot be read is left to whoever looks for damage.
    """
    for contract in contracts:
        if not issubclass(contract, Stamped):
            continue
        name = contract.table_name()
        registry = [None] if lake.path(name).is_file() else []
        for day in [*registry, *lake.days(name, now.date() - DAY)]:
            try:
                found = lake.read(contract, day).filter(is_future(now))
            except CorruptFile:
                continue
            if found.height:
                yield FutureRows(contract=contract, day=day, rows=found.height, said=told(found))


def set_aside(lake: Lake, each: FutureRows, *, now: datetime) -> Path:
    """Move the rows of one file into the quarantine; returns the file that has them now.

    Raises
    ------
    StorageError
        If it cannot be written: then nothing was moved.
    """
    name = each.contract.table_name()
    with lake.lock(name, each.day):
        stored = lake.read(each.contract, each.day)
        future = stored.filter(is_future(now))
        path = _place(lake, now, name, each.day)
        if each.day is not None and each.day > (now + CLOCKS_DIFFER).date():
            _move_folder(lake.path(name, each.day).parent, path.parent)
            superseded = lake.path(name + SUFFIX, each.day).parent
            if superseded.is_dir():
                _move_folder(superseded, _place(lake, now, name + SUFFIX, each.day).parent)
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, writer(future, name, each.day))
        lake.replace(each.contract, stored.filter(~is_future(now)), each.day, force=True)
    return path


def _place(lake: Lake, now: datetime, table: str, day: date | None) -> Path:
    return Lake(lake.root / FOLDER / f"{now:%Y-%m-%dT%H%M%SZ}").path(table, day)


def _move_folder(folder: Path, target: Path) -> None:
    """Rename a day's folder: all of it is there, or here."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(target)
