"""Sums whose bits depend on the summands alone.

Polars adds up a group in parallel pieces, and how it cuts them depends on the number of threads,
on the engine and on the other groups; the last digits of a float follow. Here each group is added
up in one piece, in the order of its rows.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl


def ordered_sums(frame: pl.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pl.DataFrame:
    """Sum columns over groups of neighbouring rows.

    Parameters
    ----------
    frame
        Sorted, so that the rows of a group are neighbours; their order is part of the result.
    by
        Columns that say which rows belong together; null is a value like any other.
    columns
        What to sum, as Float64; null counts as 0.

    Returns
    -------
    DataFrame of ``by`` and ``columns``, a row per group, in the order of ``frame``.
    """
    changes = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in by)
    first = frame.select(
        pl.arg_where(changes | (pl.int_range(pl.len()) == 0)).cast(pl.Int64)
    ).to_series()
    groups = frame.select(pl.col(by).gather(first))
    return groups.with_columns(_sum_runs(frame[name], first).alias(name) for name in columns)


def _sum_runs(values: pl.Series, first: pl.Series) -> pl.Series:
    """Sum the rows from each of the ``first`` to the next one."""
    if values.is_empty():
        return pl.Series([], dtype=pl.Float64)
    known = values.cast(pl.Float64).fill_null(0.0).to_numpy()
    return pl.Series(np.add.reduceat(known, first.to_numpy()))
