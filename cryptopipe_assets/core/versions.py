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


def gone(versions: pl.DataFrame, seen: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Newest versions of the entries that are in the list no longer, sorted by key.

    An entry that vanished before is not among them.
    """
    return (
        latest(versions, key)
        .filter(pl.col("status") != VANISHED)
        .join(seen, on=list(key), how="anti", maintain_order="left")
    )


def new_versions(
    versions: pl.DataFrame,
    seen: pl.DataFrame,
    key: Sequence[str],
    *,
    source: str,
    now: datetime,
    vanished: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Rows to append: entries that are new or differ from their newest version.

    An entry that vanished gets one last version with the status ``VANISHED``. Its ``delisted_at``
    is the last instant at which it was seen, unless it was announced to end before: it ended
    between that instant and the ``ts`` of this version.

    Parameters
    ----------
    versions
        The stored registry.
    seen
        The vendor's list of now, without the columns of the trace.
    vanished
        Newest versions of the entries that are gone, with ``last_seen``; by default all that the
        list has no longer, last seen when their newest version was.
    """
    known = latest(versions, key)
    if vanished is None:
        vanished = gone(versions, seen, key).with_columns(last_seen="ts")
    facts = [name for name in versions.columns if name not in TRACE]
    changed = seen.select(facts).join(
        known.select(facts), on=facts, how="anti", nulls_equal=True, maintain_order="left"
    )
    ended = vanished.with_columns(
        status=pl.lit(VANISHED), delisted_at=pl.min_horizontal("delisted_at", "last_seen")
    ).select(facts)
    stamp = pl.lit(now).dt.cast_time_unit("ms")
    return (
        pl.concat([changed, ended])
        .with_columns(ts=stamp, available_at=stamp, ingested_at=stamp, source=pl.lit(source))
        .select(versions.columns)
        .sort(*key)
    )
