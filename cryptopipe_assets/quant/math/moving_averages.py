"""Exponential moving averages of consecutive days, from a bounded past.

An average over all of the past depends on where the loaded past starts. These see a fixed number of
days, so a day's bits are the same whether a year or ten were loaded.
"""

import numpy as np

from cryptopipe_assets.quant.math.daily_grid import Matrix
from cryptopipe_assets.quant.math.daily_windows import delayed


def days_in_a_row(matrix: Matrix) -> Matrix:
    """Days with a value that end with each day without a hole; 0 on a day without a value."""
    day = np.arange(matrix.shape[1], dtype=np.float64)
    holes = np.where(np.isnan(matrix), day, -1.0)
    run: Matrix = day - np.maximum.accumulate(holes, axis=1)
    return run


def fast_less_slow(matrix: Matrix, fast: int, slow: int, *, memory: int) -> Matrix:
    """Difference of two exponential moving averages of each line; NaN where there is no value.

    The averages have alpha = 2 / (span + 1) and start at the oldest of the last ``memory`` days, or
    at the first value after the last day without one. Of equal values the difference is exactly 0.

    Parameters
    ----------
    fast, slow
        Spans of the averages, in days.
    memory
        Days that an average sees, its own included.
    """
    run = days_in_a_row(matrix)
    keep_fast, keep_slow = 1 - 2 / (fast + 1), 1 - 2 / (slow + 1)
    seen = matrix  # the value of k days earlier, or the oldest one that counts
    difference = matrix * 0.0
    for k in range(1, memory):
        seen = np.where(k < run, delayed(matrix, k), seen)
        weight = (1 - keep_fast) * keep_fast**k - (1 - keep_slow) * keep_slow**k
        # Against the value itself, as the weights add up to 0: then equal values cancel exactly.
        difference = difference + weight * (seen - matrix)
    rest = keep_fast**memory - keep_slow**memory
    return difference + rest * (seen - matrix)
