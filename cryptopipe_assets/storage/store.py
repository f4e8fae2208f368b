"""What a warehouse can do wherever its bytes lie: read, scan, days, size, and commit.

``local_store`` keeps Parquet files in a folder. Who reads and writes tables knows partitions,
frames and versions, and no path: a warehouse in an object store is one more class beside it.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import polars as pl

from cryptopipe_assets.core.schema import Table

Parts = Sequence[date | None]
"""Days of a table; of one without days its single partition, as None."""


@dataclass(frozen=True, kw_only=True)
class Commit:
    """What one commit did to a partition.

    Attributes
    ----------
    rows, bytes
        Rows and size of the partition afterwards.
    added, revised
        Keys that are new, and keys whose values changed.
    written
        False if the partition already said the same and was left alone.
    """

    table: str
    day: date | None
    rows: int
    bytes: int
    added: int
    revised: int
    written: bool


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a commit is to do to a partition.

    Attributes
    ----------
    rows
        All rows of the partition afterwards, sorted by key.
    revisions
        All superseded versions of its rows afterwards; None if they stay as they are. They are
        durable before the rows are: whatever happens in between, a version is in one of the two.
    added, revised
        As of ``Commit``.
    """

    rows: pl.DataFrame
    revisions: pl.DataFrame | None
    added: int
    revised: int


class Store(Protocol):
    """The partitions of a warehouse."""

    def days(self, table: str, first: date = ..., last: date = ...) -> list[date]:
        """Days from ``first`` to ``last``, both included, that have a partition; ascending."""
        ...

    def has(self, table: str) -> bool:
        """Whether the table has any partition."""
        ...

    def size(self, table: str, day: date | None = None) -> int:
        """Bytes of a partition; 0 if there is none."""
        ...

    def version(self, table: str, day: date | None = None) -> str | None:
        """What changes with every commit of a partition; None if there is none."""
        ...

    def read(self, contract: type[Table], day: date | None = None) -> pl.DataFrame:
        """Rows of a partition, whole and of one version; no rows if there is none."""
        ...

    def read_revisions(self, contract: type[Table], day: date | None = None) -> pl.DataFrame:
        """Superseded versions of a partition's rows, by key and then oldest first."""
        ...

    def scan(self, contract: type[Table], first: date, last: date) -> pl.LazyFrame:
        """Rows of the days ``first`` to ``last``, read when the frame is collected."""
        ...

    def lock(self, table: str, day: date | None = None) -> AbstractContextManager[None]:
        """Hold the right to write a partition.

        A store that cannot lock lets everybody in, and refuses at the commit.
        """
        ...

    def commit(
        self,
        contract: type[Table],
        change: Change,
        day: date | None = None,
        *,
        expected_version: str | None,
    ) -> Commit:
        """Put a partition into its place, if nobody else did since ``expected_version`` was read.

        Raises
        ------
        CommitConflict
            If somebody did. Nothing was changed: read again, merge again.
        StorageError
            If it cannot be written.
        """
        ...

    def opened(self, contract: type[Table], days: Parts) -> AbstractContextManager[pl.LazyFrame]:
        """Rows of these partitions as they are now."""
        ...

    def parts(self, contract: type[Table], first: date, last: date) -> Iterator[Parts]:
        """Partitions from ``first`` to ``last``, ascending, as many as fit in memory."""
        ...
