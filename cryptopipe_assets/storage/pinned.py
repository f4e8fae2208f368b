"""Reading a table while a collector replaces its files.

A file of the warehouse is replaced by a rename. Polars opens a path several times in one query, so
that a commit in between gives it the footer of one version and the bytes of another; of a lazy
frame that is held, hours may lie in between. Here every file is opened once and read through what
was opened: what was there at that moment stays readable until the last reader lets go of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import IO

import polars as pl

from cryptopipe_assets.core.schema import Table
from cryptopipe_assets.storage.as_of import AVAILABLE_AT, Clock, known
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.parquet import check_footer, in_columns_of
from cryptopipe_assets.storage.revisions import SUFFIX

FILES_AT_ONCE = 64
"""Of a table and of its revisions; some systems let a process open 256."""

Parts = Sequence[date | None]
"""Days of a table; of one without days its single file, as None."""


def parts(lake: Lake, contract: type[Table], first: date, last: date) -> Iterator[Parts]:
    """Days from ``first`` to ``last`` that have a file, ascending, as many as are read at once."""
    if not contract.has_days():
        if lake.has(contract.table_name()):
            yield [None]
        return
    days = lake.days(contract.table_name(), first, last)
    for start in range(0, len(days), FILES_AT_ONCE):
        yield days[start : start + FILES_AT_ONCE]


@contextmanager
def opened(lake: Lake, contract: type[Table], days: Parts) -> Iterator[pl.LazyFrame]:
    """Rows of these days as they are now, in the contract's columns and the order of the files.

    Raises
    ------
    CorruptFile
        Naming the file, if it turns out to be unreadable while the block lasts.
    """
    paths = _paths(lake, contract.table_name(), days)
    with _files(paths) as files, _naming_the_corrupt(contract, paths):
        yield _rows(files, contract)


@contextmanager
def opened_as_of(
    lake: Lake,
    contract: type[Table],
    days: Parts,
    instant: datetime,
    *,
    clock: Clock = AVAILABLE_AT,
) -> Iterator[pl.LazyFrame]:
    """Rows of these days as they were known at ``instant``; see ``as_of``.

    The table's files are opened before those of its revisions: a commit writes its revisions
    first, so no version is missed.

    Raises
    ------
    CorruptFile
        Naming the file.
    """
    paths = _paths(lake, contract.table_name(), days)
    versions = _paths(lake, contract.table_name() + SUFFIX, days)
    with (
        _files(paths) as files,
        _files(versions) as superseded,
        _naming_the_corrupt(contract, {**paths, **versions}),
    ):
        earlier = _versions(superseded, lake, contract)
        yield known(contract, _rows(files, contract), earlier, instant, clock=clock)


def _paths(lake: Lake, folder: str, days: Parts) -> dict[Path, date | None]:
    return {lake.path(folder, day): day for day in days}


def _rows(files: list[IO[bytes]], contract: type[Table]) -> pl.LazyFrame:
    if not files:
        return contract.empty_frame().lazy()
    return in_columns_of(contract, pl.scan_parquet(files, hive_partitioning=False))


def _versions(files: list[IO[bytes]], lake: Lake, contract: type[Table]) -> pl.DataFrame:
    none = lake.read_revisions(contract, date.min)  # of a day that no table has: its columns
    rows = [
        pl.read_parquet(file, hive_partitioning=False).match_to_schema(
            none.schema, missing_columns="insert", extra_columns="ignore"
        )
        for file in files
    ]
    return pl.concat([none, *rows])


@contextmanager
def _files(paths: dict[Path, date | None]) -> Iterator[list[IO[bytes]]]:
    """Those of the files that there are."""
    with ExitStack() as stack:
        found: list[IO[bytes]] = []
        for path in paths:
            with suppress(FileNotFoundError):
                found.append(stack.enter_context(path.open("rb")))
        yield found


@contextmanager
def _naming_the_corrupt(contract: type[Table], paths: dict[Path, date | None]) -> Iterator[None]:
    """Polars does not say which of many files it could not read."""
    try:
        yield
    except pl.exceptions.PolarsError:
        for path, day in paths.items():
            if path.is_file():
                check_footer(path, contract, day)
        raise
