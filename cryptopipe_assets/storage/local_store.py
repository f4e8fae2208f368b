"""Partitions as Parquet files in a folder, one for each table and day, each replaced by a rename.

Layout::

    warehouse/
      ohlcv_1m/date=2026-02-01/part-0.parquet    a day of all symbols, sorted by the table's key
      ohlcv_1m_revisions/date=.../part-0.parquet versions of its rows that were superseded, if any
      instruments/part-0.parquet                 a registry, which has no days
      .locks/                                    one lock a table and day
      .schema/                                   columns of each table, for the views
      .origin                                    whether the rows are live, recorded or simulated
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import polars as pl
from filelock import FileLock, Timeout
from polars.io.plugins import register_io_source

from cryptopipe_assets.core.errors import CommitConflict, StorageError
from cryptopipe_assets.core.schema import Derived, Table
from cryptopipe_assets.core.unreadable import OF_POLARS
from cryptopipe_assets.storage.atomic import not_writable, write_atomically
from cryptopipe_assets.storage.days import day_of_folder
from cryptopipe_assets.storage.inventory import Files, survey
from cryptopipe_assets.storage.merge import DERIVED_AT
from cryptopipe_assets.storage.parquet import (
    check_footer,
    checked_content,
    column_names,
    content_of,
    read_partition,
    row_count,
    rows_in,
    writer,
)
from cryptopipe_assets.storage.revisions import SUFFIX, read_versions
from cryptopipe_assets.storage.store import Change, Commit, Parts

LOCK_SECONDS = 60.0

SCANS = ".scans"

BYTES_AT_ONCE = 128_000_000
"""Of files that are read together; of a year of bars all at once would fill the memory."""


def partition_name(table: str, day: date | None = None) -> str:
    """What a partition is called in a warehouse, in its snapshots and in the raw archive."""
    return f"{table}/date={day}/part-0.parquet" if day else f"{table}/part-0.parquet"


@dataclass(frozen=True)
class LocalStore:
    """The partitions below one folder of this machine.

    Parameters
    ----------
    root
        The warehouse folder; made on the first write.
    lock_seconds
        How long to wait for another writer of the same table and day.
    """

    root: Path
    lock_seconds: float = LOCK_SECONDS

    def path(self, table: str, day: date | None = None) -> Path:
        """Where the partition's file is, or would be."""
        return self.root / partition_name(table, day)

    def days(self, table: str, first: date = date.min, last: date = date.max) -> list[date]:
        """Days from ``first`` to ``last``, both included, that have a file; ascending.

        A folder whose name is no day of the calendar is nobody's: ``cryptopipe doctor`` names it.
        """
        return list(self._days(table, first, last))

    def _days(self, table: str, first: date = date.min, last: date = date.max) -> Iterator[date]:
        """Yield the days of ``days``: who needs the first one asks the disk for no other."""
        folder = os.path.join(self.root, table)  # noqa: PTH118 - thousands of days: no Path each
        if not os.path.isdir(folder):  # noqa: PTH112
            return
        low, high = f"date={first}", f"date={last}"
        for name in sorted(name for name in os.listdir(folder) if low <= name <= high):  # noqa: PTH208
            day = day_of_folder(name)
            if day is not None and os.path.isfile(f"{folder}/{name}/part-0.parquet"):  # noqa: PTH113
                yield day

    def size(self, table: str, day: date | None = None) -> int:
        """Bytes of the partition's file; 0 if it has none."""
        path = self.path(table, day)
        return path.stat().st_size if path.is_file() else 0

    def has(self, table: str) -> bool:
        """Whether the table has any file."""
        return self.path(table).is_file() or bool(self.days(table))

    def read(self, contract: type[Table], day: date | None = None) -> pl.DataFrame:
        """Read one partition, or no rows if it has no file.

        Raises
        ------
        CorruptFile
            Naming the file and how to rebuild it.
        """
        return read_partition(self.path(contract.table_name(), day), contract, day)

    def read_revisions(self, contract: type[Table], day: date | None = None) -> pl.DataFrame:
        """Read the superseded versions of one partition's rows, by key and then oldest first.

        Those of derived rows have ``superseded_at`` besides.

        Raises
        ------
        CorruptFile
        """
        return read_versions(self.path(contract.table_name() + SUFFIX, day), contract, day)

    def scan(self, contract: type[Table], first: date, last: date) -> pl.LazyFrame:
        """Rows of the days ``first`` to ``last``, both included, in the order of the files.

        Days without a file have no rows. The files are read when the frame is collected, each
        once and whole, so that a commit meanwhile gives the old rows of a day or the new ones.
        The footers are read at once, so that a file that is cut off is named here.

        Raises
        ------
        CorruptFile
            Here, or when the frame is collected; naming the file and how to rebuild it.
        """
        table = contract.table_name()
        for day in self.days(table, first, last):
            check_footer(self.path(table, day), contract, day)

        def source(
            columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            left = n_rows
            for days in self.parts(contract, first, last):
                with self.opened(contract, days) as rows:
                    found = rows if predicate is None else rows.filter(predicate)
                    found = found if columns is None else found.select(columns)
                    frame = (found if left is None else found.head(left)).collect()
                yield frame
                left = None if left is None else left - frame.height
                if left == 0:
                    return

        return register_io_source(source, schema=contract.polars_schema())

    def parts(self, contract: type[Table], first: date, last: date) -> Iterator[Parts]:
        """Days from ``first`` to ``last`` that have a file, ascending, as many as fit in memory."""
        table = contract.table_name()
        if not contract.has_days():
            if self.has(table):
                yield [None]
            return
        some: list[date] = []
        held = 0
        for day in self.days(table, first, last):
            size = self.size(table, day)
            if some and held + size > BYTES_AT_ONCE:
                yield some
                some, held = [], 0
            some.append(day)
            held += size
        if some:
            yield some

    @contextmanager
    def opened(self, contract: type[Table], days: Parts) -> Iterator[pl.LazyFrame]:
        """Rows of these days as they are now, in the contract's columns and the files' order.

        Raises
        ------
        CorruptFile
            Naming the file, also if it turns out to be unreadable while the block lasts.
        """
        table = contract.table_name()
        found = (checked_content(self.path(table, day), contract, day) for day in days)
        contents = [each for each in found if each is not None]
        try:
            yield rows_in(contents, contract)
        except OF_POLARS:
            for day in days:  # Polars does not say which of many files it could not read
                self.read(contract, day)
            raise

    def version(self, table: str, day: date | None = None) -> str | None:
        """What changes with every commit of a partition; None if there is none."""
        try:
            facts = self.path(table, day).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return f"{facts.st_ino}-{facts.st_mtime_ns}-{facts.st_size}"

    def content(self, table: str, day: date | None = None) -> bytes | None:
        """The bytes of a partition, for who compares or keeps them; None if there is none.

        Raises
        ------
        StorageError
        """
        return content_of(self.path(table, day))

    def put_content(self, table: str, content: bytes, day: date | None = None) -> None:
        """Put bytes that ``content`` gave of another warehouse into the partition's place.

        Raises
        ------
        StorageError
        """
        write_atomically(self.path(table, day), lambda path: _write_bytes(path, content))

    def stamps(self, table: str) -> list[tuple[date, int, int]]:
        """Day, bytes and time of change (ns) of every partition of the table, by day."""
        facts = [(day, self.path(table, day).stat()) for day in self.days(table)]
        return [(day, each.st_size, each.st_mtime_ns) for day, each in facts]

    def survey(self, table: str, *, has_days: bool) -> Files:
        """The partitions of a table, by their names and sizes only."""
        return survey(self.root, table, has_days=has_days)

    def kept_scan(self, name: str) -> pl.DataFrame | None:
        """What ``keep_scan`` kept; None if there is nothing or it is damaged: scan again."""
        try:
            content = content_of(self.root / SCANS / f"{name}.parquet")
            return None if content is None else pl.read_parquet(content, hive_partitioning=False)
        except OF_POLARS:
            return None

    def keep_scan(self, name: str, found: pl.DataFrame) -> None:
        """Keep what a scan of a table found, so that the next one reads changed days only.

        Raises
        ------
        StorageError
        """
        write_atomically(self.root / SCANS / f"{name}.parquet", found.write_parquet)

    def check_footers(self, contract: type[Table]) -> None:
        """Raise for the first partition that is cut off.

        Raises
        ------
        CorruptFile
        """
        table = contract.table_name()
        for day in self.days(table) if contract.has_days() else [None]:
            check_footer(self.path(table, day), contract, day)

    def inbox(self, name: str) -> Path:
        """A folder beside the tables into which people put files; made if it is not there."""
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def location(self, table: str = "", day: date | None = None) -> str:
        """Where the warehouse or a partition lies, for a message."""
        return str(self.path(table, day) if table else self.root)

    def commit(
        self,
        contract: type[Table],
        change: Change,
        day: date | None = None,
        *,
        expected_version: str | None,
    ) -> Commit:
        """Put a partition into its place, its superseded versions first; under ``lock``.

        Raises
        ------
        CommitConflict
            If it is not of ``expected_version`` any more. Nothing was changed.
        StorageError
            If it cannot be written.
        """
        table, frame = contract.table_name(), change.rows
        path = self.path(table, day)
        if (found := self.version(table, day)) != expected_version:
            raise CommitConflict(
                f"{path} is of version {found}, expected was {expected_version}: another program "
                f"replaced it without the lock of the warehouse. Nothing was changed; run again"
            )
        if change.revisions is not None:
            versions = writer(change.revisions, table + SUFFIX, day)
            write_atomically(self.path(table + SUFFIX, day), versions)
        if issubclass(contract, Derived) and not self.notes_derived_at(contract):
            frame = frame.drop(DERIVED_AT)
        nothing_new = change.added == change.revised == 0
        same = nothing_new and path.is_file() and frame.height == row_count(path)
        size = path.stat().st_size if same else write_atomically(path, writer(frame, table, day))
        return Commit(
            table=table,
            day=day,
            rows=frame.height,
            bytes=size,
            added=change.added,
            revised=change.revised,
            written=not same,
        )

    def notes_derived_at(self, contract: type[Table]) -> bool:
        """Whether the files of a derived table have ``derived_at``.

        A table that an earlier version began goes on without: DuckDB reads many files as one only
        if they have the same columns.
        """
        table = contract.table_name()
        day = next(self._days(table), None)
        path, version = self.path(table, day), self.version(table, day)
        return version is None or DERIVED_AT in _columns_of(path, version)

    @contextmanager
    def lock(self, table: str, day: date | None = None) -> Iterator[None]:
        """Hold the right to write one table and day, also against other processes.

        Dagster's pools do not hold back a run that was started from a shell; this does.

        Raises
        ------
        StorageError
            If another process keeps it for longer than ``lock_seconds``.
        """
        path = self.root / ".locks" / f"{table}-{day or 'all'}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path, timeout=self.lock_seconds, is_singleton=True):  # may be held twice
                yield
        except Timeout:
            raise StorageError(
                f"another run has been writing {table} {day or ''} for over "
                f"{self.lock_seconds:.0f} s; wait for it (see Dagster's Runs page) and run again"
            ) from None
        except OSError as exc:
            raise not_writable(path, exc) from exc


@lru_cache(maxsize=64)
def _columns_of(path: Path, version: str) -> frozenset[str]:
    """Columns of one version of a file: every commit of a table asks for those of its first day."""
    return frozenset(column_names(path))


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)
