"""Trailing windows of calendar days on a matrix of coins x days.

A window of 30 days is the day itself and the 29 before it; days without a value are unknown, and
too few known ones give NaN. It is built by doubling, 1, 2, 4, 8 ... days, joined to the wanted
width: 30 = 2 + 4 + 8 + 16. So each window comes from its own values alone, in one fixed order:
the same bits whether the matrix starts a month or six years earlier. A spread below a ten-millionth
of the level cannot be told from the rounding of equal values and counts as none.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cryptopipe_assets.quant.math.daily_grid import Matrix

Sample: TypeAlias = NDArray[np.float64]
"""Statistics x coins x days: what is known of the days that end with a day."""

ROUNDING = 1e-14
"""Variance over squared level below which a spread is rounding."""

_DAY_ZERO = 18_262
"""2020-01-01: near the days in question, which keeps their squares small."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and sample standard deviation (n - 1) of the known values of each window."""

    count: Matrix
    mean: Matrix
    std: Matrix


@dataclass(frozen=True, eq=False)
class Trend:
    """An ordinary least-squares line through the known values of each window."""

    slope: Matrix
    """Change per day."""
    standard_error: Matrix
    """Of the slope; 0 where the values lie on the line."""
    count: Matrix
    """Known values in the window."""


def as_of_delay(matrix: Matrix, days: int, *, max_age: int) -> Matrix:
    """Value of ``days`` earlier, or the newest of the ``max_age`` days before that one."""
    found = delayed(matrix, days)
    for older in range(1, max_age + 1):
        missing = np.isnan(found)
        found[missing] = delayed(matrix, days + older)[missing]
    return found


def delayed(matrix: Matrix, days: int) -> Matrix:
    """Value of that many days earlier; NaN before the first day."""
    earlier = np.full_like(matrix, np.nan)
    if days < matrix.shape[1]:
        earlier[:, days:] = matrix[:, : matrix.shape[1] - days]
    return earlier


def daily_change(matrix: Matrix) -> Matrix:
    """Simple change against the day before; NaN if either is unknown or the earlier one is 0."""
    before = delayed(matrix, 1)
    before[before == 0] = np.nan
    return matrix / before - 1


def trailing_count(matrix: Matrix, days: int) -> Matrix:
    """Days with a value among the last ``days``."""
    count: Matrix = _window(~np.isnan(_padded(matrix, days))[None] * 1.0, days)[0]
    return count


def trailing_mean(matrix: Matrix, days: int, *, min_known: int) -> Matrix:
    """Mean of the known values of the last ``days`` days."""
    values = _padded(matrix, days)
    known = ~np.isnan(values)
    total, count = _window(np.stack([np.where(known, values, 0.0), known]), days)
    mean: Matrix = total / np.where(count >= max(min_known, 1), count, np.nan)
    return mean


def trailing_moments(matrix: Matrix, days: int, *, min_known: int) -> Moments:
    """Count, mean and deviation of the last ``days`` days; equal values deviate by exactly 0.

    Mean and deviation are NaN with fewer than ``min_known`` values; a deviation needs two.
    """
    values = _padded(matrix, days)
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    count, total, squares = _window(np.stack([known, filled, filled * filled]), days)
    n = np.where(count >= max(min_known, 1), count, np.nan)
    mean = total / n
    level = mean * mean
    variance = squares / n - level
    variance = np.where(variance > ROUNDING * level, variance, variance * 0.0)
    std = np.sqrt(variance * (n / np.where(n > 1, n - 1, np.nan)))
    return Moments(count, mean, std)


def trailing_trend(matrix: Matrix, days: int, *, first_day: int, min_known: int) -> Trend:
    """Fit a line to the known values of the last ``days`` days; three at least.

    Parameters
    ----------
    first_day
        Of the matrix, in days since 1970. Days are counted from a fixed one, so that the sums of
        a window do not depend on where the matrix starts.
    """
    values = _padded(matrix, days)
    known = ~np.isnan(values)
    day = np.arange(1 - days, matrix.shape[1]) + (first_day - _DAY_ZERO)
    x, y = known * day, np.where(known, values, 0.0)
    one_day = np.stack([known, x, y, x * day, y * day, y * y])
    count, sx, sy, sxx, sxy, syy = _window(one_day, days)
    n = np.where(count >= max(min_known, 3), count, np.nan)
    spread_x, spread_y = sxx - sx * sx / n, syy - sy * sy / n
    scattered = np.where(spread_y > ROUNDING * syy, 1.0, 0.0)
    slope = scattered * (sxy - sx * sy / n) / spread_x
    residual = np.maximum(spread_y - slope * slope * spread_x, 0.0)
    return Trend(slope, np.sqrt(scattered * residual / (n - 2) / spread_x), count)


def _window(one_day: Sample, days: int) -> Sample:
    """Add up days to windows. Samples are aligned at their last day; a join costs first days."""

    def joined(newer: Sample, older: Sample, lag: int) -> Sample:
        older = older[..., : older.shape[-1] - lag]
        width = min(newer.shape[-1], older.shape[-1])
        return newer[..., -width:] + older[..., -width:]

    total: Sample | None = None
    block, width, covered = one_day, 1, 0
    while covered < days:
        if days & width:
            total = block if total is None else joined(total, block, covered)
            covered += width
        if covered < days:
            block, width = joined(block, block, width), width * 2
    assert total is not None, "a window has at least one day"
    return total


def _padded(matrix: Matrix, days: int) -> Matrix:
    """Put ``days - 1`` unknown days in front."""
    padded = np.full((matrix.shape[0], matrix.shape[1] + days - 1), np.nan)
    padded[:, days - 1 :] = matrix
    return padded
