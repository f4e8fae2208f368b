"""The grid of the hourly panel: a row per instrument and listed hour, and which bar belongs there.

Rows point to bars by number. A column of the panel is then one gather by that pointer, which costs
a fraction of joining the columns.
"""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.quant.math.arrays import epoch_ms

_UTC_MS = pl.Datetime("ms", "UTC")
_NO_BAR = -1

NEVER: Final = np.iinfo(np.int32).max
"""Age of what has not been there yet."""


def hour_grid(
    bars: pl.DataFrame, listings: pl.DataFrame, *, start: datetime, end: datetime
) -> pl.DataFrame:
    """Return venue, symbol, ts, position, last_bar and bar_age, sorted by venue, symbol, ts.

    ``position`` counts the hours of a listing from 0 inside ``[start, end)``. ``last_bar`` is the
    row of ``bars`` for the listing's last bar before or in the hour, ``bar_age`` the hours since
    it; where there is none yet the age is ``NEVER`` and ``last_bar`` some other bar.
    """
    spans = _spans(listings, start=start, end=end)
    grid = (
        spans.with_columns(position=pl.int_ranges(0, "hours"))
        .explode("position")
        .select("venue", "symbol", "position", ts=pl.col("first") + pl.duration(hours="position"))
    )
    own_bar = _own_bars(bars, spans)
    row = np.arange(grid.height, dtype=np.int32)
    last_row = np.maximum.accumulate(np.where(own_bar == _NO_BAR, 0, row))
    age = row - last_row
    age[(age > grid["position"].to_numpy()) | (own_bar[last_row] == _NO_BAR)] = NEVER
    return grid.with_columns(bar_age=age, last_bar=np.maximum(own_bar[last_row], 0))


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


def _own_bars(bars: pl.DataFrame, spans: pl.DataFrame) -> NDArray[np.int32]:
    """Return for every row of the grid the row of ``bars`` of its instrument and hour, or -1.

    Neighbouring bars are mostly of one instrument, so listings are joined to runs of bars, of
    which there are few, and not to each bar. Bars of no listing end up in a row behind the grid.
    """
    rows = int(spans["hours"].sum())
    pairs = _runs(bars).join(spans, on=["venue", "symbol"])
    begin, stop, first_row, hours, first = (
        pairs.select("start", "stop_bar", "first_row", "hours", pl.col("first").dt.epoch("ms"))
        .cast(pl.Int64)
        .to_numpy()
        .T
    )
    length = stop - begin
    bar = np.arange(length.sum()) + np.repeat(begin - (np.cumsum(length) - length), length)
    row = epoch_ms(bars["ts"])[bar] // HOUR_MS + np.repeat(first_row - first // HOUR_MS, length)
    first_row, stop_row = np.repeat(first_row, length), np.repeat(first_row + hours, length)
    row[(row < first_row) | (row >= stop_row)] = rows
    own_bar = np.full(rows + 1, _NO_BAR, dtype=np.int32)
    own_bar[row] = bar
    return own_bar[:rows]


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
