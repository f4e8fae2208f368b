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

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Literal

import polars as pl

from cryptopipe_assets.core.schema import Derived, Table
from cryptopipe_assets.storage.derived_versions import as_published
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.merge import INGESTED_AT, all_versions
from cryptopipe_assets.storage.revisions import SUFFIX

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
    if lake.path(contract.table_name()).is_file():
        current, versions = lake.read(contract).lazy(), lake.read_revisions(contract)
    else:
        current = lake.scan(contract, first or date.min, last or date.max)
        days = lake.days(contract.table_name() + SUFFIX)
        within = [day for day in days if (first or day) <= day <= (last or day)]
        versions = pl.concat([lake.read_revisions(contract, day) for day in within or [date.min]])
    return known(contract, current, versions, instant, clock=clock)


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
