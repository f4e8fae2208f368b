"""The grid of the hourly panel: a row per instrument and listed hour, and which bar belongs there.

Rows point to bars by number. A column of the panel is then one gather by that pointer, which costs
a fraction of joining the columns.
"""

from datetime import datetime

import numpy as np
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
    row, bar = _rows_of_bars(bars, spans)
    nothing = pl.Series("own_bar", [None], dtype=pl.UInt32).new_from_index(0, grid.height)
    return grid.with_columns(nothing.scatter(row, bar))


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


def _rows_of_bars(bars: pl.DataFrame, spans: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return the row of the grid to which each bar belongs, and the bar, if it belongs to one.

    Neighbouring bars are mostly of one instrument, so listings are joined to runs of bars, of
    which there are few, and not to each bar.
    """
    pairs = _runs(bars).join(spans, on=["venue", "symbol"])
    lengths = (pairs["stop_bar"] - pairs["start"]).to_numpy()
    gaps = pairs["start"].to_numpy() - (np.cumsum(lengths) - lengths)
    bar = np.arange(lengths.sum()) + np.repeat(gaps, lengths)
    ts, first, stop = (
        each.dt.epoch("ms").to_numpy() for each in (bars["ts"], pairs["first"], pairs["stop"])
    )
    offset = ts[bar] - np.repeat(first, lengths)
    is_inside = (offset >= 0) & (offset < np.repeat(stop - first, lengths))
    row = np.repeat(pairs["first_row"].to_numpy(), lengths) + offset // HOUR_MS
    return pl.Series(row[is_inside]), pl.Series(bar[is_inside]).cast(pl.UInt32)


def _runs(bars: pl.DataFrame) -> pl.DataFrame:
    """Return venue, symbol, start and stop_bar of each run of bars of one instrument."""
    begins = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).shift(1)) for name in ("venue", "symbol")
    )
    is_first = pl.int_range(pl.len()) == 0
    start = bars.select(pl.arg_where(begins | is_first).cast(pl.Int64)).to_series()
    return bars.select("venue", "symbol")[start].with_columns(
        start=start, stop_bar=start.shift(-1, fill_value=bars.height)
    )
