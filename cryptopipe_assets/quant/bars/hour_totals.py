"""Sums, extremes and spreads over the minutes of each hour.

In NumPy and a few hours at a time: what is worked on stays in the processor's cache. An hour is
added up in one piece and in the order of its rows, so its bits depend on its own minutes alone.

References
----------
Chan, Golub & LeVeque (1983), Algorithms for computing the sample variance (shifted data).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cryptopipe_assets.core.time import MINUTE_MS
from cryptopipe_assets.quant.math.arrays import Floats, Indices, epoch_ms

ONE_THIRD: Final = 1 / 3

_SUMMED = ("volume_base", "volume_quote", "trades", "taker_buy_base")
_READ = ("high", "low", "close", *_SUMMED)
_COUNTS = ("trades", "n_returns", "n_minutes")
_BLOCK_HOURS = 1024
"""Hours worked on at a time: a column of their minutes takes half a megabyte."""


def hour_totals(minutes: pl.DataFrame, begins: Indices) -> pl.DataFrame:
    """Return sums, extremes and spreads, a row per hour, in the order of the hours.

    Parameters
    ----------
    minutes
        ts, high, low, close, volume_base, volume_quote, trades, taker_buy_base; without nulls,
        but for the last three: the sum of an hour with a null in it is null.
    begins
        Index of each hour's first row, ascending from 0; its rows ascend in time.

    Returns
    -------
    DataFrame of high, low, the summed columns, typical_quote (typical price times volume),
    volume_std (n - 1; null for a single minute), n_minutes, and of the returns between two
    adjacent minutes: n_returns, return_mean (null without one), return_sq (sum of squared
    deviations from the mean) and log_return_sq (sum of squared log returns).
    """
    arrays = {name: minutes[name].to_numpy() for name in _READ} | {"ts": epoch_ms(minutes["ts"])}
    blocks = [
        _totals({name: values[rows] for name, values in arrays.items()}, hours)
        for rows, hours in _blocks(begins, minutes.height)
    ]
    columns = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    totals = pl.DataFrame(pl.Series(name, x, nan_to_null=True) for name, x in columns.items())
    return totals.with_columns(pl.col(_COUNTS).cast(pl.Int64))


def _blocks(begins: Indices, height: int) -> Iterator[tuple[slice, Indices]]:
    """Yield some hours' rows and where each of the hours begins in them; once for no hours."""
    edges = np.append(begins, height)
    for first in range(0, max(len(begins), 1), _BLOCK_HOURS):
        hours = begins[first : first + _BLOCK_HOURS]
        rows = slice(edges[first], edges[first + len(hours)])
        yield rows, hours - rows.start


def _totals(minutes: Mapping[str, NDArray[Any]], begins: Indices) -> dict[str, NDArray[Any]]:
    high, low, close, volume = (minutes[name] for name in ("high", "low", "close", "volume_base"))
    count = np.diff(begins, append=len(close))
    return {
        "high": np.maximum.reduceat(high, begins),
        "low": np.minimum.reduceat(low, begins),
        **{name: np.add.reduceat(minutes[name], begins) for name in _SUMMED},
        "typical_quote": np.add.reduceat((high + low + close) * ONE_THIRD * volume, begins),
        "volume_std": _deviation(volume, begins, count),
        **_returns(close, minutes["ts"], begins, count),
        "n_minutes": count,
    }


def _deviation(values: Floats, begins: Indices, count: Indices) -> Floats:
    """Sample standard deviation; NaN for a single value, exactly 0 where all are equal."""
    squares = _squared_deviations(values - np.repeat(values[begins], count), begins, count)
    return np.sqrt(squares / np.where(count > 1, count - 1, np.nan))


def _returns(
    close: Floats, ts: Indices, begins: Indices, count: Indices
) -> dict[str, NDArray[Any]]:
    """Return the spread of the simple returns and the sum of the squared log returns."""
    is_known = np.diff(ts, prepend=0) == MINUTE_MS
    is_known[begins] = False
    unknown = np.flatnonzero(~is_known)
    growth = np.ones_like(close)
    with np.errstate(divide="ignore", invalid="ignore"):
        np.divide(close[1:], close[:-1], out=growth[1:])
        growth[unknown] = 1.0
        log_return_sq = np.add.reduceat(np.log(growth) ** 2, begins)
    known = count - np.add.reduceat(~is_known, begins, dtype=np.int64)
    returns = growth - 1.0
    returns[unknown] = np.inf
    lowest = np.where(known > 0, np.minimum.reduceat(returns, begins), 0.0)
    returns -= np.repeat(lowest, count)
    returns[unknown] = 0.0
    total = np.add.reduceat(returns, begins)
    return {
        "n_returns": known,
        "return_mean": lowest + total / np.where(known > 0, known, np.nan),
        "return_sq": _squared_deviations(returns, begins, known),
        "log_return_sq": log_return_sq,
    }


def _squared_deviations(shifted: Floats, begins: Indices, count: Indices) -> Floats:
    """Sum of squared deviations from the mean of values that are given less one of them.

    One of the values being 0, the squares exceed the squared sum over ``count`` by their
    ``count``-th part at least: little is cancelled, and nothing where all values are equal.
    """
    total = np.add.reduceat(shifted, begins)
    return np.add.reduceat(shifted * shifted, begins) - total * total / np.maximum(count, 1)
