"""Folding one-minute bars into hours.

An hour is folded from its own minutes only. What it owes to the hour before (the return over the
hour's edge) is added afterwards by ``microstructure``, so an hour's numbers do not depend, to the
last bit, on how much of the past lies in the frame or in which order the files were read.
"""

import numpy as np
import polars as pl

from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.quant.bars.hour_totals import hour_totals
from cryptopipe_assets.quant.math.arrays import Flags, Indices, epoch_ms

_UTC_MS = pl.Datetime("ms", "UTC")
_INSTRUMENT = ("venue", "symbol")
_MINUTE_COLUMNS = (
    *("ts", *_INSTRUMENT, "open", "high", "low", "close"),
    *("volume_base", "volume_quote", "trades", "taker_buy_base"),
)


def fold_minutes(bars: pl.LazyFrame) -> pl.DataFrame:
    """Return one row per instrument and hour with the statistics of its minutes.

    Eager: what has to be done depends on the order of the rows.

    Returns
    -------
    DataFrame of venue, symbol, ts (open of the hour), open, close, the columns of ``hour_totals``
    and, for the return over the hour's edge, first_minute, last_minute and first_close; sorted by
    venue, symbol, ts.
    """
    minutes = (
        bars.select(_MINUTE_COLUMNS)
        .with_columns(pl.col("ts").cast(_UTC_MS))
        .collect(engine="in-memory")
    )
    begins = _hour_begins(minutes)
    order = _order(_edges(minutes, begins))
    if order is None:
        minutes = minutes.sort(*_INSTRUMENT, "ts")
        begins = _hour_begins(minutes)
        order = np.arange(len(begins))
    return _edges(minutes, begins).hstack(hour_totals(minutes, begins))[order]


def _hour_begins(minutes: pl.DataFrame) -> Indices:
    """Return the first row of each stretch of ascending rows of one instrument and hour."""
    if minutes.is_empty():
        return np.empty(0, dtype=np.int64)
    ts = epoch_ms(minutes["ts"])
    hour = ts // HOUR_MS
    begins = (hour[1:] != hour[:-1]) | (ts[1:] <= ts[:-1]) | _changes(minutes)
    return np.flatnonzero(np.concatenate([[True], begins]))


def _changes(minutes: pl.DataFrame) -> Flags:
    """Whether the instrument of each row but the first is another one than that before."""
    differs = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).shift(1)) for name in _INSTRUMENT
    )
    return minutes.select(differs=differs)["differs"].to_numpy()[1:]


def _edges(minutes: pl.DataFrame, begins: Indices) -> pl.DataFrame:
    """Return what an hour's first and last minute say, a row per hour."""
    first = minutes.select("ts", *_INSTRUMENT, "open", "close")[begins]
    last = minutes.select("ts", "close")[np.append(begins, minutes.height)[1:] - 1]
    return first.select(
        *_INSTRUMENT,
        pl.col("ts").dt.truncate("1h"),
        "open",
        pl.col("ts").alias("first_minute"),
        pl.col("close").alias("first_close"),
    ).with_columns(last["ts"].alias("last_minute"), last["close"])


def _order(hours: pl.DataFrame) -> Indices | None:
    """Return the order by venue, symbol, ts; None if an hour lies in more than one piece.

    In day files each lies in one, so that sorting the minutes, which costs more than all the rest,
    is the exception.
    """
    number = epoch_ms(hours["ts"]) // HOUR_MS
    code = np.zeros(hours.height, dtype=np.int64)
    for name in _INSTRUMENT:
        names = pl.Enum(hours[name].unique().sort())
        within = hours[name].cast(names).to_physical().cast(pl.Int64).to_numpy()
        code = code * len(names.categories) + within
    order = np.lexsort((number, code))
    is_repeated = (np.diff(code[order]) == 0) & (np.diff(number[order]) == 0)
    return None if is_repeated.any() else order
