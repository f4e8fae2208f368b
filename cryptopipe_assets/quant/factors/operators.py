"""Operators over time (``ts_``) and over instruments (``cs_``) on an hourly panel.

The panel is a complete grid sorted by (venue, symbol, ts): each instrument has a row for every
hour in which it is listed, null where nothing was known, and its column ``position`` counts those
rows from 0. So a period is an hour, an earlier value is a plain shift, and ``position`` keeps it
inside the instrument. No window function is used over time, so nothing can be nested silently,
and a window's sum is built from that window's values alone, in one fixed order: the same bits
whether the panel starts a week or a year earlier, on one thread or many.

Two habits serve the same end. Floats are summed here and not by the query engine, which splits a
group between threads as it happens. And nothing is divided by a constant: Polars then multiplies
by the reciprocal, except in a frame of one row.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cryptopipe_assets.quant.factors.cross_section import HoursOfPanel
from cryptopipe_assets.quant.math import hourly_windows as windows
from cryptopipe_assets.quant.math.arrays import Floats, floats
from cryptopipe_assets.quant.math.hourly_windows import (
    by_instrument,
    full_window_sum,
    trailing_count,
    zscore,
)

POSITION = pl.col("position")


def ts_delay(x: pl.Expr, periods: int) -> pl.Expr:
    """Value of ``x`` that many hours earlier; null before the instrument's first row."""
    return pl.when(periods <= POSITION).then(x.shift(periods))


def ts_sum(x: pl.Expr, periods: int) -> pl.Expr:
    """Sum of the last ``periods`` values, the current one included.

    Null unless the whole window is there and without a null.
    """
    return by_instrument(x, partial(full_window_sum, periods=periods), position=POSITION)


def ts_mean(x: pl.Expr, periods: int) -> pl.Expr:
    """Mean of the last ``periods`` values; null unless all of them are there."""
    return ts_sum(x, periods) * (1 / periods)


def ts_zscore(x: pl.Expr, periods: int, *, min_known: int) -> pl.Expr:
    """Deviations of ``x`` from its mean over what is known of the last ``periods`` values.

    Mean and standard deviation (n - 1) include the current value; hours before the instrument's
    first row are unknown. Null where ``x`` is, and where fewer than ``min_known`` values are
    known; 0 where all of them are equal.
    """
    score = partial(zscore, periods=periods, min_known=min_known)
    return by_instrument(x, score, position=POSITION)


def ts_count(condition: pl.Expr, periods: int) -> pl.Expr:
    """Count of the last ``periods`` hours in which ``condition`` was true (null is not true)."""

    def count(ones: Floats) -> Floats:
        return trailing_count(ones > 0, periods).astype(np.float64)

    return by_instrument(condition, count, position=POSITION).cast(pl.Int64)


def hours_since(event: pl.Expr) -> pl.Expr:
    """Hours since ``event`` was last true for the instrument, 0 if it is now; null if never."""
    return by_instrument(event, lambda ones: windows.hours_since(ones > 0), position=POSITION)


def cs_mean(x: pl.Expr) -> pl.Expr:
    """Mean of the known values of ``x`` over all instruments of the hour.

    Summed in the order of the rows, one by one. Polars' default engine splits the rows of a group
    between threads as it happens, so that the last bit of a plain ``mean().over("ts")`` differs
    from run to run.
    """
    return _over_hour(x, lambda hours, values: hours.mean(floats(values)), pl.Float64())


def cs_median(x: pl.Expr) -> pl.Expr:
    """Median of the known values of ``x`` over all instruments of the hour."""
    return _over_hour(x, lambda hours, values: hours.median(floats(values)), pl.Float64())


def cs_count(condition: pl.Expr) -> pl.Expr:
    """Number of instruments of the hour for which ``condition`` is true."""
    is_true = condition.fill_null(False)
    return _over_hour(is_true, lambda hours, flags: hours.count(flags.to_numpy()), pl.Int64())


def _over_hour(
    x: pl.Expr,
    compute: Callable[[HoursOfPanel, pl.Series], NDArray[Any]],
    dtype: pl.DataType,
) -> pl.Expr:
    """Give every row what ``compute`` says of its hour."""

    def apply(columns: Sequence[pl.Series]) -> pl.Series:
        hours = HoursOfPanel(columns[1])
        return hours.spread(pl.Series(compute(hours, columns[0]), nan_to_null=True))

    return pl.map_batches([x, pl.col("ts")], apply, return_dtype=dtype)


def ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """``numerator / denominator``, null where the denominator is zero or anything is missing."""
    return numerator / pl.when(denominator != 0).then(denominator)
