"""Windows over an instrument's hours: the arithmetic behind the operators over time.

In NumPy and instrument by instrument: an instrument's hours lie together, so a window is a few
additions of shifted slices that stay in the processor's cache. Every sum is built in one fixed
order from its own summands. Unknown values are NaN.
"""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from cryptopipe_assets.quant.math.arrays import Flags, Floats, Indices, floats, runs


def by_instrument(x: pl.Expr, compute: Callable[[Floats], Floats], *, position: pl.Expr) -> pl.Expr:
    """Apply ``compute`` to the hours of each instrument by themselves; null and NaN are one."""

    def apply(columns: Sequence[pl.Series]) -> pl.Series:
        values = floats(columns[0])
        computed = np.empty_like(values)
        for rows in runs(columns[1], step=1):
            computed[rows] = compute(values[rows])
        return pl.Series(computed, nan_to_null=True)

    return pl.map_batches([x, position], apply, return_dtype=pl.Float64)


def trailing_sum(values: Floats, periods: int) -> Floats:
    """Sum the last ``periods`` values, or as many as there are so far.

    Blocks of 1, 2, 4, 8 ... values are joined to the wanted width: 168 = 8 + 32 + 128 takes nine
    additions instead of 167. A running sum would be faster still, but carries rounding along from
    wherever the frame starts.
    """
    total: Floats | None = None
    block, width, covered = values, 1, 0
    while covered < periods:
        if periods & width:
            total = block if total is None else _plus_earlier(total, block, covered)
            covered += width
        if covered < periods:
            block, width = _plus_earlier(block, block, width), width * 2
    assert total is not None, "a window has at least one period"
    return total


def _plus_earlier(values: Floats, others: Floats, hours: int) -> Floats:
    total = np.empty_like(values)
    total[:hours] = values[:hours]
    np.add(values[hours:], others[:-hours], out=total[hours:])
    return total


def full_window_sum(values: Floats, periods: int) -> Floats:
    """Sum the last ``periods`` values; NaN unless all of them are there and known."""
    total = trailing_sum(values, periods).copy()
    total[: periods - 1] = np.nan
    return total


def trailing_count(flags: Flags, periods: int) -> Indices:
    """Count what is true among the last ``periods``; whole numbers, so a running sum is exact."""
    so_far = np.cumsum(flags, dtype=np.int64)
    counted = so_far.copy()
    counted[periods:] -= so_far[:-periods]
    return counted


def hours_since(flags: Flags) -> Floats:
    """Hours since the last true one, 0 where it is the hour itself; NaN if there is none yet."""
    hour = np.arange(len(flags), dtype=np.float64)
    return hour - np.fmax.accumulate(np.where(flags, hour, np.nan))


def zscore(values: Floats, periods: int, *, min_known: int) -> Floats:
    """Deviations from the mean over what is known of the last ``periods``: see ``ts_zscore``."""
    is_known = ~np.isnan(values)
    known = np.where(is_known, values, 0.0)
    count = trailing_count(is_known, periods).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):  # where nothing or one value is known
        mean = trailing_sum(known, periods) / count
        squares = trailing_sum(known * known, periods) - count * mean * mean
        deviation = np.sqrt(np.maximum(squares, 0.0) / (count - 1))
        score = np.where(deviation > 0, (values - mean) / deviation, 0.0)
    return np.where(is_known & (count >= min_known), score, np.nan)
