"""Old snapshots of a day, thinned to those that a day's end or a midnight rests on."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from cryptopipe_assets.core.schema import Table
from cryptopipe_assets.storage.lake import Lake

KNOWN_AFTER = timedelta(milliseconds=1)
"""What comes in with the end of a day is known a millisecond later; derived tables allow it."""

VALUES = ("market_cap_usd", "circulating_supply", "max_supply", "volume_24h_usd")
"""Columns of which the newest known value of a day may be in an earlier snapshot than the last."""


@dataclass(frozen=True)
class Thinned:
    """A day's rows before and after."""

    day: date
    before: int
    after: int


def day_ends(snapshots: pl.DataFrame) -> pl.DataFrame:
    """Rows of a day that stay: those of 00:00, and each coin's last ones.

    Of each vendor's coin the last snapshot stays, the last that was known when the day ended, and
    of each value the last one that was said by then: whatever asks what was known at a day's end
    gets the same answer as before. What was known in the course of the day is forgotten.

    Parameters
    ----------
    snapshots
        Rows of ``market_cap`` of one day.
    """
    day = pl.col("ts").dt.truncate("1d")
    by = ["coin_id", "source"]
    in_time = pl.col("available_at") <= day.dt.offset_by("1d") + KNOWN_AFTER
    stays = (pl.col("ts") == day) | _is_last(pl.lit(value=True), by) | _is_last(in_time, by)
    for name in VALUES:
        stays = stays | _is_last(in_time & pl.col(name).is_not_null(), by)
    return snapshots.filter(stays)


def thin(lake: Lake, contract: type[Table], *, before: date, look_only: bool) -> Iterator[Thinned]:
    """Thin the days of ``market_cap`` before ``before``, oldest first; yields what had too much.

    Raises
    ------
    CorruptFile, StorageError
    """
    for day in lake.days(contract.table_name()):
        if day >= before:
            return
        # Held from the reading on: rows that came in between would be lost.
        with nullcontext() if look_only else lake.lock(contract.table_name(), day):
            stored = lake.read(contract, day)
            kept = day_ends(stored)
            if kept.height < stored.height and not look_only:
                lake.replace(contract, kept, day, force=True)
        if kept.height < stored.height:
            yield Thinned(day, stored.height, kept.height)


def _is_last(qualifies: pl.Expr, by: list[str]) -> pl.Expr:
    """Whether a row is the newest of its group that qualifies."""
    newest = pl.col("ts").filter(qualifies).max().over(by)
    return (qualifies & (pl.col("ts") == newest)).fill_null(value=False)
