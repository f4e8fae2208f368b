"""The lake: one Parquet file per table and day, written atomically, read lazily.

Layout::

    warehouse/
      ohlcv_1m/date=2026-02-01/part-0.parquet    a day of all symbols, sorted by the table's key
      ohlcv_1m_revisions/date=.../part-0.parquet versions of its rows that were superseded, if any
      instruments/part-0.parquet                 a registry, which has no days
      .locks/                                    one lock a table and day
      .origin                                    whether the rows are live, recorded or simulated
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl
from filelock import FileLock, Timeout

from cryptopipe_assets.core.errors import CorruptFile, ShrinkRefused, StorageError
from cryptopipe_assets.core.schema import Collected, Derived, Table
from cryptopipe_assets.core.time import utcnow
from cryptopipe_assets.storage.atomic import not_writable, write_atomically
from cryptopipe_assets.storage.days import day_of_folder
from cryptopipe_assets.storage.derived_versions import published
from cryptopipe_assets.storage.merge import DERIVED_AT, lost_keys, merge, news, superseded
from cryptopipe_assets.storage.parquet import (
    check_footer,
    column_names,
    in_columns_of,
    read_partition,
    row_count,
    writer,
)
from cryptopipe_assets.storage.revisions import (
    SUFFIX,
    keep_derived_versions,
    keep_versions,
    read_versions,
)

LOCK_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Commit:
    """What one commit did to a partition.

    Attributes
    ----------
    rows, bytes
        Rows and size of the file afterwards.
    added, revised
        Keys that are new, and keys whose values changed.
    written
        False if the file already said the same and was left alone.
    """

    table: str
    day: date | None
    rows: int
    bytes: int
    added: int
    revised: int
    written: bool


@dataclass(frozen=True)
class Lake:
    """The tables below one folder.

    Parameters
    ----------
    root
        The warehouse folder; made on the first write.
    lock_seconds
        How long to wait for another writer of the same table and day.
    on_commit
        Told of every commit; for progress bars.
    """

    root: Path
    lock_seconds: float = LOCK_SECONDS
    on_commit: Callable[[Commit], None] | None = None

    def path(self, table: str, day: date | None = None) -> Path:
        """Where the partition's file is, or would be."""
        folder = self.root / table
        return (folder / f"date={day}" if day else folder) / "part-0.parquet"

    def days(self, table: str, first: date = date.min, last: date = date.max) -> list[date]:
        """Days from ``first`` to ``last``, both included, that have a file; ascending.

        A folder whose name is no day of the calendar is nobody's: ``cryptopipe doctor`` names it.
        """
        folder = os.path.join(self.root, table)  # noqa: PTH118 - thousands of days: no Path each
        if not os.path.isdir(folder):  # noqa: PTH112
            return []
        low, high = f"date={first}", f"date={last}"
        names = sorted(name for name in os.listdir(folder) if low <= name <= high)  # noqa: PTH208
        return [
            day
            for name in names
            if (day := day_of_folder(name)) is not None
            and os.path.isfile(f"{folder}/{name}/part-0.parquet")  # noqa: PTH113
        ]

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
        return read_versions(self._revisions(contract, day), contract, day)

    def scan(self, contract: type[Table], first: date, last: date) -> pl.LazyFrame:
        """Rows of the days ``first`` to ``last``, both included, in the order of the files.

        Days without a file have no rows. The footers are read at once, so that a corrupt file is
        named here and not deep inside a query.
        """
        table = contract.table_name()
        days = self.days(table, first, last)
        if not days:
            return contract.empty_frame().lazy()
        for day in days:
            check_footer(self.path(table, day), contract, day)
        paths = [self.path(table, day) for day in days]
        return in_columns_of(contract, pl.scan_parquet(paths, hive_partitioning=False, glob=False))

    def upsert(self, contract: type[Table], frame: pl.DataFrame, day: date | None = None) -> Commit:
        """Merge ``frame`` into the partition: new keys are added, changed values replaced.

        Nothing that was collected is ever removed: a replaced row becomes a revision. A frame
        that brings no news writes nothing.
        """
        key = contract.key()
        with self.lock(contract.table_name(), day):
            stored = self.read(contract, day)
            fresh = news(stored, frame, key) if stored.height else frame
            merged = merge(stored, fresh, key)
            added = merged.height - stored.height
            if fresh.height > added:
                gone = superseded(stored, fresh, merged, key)
                keep_versions(self._revisions(contract, day), contract, gone, day=day)
            return self._commit(contract, merged, day, added=added, revised=fresh.height - added)

    def replace(
        self,
        contract: type[Table],
        frame: pl.DataFrame,
        day: date | None = None,
        *,
        force: bool = False,
        at: datetime | None = None,
    ) -> Commit:
        """Put ``frame`` in the place of the partition.

        A derived row that says the same keeps its ``derived_at``; what changes or is dropped
        becomes a revision.

        Parameters
        ----------
        at
            When derived rows are published; the present by default.

        Raises
        ------
        ShrinkRefused
            If a collected table would lose keys and ``force`` is false. Derived tables may
            shrink: they can be rebuilt.
        """
        key = contract.key()
        with self.lock(contract.table_name(), day):
            try:
                stored = self.read(contract, day)
            except CorruptFile:
                if issubclass(contract, Collected) and not force:
                    raise
                stored = contract.empty_frame()
            lost = lost_keys(stored, frame, key) if stored.height else stored
            if issubclass(contract, Collected) and lost.height and not force:
                raise _shrinks(contract, day, stored, lost)
            common = stored.height - lost.height
            changed = news(stored, frame, key).height if stored.height else frame.height
            if issubclass(contract, Collected):
                gone, path = superseded(stored, frame, frame, key), self._revisions(contract, day)
                keep_versions(path, contract, gone, day=day, forget=lost)
            if issubclass(contract, Derived):
                frame, gone = published(stored, frame, key, at=at or utcnow())
                if gone.height:
                    keep_derived_versions(self._revisions(contract, day), contract, gone, day=day)
            added = frame.height - common
            return self._commit(contract, frame, day, added=added, revised=changed - added)

    def notes_derived_at(self, contract: type[Table]) -> bool:
        """Whether the files of a derived table have ``derived_at``.

        A table that an earlier version began goes on without: DuckDB reads many files as one only
        if they have the same columns.
        """
        table = contract.table_name()
        day = min(self.days(table), default=None)
        path = self.path(table, day)
        return not path.is_file() or DERIVED_AT in column_names(path)

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

    def _revisions(self, contract: type[Table], day: date | None) -> Path:
        return self.path(contract.table_name() + SUFFIX, day)

    def _commit(
        self,
        contract: type[Table],
        frame: pl.DataFrame,
        day: date | None,
        *,
        added: int,
        revised: int,
    ) -> Commit:
        path = self.path(contract.table_name(), day)
        if issubclass(contract, Derived) and not self.notes_derived_at(contract):
            frame = frame.drop(DERIVED_AT)
        same = added == revised == 0 and path.is_file() and frame.height == row_count(path)
        size = path.stat().st_size if same else write_atomically(path, writer(frame))
        commit = Commit(
            table=contract.table_name(),
            day=day,
            rows=frame.height,
            bytes=size,
            added=added,
            revised=revised,
            written=not same,
        )
        if self.on_commit:
            self.on_commit(commit)
        return commit


def _shrinks(
    contract: type[Table], day: date | None, stored: pl.DataFrame, lost: pl.DataFrame
) -> ShrinkRefused:
    first = ", ".join(str(value) for value in lost.row(0))
    return ShrinkRefused(
        f"{contract.table_name()} {day or ''}: the new partition lacks {lost.height} of "
        f"{stored.height} collected rows, first ({first}); kept the old file. "
        f"Collect again, or force the replacement if the rows are known to be wrong"
    )
