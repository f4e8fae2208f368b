"""Tables that are looked at for gaps, and the stretch of time that each of their rows stands for.

A minute bar stands for its minute, open interest for the hour that it ends, and a settlement for
the hours that it pays for, which are over at its stamp. Time that no row stands for is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from cryptopipe_assets.collect.gaps.intervals import INSTANT, SPANS
from cryptopipe_assets.core.schema import Table
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.collected.open_interest import OpenInterest

USUAL_INTERVAL_HOURS = 8
"""What a settlement is taken to pay for if neither it nor a neighbour has an interval."""

Covered = Callable[[pl.DataFrame], pl.DataFrame]
"""From rows of a table to ``SPANS`` and day (of the row's file) and ingested_at."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A table that is looked at.

    Attributes
    ----------
    covered
        What its rows stand for; null for a table of minutes, which is counted without reading
        every stamp.
    columns
        What ``covered`` reads beside venue, symbol, ts, source and ingested_at.
    pays_for_the_past
        Whether a row stands for time before its stamp: then the newest stretch is not missing
        before the next row is due.
    """

    table: type[Table]
    covered: Covered | None = None
    columns: tuple[str, ...] = ()
    pays_for_the_past: bool = False

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.table_name()


def _day_start() -> pl.Expr:
    return pl.col("ts").dt.truncate("1d").cast(INSTANT)


def hours_of(rows: pl.DataFrame) -> pl.DataFrame:
    """The hour of each row; of a day's close that another than the venue told, the day until it."""
    told_by_the_venue = pl.col("source") == pl.col("venue")
    return rows.select(
        "symbol",
        "ingested_at",
        day=pl.col("ts").dt.date(),
        start=pl.when(told_by_the_venue).then("ts").otherwise(_day_start()),
        end=pl.col("ts").dt.offset_by("1h"),
    )


def paid_for(rows: pl.DataFrame) -> pl.DataFrame:
    """The hours before each settlement that it pays for.

    Without an interval of its own it is taken to pay for those of its neighbours. Of a rate that
    another than the venue told, which is the last one of a day, the whole day.
    """
    told_by_the_venue = pl.col("source") == pl.col("venue")
    neighbours = pl.coalesce(
        pl.col("interval_hours").forward_fill(), pl.col("interval_hours").backward_fill()
    ).over("symbol", order_by="ts")
    hours = pl.duration(hours=neighbours.fill_null(USUAL_INTERVAL_HOURS), time_unit="ms")
    return rows.select(
        "symbol",
        "ingested_at",
        day=pl.col("ts").dt.date(),
        start=pl.when(told_by_the_venue).then(pl.col("ts") - hours).otherwise(_day_start()),
        end=pl.when(told_by_the_venue)
        .then("ts")
        .otherwise(_day_start().dt.offset_by("1d"))
        .cast(INSTANT),
    )


def not_yet_due(stored: pl.DataFrame, lives: pl.DataFrame, *, end: datetime) -> pl.DataFrame:
    """What follows the last settlement of each life and is not over: its next one is not due.

    Parameters
    ----------
    stored
        ``SPANS`` of the settlements, one row each.
    lives
        ``SPANS`` of the contracts' lives, of which one may have several; a life that ended has no
        further settlement.

    Returns
    -------
    DataFrame of ``SPANS``.
    """
    following = pl.col("start").shift(-1).over("symbol", order_by="start")
    of_lives = lives.select(
        "symbol", since="start", until="end", before=following.fill_null(pl.lit(end).cast(INSTANT))
    )
    last = (
        stored.join(of_lives, on="symbol")
        .filter(pl.col("end") > pl.col("since"), pl.col("end") <= pl.col("until"))
        .sort("symbol", "since", "end")
        .unique(["symbol", "since"], keep="last", maintain_order=True)
    )
    interval = (pl.col("end") - pl.col("start")).dt.total_milliseconds()
    # A settlement at the very end is in the file of the next day, which may not be there yet.
    since = (pl.col("until") - pl.col("end")).dt.total_milliseconds() - 1
    periods_over = pl.duration(milliseconds=since // interval * interval, time_unit="ms")
    return (
        last.filter(pl.col("until") > pl.col("end"))
        .select(
            "symbol",
            start=(pl.col("end") + periods_over).cast(INSTANT),
            end=pl.min_horizontal("before", pl.lit(end).cast(INSTANT)),
        )
        .filter(pl.col("start") < pl.col("end"))
        .select(SPANS.names())
    )


DATASETS = (
    Dataset(table=Ohlcv1m),
    Dataset(
        table=FundingRate, covered=paid_for, columns=("interval_hours",), pays_for_the_past=True
    ),
    Dataset(table=OpenInterest, covered=hours_of),
)
BARS, *_ = DATASETS
