"""Rows of instants that are not yet: no vendor can know them, and no table has them."""

from datetime import datetime

import polars as pl

from cryptopipe_assets.core.time import CLOCKS_DIFFER

NAMES = ("venue", "symbol", "coin")
SHOWN = 3


def later_than(instant: pl.Expr) -> pl.Expr:
    """Whether a row's event, or when it became usable, is later than an instant can see."""
    latest = instant.dt.offset_by(f"{CLOCKS_DIFFER.total_seconds():.0f}s")
    return (pl.col("ts") > latest) | (pl.col("available_at") > latest)


def is_future(now: datetime) -> pl.Expr:
    """Whether a row is of an instant later than ``now`` and what clocks may differ."""
    return later_than(pl.lit(now))


def told(future: pl.DataFrame) -> str:
    """Rows of the future in words, by contract or coin: how many, and from when to when."""
    names = [name for name in NAMES if name in future.columns]
    groups = future.group_by(names or pl.lit("rows"), maintain_order=True).agg(
        pl.len().alias("rows"), pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last")
    )
    said = [
        f"{rows} rows of {' '.join(map(str, key))}, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
        for *key, rows, first, last in groups.head(SHOWN).iter_rows()
    ]
    more = f"; and of {groups.height - SHOWN} more" if groups.height > SHOWN else ""
    return "; ".join(said) + more
