"""Sums and medians over the instruments of each hour: the arithmetic behind ``cs_``.

In NumPy: the rows of an instrument are consecutive hours, so a cross-section adds slice after
slice, in the order of the rows. Unknown values are NaN.
"""

import numpy as np
import polars as pl

from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.quant.math.arrays import Flags, Floats, Indices, epoch_ms, runs


class HoursOfPanel:
    """Which rows of a panel belong to which hour, as runs of rows of consecutive hours."""

    def __init__(self, ts: pl.Series) -> None:
        epoch = epoch_ms(ts)
        self._rows = runs(ts.to_physical(), step=HOUR_MS)
        firsts = [int(epoch[rows.start]) // HOUR_MS for rows in self._rows]
        origin = min(firsts, default=0)
        self._hours = [
            slice(first - origin, first - origin + rows.stop - rows.start)
            for first, rows in zip(firsts, self._rows, strict=True)
        ]
        self._count = max((hours.stop for hours in self._hours), default=0)

    def count(self, flags: Flags) -> Indices:
        """Count what is true in each hour."""
        counts = np.zeros(self._count, dtype=np.int64)
        for rows, hours in zip(self._rows, self._hours, strict=True):
            counts[hours] += flags[rows]
        return counts

    def mean(self, values: Floats) -> Floats:
        """Mean of the known values of each hour, added up one by one; NaN if there is none."""
        totals, counts = np.zeros(self._count), np.zeros(self._count)
        for rows, hours in zip(self._rows, self._hours, strict=True):
            is_known = ~np.isnan(values[rows])
            totals[hours] += np.where(is_known, values[rows], 0.0)
            counts[hours] += is_known
        return totals / np.where(counts > 0, counts, np.nan)

    def median(self, values: Floats) -> Floats:
        """Median of the known values of each hour; NaN if there is none.

        Each run of rows is a line of a table of hours, so one sort orders all hours.
        """
        table = np.full((max(len(self._rows), 1), self._count), np.nan)
        for line, rows, hours in zip(table, self._rows, self._hours, strict=False):
            line[hours] = values[rows]
        table.sort(axis=0)  # NaN last
        known, hour = np.count_nonzero(~np.isnan(table), axis=0), np.arange(self._count)
        lower, upper = table[np.maximum(known - 1, 0) // 2, hour], table[known // 2, hour]
        medians: Floats = lower + (upper - lower) * 0.5
        return medians

    def spread(self, of_hour: pl.Series) -> pl.Series:
        """Give each row the value of its hour."""
        pieces = [of_hour[hours] for hours in self._hours]
        return pl.concat(pieces, rechunk=True) if pieces else of_hour
