"""A table as it was known at an instant: late rows not yet there, revisions undone.

Two clocks tell when something was known:

``available_at`` (the default)
    The market's. A row counts from the instant at which it could first have been used, also one
    that we collected years later; so a backfilled history can be studied as of any day. What a
    revision says counts from when we stored it, or it was published if later: nobody can have
    used it before. What a vendor revised before our first request is not known to anybody here.
``ingested_at``
    This warehouse's. Every row and revision counts from when it was stored here: what a run of
    that time had before it, for audits.

Of derived tables the same holds, with ``derived_at`` in the place of ``ingested_at``.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Final, Literal

import polars as pl
from polars.io.plugins import register_io_source

from cryptopipe_assets.core.schema import Derived, Table
from cryptopipe_assets.storage.derived_versions import as_published
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.merge import INGESTED_AT, all_versions
from cryptopipe_assets.storage.store import Parts

AVAILABLE_AT: Final = "available_at"
Clock = Literal["available_at", "ingested_at"]


def as_of(
    lake: Lake,
    contract: type[Table],
    instant: datetime,
    *,
    first: date | None = None,
    last: date | None = None,
    clock: Clock = AVAILABLE_AT,
) -> pl.LazyFrame:
    """Rows of a collected or derived table as they were known at ``instant``.

    Parameters
    ----------
    instant
        Aware; what became known at this very millisecond counts.
    first, last
        Days to read, both included; all of them by default. A registry has no days.
    clock
        Whose knowledge is meant.

    Returns
    -------
    LazyFrame of the contract's columns, at most one row a key, by day and key. Of a registry
    every version that was known.

    Raises
    ------
    CorruptFile
    """

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        for days in lake.parts(contract, first or date.min, last or date.max):
            with opened_as_of(lake, contract, days, instant, clock=clock) as rows:
                found = rows if predicate is None else rows.filter(predicate)
                found = found if columns is None else found.select(columns)
                yield (found if n_rows is None else found.head(n_rows)).collect()

    return register_io_source(source, schema=contract.polars_schema())


@contextmanager
def opened_as_of(
    lake: Lake,
    contract: type[Table],
    days: Parts,
    instant: datetime,
    *,
    clock: Clock = AVAILABLE_AT,
) -> Iterator[pl.LazyFrame]:
    """Rows of these days as they were known at ``instant``.

    The table's files are read before those of its revisions: a commit writes its revisions first,
    so no version is missed.

    Raises
    ------
    CorruptFile
        Naming the file.
    """
    with lake.opened(contract, days) as current:
        versions = [lake.read_revisions(contract, day) for day in days]
        yield known(contract, current, pl.concat(versions), instant, clock=clock)


def known(
    contract: type[Table],
    current: pl.LazyFrame,
    superseded: pl.DataFrame,
    instant: datetime,
    *,
    clock: Clock = AVAILABLE_AT,
) -> pl.LazyFrame:
    """Rows of a contract as they were known at ``instant``; ``superseded`` as it is kept of it."""
    if issubclass(contract, Derived):
        by_market = clock == AVAILABLE_AT
        return as_published(current, superseded, contract.key(), instant, by_market=by_market)
    return as_known(current, superseded, contract.key(), instant, clock=clock)


def as_known(
    current: pl.LazyFrame,
    superseded: pl.DataFrame,
    key: Sequence[str],
    instant: datetime,
    *,
    clock: Clock = AVAILABLE_AT,
) -> pl.LazyFrame:
    """Newest version of every key that was known at ``instant``. Pure: no files.

    Parameters
    ----------
    current
        One row a key: the newest version.
    superseded
        The versions before it, of any keys; a version that is in both counts once.
    """
    stored_at = pl.max_horizontal(AVAILABLE_AT, INGESTED_AT)
    first_known = pl.col(AVAILABLE_AT) if clock == AVAILABLE_AT else stored_at
    if superseded.is_empty():
        return current.filter(first_known <= instant)
    revised = superseded.select(key).unique()
    unrevised = current.join(revised.lazy(), on=list(key), how="anti").filter(
        first_known <= instant
    )
    newest = current.join(revised.lazy(), on=list(key), how="semi").collect()
    versions = all_versions([newest, superseded], key)
    is_first = pl.int_range(pl.len()).over(key) == 0
    known = (
        versions.with_columns(known_at=pl.when(is_first).then(first_known).otherwise(stored_at))
        .filter(pl.col("known_at") <= instant)
        .unique(subset=list(key), keep="last", maintain_order=True)
        .drop("known_at")
    )
    return pl.concat([unrevised, known.lazy()]).sort(pl.col("ts").dt.date(), *key)
