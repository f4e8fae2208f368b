"""How two versions of a partition become one. Pure: no files, no clock."""

from collections.abc import Sequence

import polars as pl

INGESTED_AT = "ingested_at"


def merge(stored: pl.DataFrame, incoming: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Union of both frames with one row a key: the one that was ingested last.

    Idempotent, associative and independent of the order of its arguments; rows ingested at the
    same instant are told apart by their values, so that the result never depends on chance.
    Sorted by key.
    """
    values = [name for name in stored.columns if name not in (*key, INGESTED_AT)]
    order = [*key, INGESTED_AT, *values]
    return (
        pl.concat([stored, incoming.select(stored.columns)])
        .sort(order, nulls_last=False)
        .unique(subset=list(key), keep="last", maintain_order=True)
    )


def news(stored: pl.DataFrame, incoming: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Rows of ``incoming`` that say something ``stored`` does not: a new key or another value.

    A row that a vendor repeats keeps the ``ingested_at`` of its first arrival, and a second run
    over a closed day changes no byte.
    """
    compared = [name for name in stored.columns if name != INGESTED_AT]
    return incoming.join(
        stored.select(compared), on=compared, how="anti", nulls_equal=True, maintain_order="left"
    )


def lost_keys(before: pl.DataFrame, after: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Keys of ``before`` that ``after`` does not have, sorted."""
    return before.select(key).join(after, on=list(key), how="anti").sort(key)
