"""Registries keep every version of an entry; these are the rules of versions. Pure."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

VANISHED = "VANISHED"

TRACE = ("ts", "available_at", "ingested_at", "source")


def latest(versions: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Newest version of every entry, sorted by key."""
    return (
        versions.sort(*key, "ts")
        .unique(subset=list(key), keep="last", maintain_order=True)
        .sort(*key)
    )


def as_known_at(versions: pl.DataFrame, key: Sequence[str], instant: datetime) -> pl.DataFrame:
    """Version of every entry that was known at ``instant``, sorted by key."""
    return latest(versions.filter(pl.col("available_at") <= instant), key)


def new_versions(
    versions: pl.DataFrame, seen: pl.DataFrame, key: Sequence[str], *, source: str, now: datetime
) -> pl.DataFrame:
    """Rows to append: entries that are new or differ from their newest version.

    An entry with a ``status`` that the vendor no longer lists gets one last version with the
    status ``VANISHED`` and, if no delisting was announced, ``delisted_at`` = ``now``: the
    delisting happened at the latest then.

    Parameters
    ----------
    versions
        The stored registry.
    seen
        The vendor's list of now, without the columns of the trace.
    """
    known = latest(versions, key)
    facts = [name for name in versions.columns if name not in TRACE]
    changed = seen.select(facts).join(
        known.select(facts), on=facts, how="anti", nulls_equal=True, maintain_order="left"
    )
    gone = (
        known.filter(pl.col("status") != VANISHED)
        .join(seen, on=list(key), how="anti", maintain_order="left")
        .select(facts)
        .with_columns(
            status=pl.lit(VANISHED),
            delisted_at=pl.coalesce("delisted_at", pl.lit(now).dt.cast_time_unit("ms")),
        )
    )
    stamp = pl.lit(now).dt.cast_time_unit("ms")
    return (
        pl.concat([changed, gone])
        .with_columns(ts=stamp, available_at=stamp, ingested_at=stamp, source=pl.lit(source))
        .select(versions.columns)
        .sort(*key)
    )
