"""What is in the warehouse, from names, sizes and the newest files only.

For the status, which answers in a second over years of files: nothing here opens an old file, and
nothing here needs the contracts.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from cryptopipe_assets.core.errors import CorruptFile
from cryptopipe_assets.core.future import is_future
from cryptopipe_assets.core.time import CLOCKS_DIFFER
from cryptopipe_assets.core.unreadable import OF_POLARS, first_line
from cryptopipe_assets.storage.atomic import not_readable
from cryptopipe_assets.storage.days import PREFIX, day_of_folder

PART = "part-0.parquet"
EMPTY_DAYS = 60
"""So many newest files are looked into before a table counts as without rows."""

EDGES = {"ts": pl.Datetime("ms", "UTC"), "available_at": pl.Datetime("ms", "UTC")}


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files of one table.

    Attributes
    ----------
    days
        Days that have a file, ascending; none for a table without days.
    paths
        The files, oldest day first.
    bytes
        Their size together.
    """

    table: str
    days: Sequence[date]
    paths: Sequence[Path]
    bytes: int


def survey(root: Path, table: str, *, has_days: bool) -> Files:
    """The files of a table, by looking at names and sizes."""
    folder = root / table
    names = sorted(each for each in _listed(folder) if day_of_folder(each)) if has_days else []
    parts = [f"{name}/{PART}" for name in names] if has_days else [PART]
    sizes = {part: found for part in parts if (found := _size(f"{folder}/{part}")) is not None}
    return Files(
        table=table,
        days=[date.fromisoformat(part[len(PREFIX) : -len(PART) - 1]) for part in sizes]
        if has_days
        else [],
        paths=[folder / part for part in sizes],
        bytes=sum(sizes.values()),
    )


def newest(files: Files, entity: str | None, *, now: datetime) -> pl.DataFrame:
    """Newest row of each entity in the two newest files that have rows; the future has none.

    Two, because a coin need not have one yet in a file that has just begun.

    Returns
    -------
    DataFrame of entity, ts, available_at, sorted by entity; entity is null where ``entity`` is
    None. No rows if the newest files have none.

    Raises
    ------
    CorruptFile, StorageError
        Naming the file.
    """
    found: list[pl.DataFrame] = []
    last = (now + CLOCKS_DIFFER).date()
    paths = files.paths
    if files.days:
        paths = [path for day, path in zip(files.days, paths, strict=True) if day <= last]
    for path in reversed(paths[-EMPTY_DAYS:]):
        try:
            rows = _edges(path, entity, now)
        except OSError as exc:
            raise not_readable(path, exc) from exc
        except OF_POLARS as exc:
            raise CorruptFile(
                f"cannot read {path}: {first_line(exc)}; see `cryptopipe doctor`"
            ) from exc
        if rows.height:
            found.append(rows)
        if len(found) == (1 if entity is None else 2):
            break
    if not found:
        return pl.DataFrame(schema={"entity": pl.String, **EDGES})
    return pl.concat(found).group_by("entity").max().sort("entity")


def span(files: Files) -> tuple[int, datetime | None, datetime | None]:
    """Rows of all files, and the first and last ``ts`` among them."""
    rows, ends = 0, list[datetime]()
    for path in files.paths:
        with path.open("rb") as file:  # a commit may replace it while it is read
            stored = pl.scan_parquet(file, hive_partitioning=False, glob=False)
            ts = pl.min("ts").alias("first"), pl.max("ts").alias("last")
            count, *found = stored.select(pl.len(), *ts).collect().row(0)
        rows += count
        ends += [each for each in found if each is not None]
    return rows, min(ends, default=None), max(ends, default=None)


def coins_of(root: Path) -> dict[str, str]:
    """Canonical symbol to coin, as the registry of instruments has them; empty without one."""
    path = root / "instruments" / PART
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        rows = (
            pl.scan_parquet(file, hive_partitioning=False, glob=False)
            .select("symbol", "coin")
            .unique()
        )
        return dict(rows.sort("symbol").collect().iter_rows())


def open_gaps(root: Path) -> dict[str, int]:
    """Gaps of each table that are worth another try, as ``data_gaps`` has them; without it none."""
    path = root / "data_gaps" / PART
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        rows = pl.scan_parquet(file, hive_partitioning=False, glob=False).filter(
            pl.col("status") == "open"
        )
        return dict(rows.group_by("dataset").len().sort("dataset").collect().iter_rows())


def _edges(path: Path, entity: str | None, now: datetime) -> pl.DataFrame:
    name = pl.lit(None, pl.String) if entity is None else pl.col(entity).cast(pl.String)
    with path.open("rb") as file:  # a commit may replace it while it is read
        rows = pl.scan_parquet(file, hive_partitioning=False, glob=False).select(
            name.alias("entity"), *EDGES
        )
        present = rows.filter(~is_future(now))
        return present.group_by("entity").max().drop_nulls("ts").collect()


def _listed(folder: Path) -> list[str]:
    with suppress(FileNotFoundError, NotADirectoryError):
        return os.listdir(folder)  # noqa: PTH208 - names are wanted, not paths
    return []


def _size(path: str) -> int | None:
    """Size of the file; None if there is none."""
    try:
        return os.stat(path).st_size  # noqa: PTH116 - thousands of them, and Path costs more
    except (FileNotFoundError, NotADirectoryError):
        return None
