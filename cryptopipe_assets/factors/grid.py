"""The grid of the hourly panel: a row per instrument and listed hour, and which bar belongs there.

Rows point to bars by number. A column of the panel is then one gather by the right pointer (the
hour's own bar, only a valid one, or the last one before), which costs a fraction of joining the
columns and filling them afterwards.
"""

from datetime import datetime

import polars as pl

from cryptopipe_assets.factors.minutes import HOUR_MS

_UTC_MS = pl.Datetime("ms", "UTC")


def hour_grid(
    bars: pl.DataFrame, listings: pl.DataFrame, *, start: datetime, end: datetime
) -> pl.DataFrame:
    """Return venue, symbol, ts, position and own_bar, sorted by venue, symbol, ts.

    ``position`` counts the hours of a listing from 0 inside ``[start, end)``; ``own_bar`` is the
    row of ``bars`` for the instrument and hour, null if there is none.
    """
    spans = _spans(listings, start=start, end=end)
    grid = (
        spans.with_columns(position=pl.int_ranges(0, "hours"))
        .explode("position")
        .select("venue", "symbol", "position", ts=pl.col("first") + pl.duration(hours="position"))
    )
    found = _rows_of_bars(bars, spans)
    nothing = pl.Series("own_bar", [None], dtype=pl.UInt32).new_from_index(0, grid.height)
    return grid.with_columns(nothing.scatter(found["row"], found["bar"]))


def _spans(listings: pl.DataFrame, *, start: datetime, end: datetime) -> pl.DataFrame:
    """Return each listing's hours inside the panel, and the number of its first row in the grid."""
    first = pl.max_horizontal(pl.col("listed_at").dt.truncate("1h"), pl.lit(start, _UTC_MS))
    stop = pl.min_horizontal("delisted_at", pl.lit(end, _UTC_MS))
    milliseconds = (pl.col("stop") - pl.col("first")).dt.total_milliseconds()
    return (
        listings.select("venue", "symbol", first=first.cast(_UTC_MS), stop=stop.cast(_UTC_MS))
        .filter(pl.col("first") < pl.col("stop"))
        .sort("venue", "symbol", "first")
        .with_columns(hours=-(-milliseconds // HOUR_MS))
        .with_columns(first_row=pl.col("hours").cum_sum() - pl.col("hours"))
    )


def _rows_of_bars(bars: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Return the row of the grid to which each bar belongs, for the bars that belong to one.

    Neighbouring bars are mostly of one instrument, so listings are joined to runs of bars, of
    which there are few, and not to each bar.
    """
    position = (pl.col("ts") - pl.col("first")).dt.total_milliseconds() // HOUR_MS
    runs = _runs(bars).join(spans, on=["venue", "symbol"])
    return (
        runs.select(pl.int_ranges("start", "stop_bar").alias("bar"), "first", "stop", "first_row")
        .explode("bar")
        .with_columns(pl.lit(bars["ts"]).gather(pl.col("bar")).alias("ts"))
        .filter(pl.col("ts").is_between("first", "stop", closed="left"))
        .select(pl.col("bar").cast(pl.UInt32), row=pl.col("first_row") + position)
    )


def _runs(bars: pl.DataFrame) -> pl.DataFrame:
    """Return venue, symbol, start and stop_bar of each run of bars of one instrument."""
    begins = pl.any_horizontal(
        (pl.col(name).rle_id().diff() != 0).fill_null(True) for name in ("venue", "symbol")
    )
    start = bars.select(begins.arg_true()).to_series().cast(pl.Int64)
    return bars.select("venue", "symbol")[start].with_columns(
        start=start, stop_bar=start.shift(-1, fill_value=bars.height)
    )
