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

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cryptopipe_assets.factors.minutes import HOUR_MS

POSITION = pl.col("position")


def ts_delay(x: pl.Expr, periods: int) -> pl.Expr:
    """Value of ``x`` that many hours earlier; null before the instrument's first row."""
    return pl.when(periods <= POSITION).then(x.shift(periods))


def ts_sum(x: pl.Expr, periods: int) -> pl.Expr:
    """Sum of the last ``periods`` values, the current one included.

    Null unless the whole window is there and without a null.
    """

    def total(values: pl.Series) -> pl.Series:
        return _sum_by_doubling(values.cast(pl.Float64), periods, pl.Series.shift)

    summed = x.map_batches(total, return_dtype=pl.Float64)
    return pl.when(periods - 1 <= POSITION).then(summed)


def ts_mean(x: pl.Expr, periods: int) -> pl.Expr:
    """Mean of the last ``periods`` values; null unless all of them are there."""
    return ts_sum(x, periods) * (1 / periods)


def ts_zscore(x: pl.Expr, periods: int, *, min_known: int) -> pl.Expr:
    """Deviations of ``x`` from its mean over what is known of the last ``periods`` values.

    Mean and standard deviation (n - 1) include the current value; hours before the instrument's
    first row are unknown. Null where ``x`` is, and where fewer than ``min_known`` values are
    known; 0 where all of them are equal.
    """

    def zscore(columns: Sequence[pl.Series]) -> pl.Series:
        values, position = columns[0].cast(pl.Float64), columns[1]
        known = values.fill_null(0.0)
        count = _count_of_known(values, position, periods)
        mean = _sum_of_known(known, position, periods) / count
        squares = _sum_of_known(known * known, position, periods) - count * mean * mean
        deviation = (squares.clip(lower_bound=0.0) / (count - 1)).sqrt()
        distance = (values - mean).zip_with(deviation > 0, pl.Series([0.0]))
        scale = deviation.zip_with(deviation > 0, pl.Series([1.0]))
        unknown = pl.Series([None], dtype=pl.Float64)
        return (distance / scale).zip_with(values.is_not_null() & (count >= min_known), unknown)

    return pl.map_batches([x, POSITION], zscore, return_dtype=pl.Float64)


def _sum_of_known(values: pl.Series, position: pl.Series, periods: int) -> pl.Series:
    """Sum the last ``periods`` values, or as many as the instrument has had so far.

    Only an instrument's first rows look across its beginning; they are summed again by themselves.
    """
    total = _sum_by_doubling(values, periods, pl.Series.shift)
    heads = (position < periods - 1).arg_true()
    head_position = position.gather(heads)

    def inside(block: pl.Series, hours: int) -> pl.Series:
        return block.shift(hours).zip_with(head_position >= hours, pl.Series([0.0]))

    return total.scatter(heads, _sum_by_doubling(values.gather(heads), periods, inside))


def _count_of_known(values: pl.Series, position: pl.Series, periods: int) -> pl.Series:
    """Count what is known of the same window; whole numbers, so a running count is exact."""
    so_far = values.is_not_null().cast(pl.Int64).cum_sum()
    row = pl.int_range(len(values), eager=True)
    before = row - position.cast(pl.Int64).clip(upper_bound=periods - 1) - 1
    earlier = so_far.gather(before.set(before < 0, None)).fill_null(0)
    return (so_far - earlier).cast(pl.Float64)


def _sum_by_doubling(
    values: pl.Series, periods: int, earlier: Callable[[pl.Series, int], pl.Series]
) -> pl.Series:
    """Sum ``periods`` values up to each row: blocks of 1, 2, 4, 8 ... joined to the wanted width.

    168 = 8 + 32 + 128 takes nine additions instead of 167. It works on the series because the
    query optimiser shares only the outermost of equal subexpressions. Rolling sums would be
    faster still, but carry rounding along from wherever the frame starts.
    """
    total: pl.Series | None = None
    block, width, covered = values, 1, 0
    while covered < periods:
        if periods & width:
            total = block if total is None else total + earlier(block, covered)
            covered += width
        if covered < periods:
            block, width = block + earlier(block, width), width * 2
    assert total is not None, "a window has at least one period"
    return total


def ts_count(condition: pl.Expr, periods: int) -> pl.Expr:
    """Count of the last ``periods`` hours in which ``condition`` was true (null is not true)."""
    so_far = condition.fill_null(False).cast(pl.Int64).cum_sum()
    row_before_window = pl.int_range(pl.len()) - pl.min_horizontal(periods, POSITION + 1)
    before = so_far.gather(pl.when(row_before_window >= 0).then(row_before_window))
    return so_far - before.fill_null(0)


def hours_since(event: pl.Expr) -> pl.Expr:
    """Hours since ``event`` was last true for the instrument, 0 if it is now; null if never."""
    row = pl.int_range(pl.len())
    age = row - pl.when(event).then(row).forward_fill()
    return pl.when(age <= POSITION).then(age)


def cs_mean(x: pl.Expr) -> pl.Expr:
    """Mean of the known values of ``x`` over all instruments of the hour.

    Summed in the order of the rows, one by one. Polars' default engine splits the rows of a group
    between threads as it happens, so that the last bit of a plain ``mean().over("ts")`` differs
    from run to run.
    """

    def mean(columns: Sequence[pl.Series]) -> pl.Series:
        values, hour = columns[0].cast(pl.Float64), _hour_number(columns[1])
        total = np.bincount(hour, weights=values.fill_null(0.0).to_numpy())
        known = hour[values.is_not_null().to_numpy()] if values.null_count() else hour
        count = np.bincount(known, minlength=len(total))
        of_hour = np.full(len(total), np.nan)
        np.divide(total, count, out=of_hour, where=count > 0)
        return pl.Series(of_hour[hour]).fill_nan(None)

    return pl.map_batches([x, pl.col("ts")], mean, return_dtype=pl.Float64)


def cs_median(x: pl.Expr) -> pl.Expr:
    """Median of the known values of ``x`` over all instruments of the hour."""
    return x.median().over("ts")


def cs_count(condition: pl.Expr) -> pl.Expr:
    """Number of instruments of the hour for which ``condition`` is true."""

    def count(columns: Sequence[pl.Series]) -> pl.Series:
        true, hour = columns[0].fill_null(False).to_numpy(), _hour_number(columns[1])
        return pl.Series(np.bincount(hour[true], minlength=hour.max(initial=-1) + 1)[hour])

    return pl.map_batches([condition, pl.col("ts")], count, return_dtype=pl.Int64)


def _hour_number(ts: pl.Series) -> NDArray[np.int64]:
    """Hours since the panel's first one: a group of the cross-section is then an array index."""
    epoch = ts.dt.epoch("ms").to_numpy() // HOUR_MS
    hours: NDArray[np.int64] = epoch - epoch.min() if len(epoch) else epoch
    return hours


def ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """``numerator / denominator``, null where the denominator is zero or anything is missing."""
    return numerator / pl.when(denominator != 0).then(denominator)
