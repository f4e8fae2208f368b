"""Versions of derived rows: what a recomputation changes or drops, and what stood at an instant.

A version stands from when a run published it (``derived_at``) until another one took its place, or
the row was dropped (``superseded_at``, in the table's revisions). The first version counts from
``available_at``, also if it was derived years later, so that a history that was derived yesterday
can be studied as of any day. Pure: no files, no clock.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import polars as pl

from cryptopipe_assets.core.time import milliseconds
from cryptopipe_assets.storage.merge import DERIVED_AT, lost_keys, news

AVAILABLE_AT: Final = "available_at"
SUPERSEDED_AT: Final = "superseded_at"
TIMESTAMP = pl.Datetime("ms", "UTC")


def published(
    stored: pl.DataFrame, frame: pl.DataFrame, key: Sequence[str], *, at: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the table says from now on, and the versions that it says no longer.

    Parameters
    ----------
    stored, frame
        The table's rows, and those that are to take their place; the same columns, one row a key.
    at
        When this happens.

    Returns
    -------
    ``frame`` with the ``derived_at`` of each row: as stored where it says the same, else ``at``;
    sorted by key. And the stored rows that changed or are gone, with ``superseded_at`` = ``at``.
    """
    now = pl.lit(milliseconds(at), pl.Int64).cast(TIMESTAMP)
    if stored.is_empty():  # of a history's days nearly all
        fresh = frame.with_columns(now.alias(DERIVED_AT)).sort(key)
        return fresh, stored.with_columns(now.alias(SUPERSEDED_AT))
    changed = news(stored, frame, key)
    same = (
        frame.drop(DERIVED_AT)
        .join(changed, on=list(key), how="anti")
        .join(stored.select(*key, DERIVED_AT), on=list(key), how="left")
    )
    fresh = changed.with_columns(now.alias(DERIVED_AT))
    rows = pl.concat([same.select(frame.columns), fresh.select(frame.columns)]).sort(key)
    other = pl.concat([changed.select(key), lost_keys(stored, frame, key)])
    gone = stored.join(other, on=list(key), how="semi").with_columns(now.alias(SUPERSEDED_AT))
    return rows, gone


def in_order(versions: Sequence[pl.DataFrame], key: Sequence[str]) -> pl.DataFrame:
    """Superseded versions of all parts once, by key and then as they were superseded."""
    every = pl.concat(versions).unique()
    rest = [name for name in every.columns if name not in (*key, SUPERSEDED_AT)]
    return every.sort(*key, SUPERSEDED_AT, *rest, nulls_last=False)


def as_published(
    current: pl.LazyFrame,
    superseded: pl.DataFrame,
    key: Sequence[str],
    instant: datetime,
    *,
    by_market: bool,
) -> pl.LazyFrame:
    """The version of every key that stood at ``instant``.

    Parameters
    ----------
    current
        One row a key: what the table says.
    superseded
        What it said before, with ``superseded_at``.
    by_market
        Whether first versions count from ``available_at``; else from when they were published, too.
    """
    noted_at = pl.max_horizontal(AVAILABLE_AT, DERIVED_AT)
    first_known = pl.col(AVAILABLE_AT) if by_market else noted_at
    if superseded.is_empty():
        return current.filter(first_known <= instant)
    revised = superseded.lazy().select(key).unique()
    unrevised = current.join(revised, on=list(key), how="anti").filter(first_known <= instant)
    newest = current.join(revised, on=list(key), how="semi").collect()
    standing = newest.with_columns(pl.lit(None, TIMESTAMP).alias(SUPERSEDED_AT))
    every = pl.concat([in_order([superseded], key), standing.select(superseded.columns)])
    before = pl.col(SUPERSEDED_AT).shift(1).over(key)
    known = (
        every.sort(*key, SUPERSEDED_AT, nulls_last=True, maintain_order=True)
        .with_columns(
            begin=pl.when(pl.int_range(pl.len()).over(key) == 0)
            .then(first_known)
            # Killed between two files, a version is in both: then it stands on from there.
            .otherwise(pl.max_horizontal(noted_at, before))
        )
        .filter(
            pl.col("begin") <= instant,
            pl.col(SUPERSEDED_AT).is_null() | (pl.col(SUPERSEDED_AT) > instant),
        )
        .select(newest.columns)
    )
    return pl.concat([unrevised, known.lazy()]).sort(pl.col("ts").dt.date(), *key)
