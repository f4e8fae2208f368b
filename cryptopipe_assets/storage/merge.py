"""How two versions of a partition become one. Pure: no files, no clock."""

from collections.abc import Sequence

import polars as pl

INGESTED_AT = "ingested_at"
DERIVED_AT = "derived_at"
NOTED = (INGESTED_AT, DERIVED_AT)
"""Columns that say when a version came, and nothing of what it says."""


def merge(stored: pl.DataFrame, incoming: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Union of both frames with one row a key: the one that was ingested last.

    Idempotent, associative and independent of the order of its arguments; rows ingested at the
    same instant are told apart by their values, so that the result never depends on chance.
    Sorted by key.
    """
    return (
        pl.concat([stored, incoming.select(stored.columns)])
        .sort(order_of_versions(stored.columns, key), nulls_last=False)
        .unique(subset=list(key), keep="last", maintain_order=True)
    )


def order_of_versions(columns: Sequence[str], key: Sequence[str]) -> list[str]:
    """Columns by which versions are told apart: key, when they came in, then what they say."""
    return [*key, INGESTED_AT, *(name for name in columns if name not in (*key, INGESTED_AT))]


def superseded(
    stored: pl.DataFrame, incoming: pl.DataFrame, merged: pl.DataFrame, key: Sequence[str]
) -> pl.DataFrame:
    """Versions that ``merged`` no longer shows, of keys that both sides have; in no order."""
    twice = stored.select(key).join(incoming.select(key), on=list(key), how="semi")
    versions = pl.concat([stored, incoming.select(stored.columns)])
    return versions.join(twice, on=list(key), how="semi").join(
        merged, on=stored.columns, how="anti", nulls_equal=True
    )


def all_versions(parts: Sequence[pl.DataFrame], key: Sequence[str]) -> pl.DataFrame:
    """Every version of all parts once, by key and then as they came in."""
    columns = parts[0].columns
    return (
        pl.concat([part.select(columns) for part in parts])
        .unique()
        .sort(order_of_versions(columns, key), nulls_last=False)
    )


def news(stored: pl.DataFrame, incoming: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Rows of ``incoming`` that say something ``stored`` does not: a new key or another value.

    A row that a vendor repeats keeps the ``ingested_at`` of its first arrival, and a second run
    over a closed day changes no byte.
    """
    compared = [name for name in stored.columns if name not in NOTED]
    return incoming.join(
        stored.select(compared), on=compared, how="anti", nulls_equal=True, maintain_order="left"
    )


def lost_keys(before: pl.DataFrame, after: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Keys of ``before`` that ``after`` does not have, sorted."""
    return before.select(key).join(after, on=list(key), how="anti").sort(key)
