"""Days x coins as a matrix: where the rows of a daily frame sit, and when they were known.

A matrix has a row per coin and a column per calendar day; NaN is unknown. So "30 days ago" is 30
columns to the left, whatever days are missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.time import DAY_MS
from cryptopipe_assets.quant.math.arrays import Indices, epoch_ms

Matrix: TypeAlias = NDArray[np.float64]

KNOWN_AFTER = pl.duration(days=1, milliseconds=1)
"""From a day's open to the first instant at which all of it can have been used."""

_BLOCK_CELLS = 16_384
"""Cells worked on at a time."""


@dataclass(frozen=True, eq=False)
class DayGrid:
    """A daily frame, sorted by coin and ts, and the cell of each of its rows in a matrix."""

    frame: pl.DataFrame
    by: str
    coins: pl.Enum
    """Lines of the matrix: the values of column ``by``, ascending."""
    first_day: int
    """Days since 1970-01-01."""
    days: int
    cells: Indices
    """Index into the flattened matrix of every row of ``frame``."""

    @classmethod
    def over(cls, frame: pl.DataFrame, *, by: str = "coin") -> "DayGrid":
        """Lay a grid over the coins and the days of ``frame``.

        Parameters
        ----------
        frame
            ts (open of a UTC day), the column ``by`` and any other ones, in any order.
        by
            What a line of the matrix stands for: ``coin``, or ``coin_id``.

        Raises
        ------
        RequestError
            If a coin has two rows on one day.
        """
        day = _day_numbers(frame)
        first, last = (int(day.min()), int(day.max())) if len(day) else (0, 0)
        coins = pl.Enum(frame[by].unique().sort())
        cells = _codes(frame[by], coins) * (last - first + 1) + day - first
        if not (np.diff(cells) > 0).all():
            order = np.argsort(cells, kind="stable")
            frame, cells = frame[order], cells[order]
        _require_unique(frame.select("ts", by), np.diff(cells) == 0)
        return cls(frame, by, coins, first, last - first + 1, cells)

    def matrix(self, column: str) -> Matrix:
        """Lay out a column of the grid's own frame."""
        return self.laid_out(_floats(self.frame[column]))

    def matrices_of(self, other: pl.DataFrame, columns: list[str]) -> list[Matrix]:
        """Lay out columns of another daily frame; coins and days off the grid are left out."""
        day, code = _day_numbers(other) - self.first_day, _codes(other[self.by], self.coins)
        on_grid = (code >= 0) & (day >= 0) & (day < self.days)
        cells = (code * self.days + day)[on_grid]
        rows = other.select("ts", self.by, *columns).filter(pl.Series(on_grid))
        _require_unique(rows, _is_repeated(cells, len(self.coins.categories) * self.days))
        return [self._laid_out(cells, _floats(rows[name])) for name in columns]

    def by_coins(
        self, compute: Callable[..., Mapping[str, Matrix]], *matrices: Matrix
    ) -> dict[str, Matrix]:
        """Compute on a few coins at a time, and read the result at the rows of the grid's frame.

        What is worked on stays in the processor's cache; rows of a coin are neighbours.

        Parameters
        ----------
        compute
            From blocks of ``matrices``, with all days, to named matrices of the same shape. It
            must not look from one coin to another.

        Returns
        -------
        Name to the values of the rows, NaN where unknown.
        """
        step = max(1, _BLOCK_CELLS // self.days)
        results: dict[str, Matrix] = {}
        for first in range(0, max(len(self.coins.categories), 1), step):
            begin, end = np.searchsorted(
                self.cells, [first * self.days, (first + step) * self.days]
            )
            cells = self.cells[begin:end] - first * self.days
            block = slice(first, first + step)
            for name, values in compute(*(matrix[block] for matrix in matrices)).items():
                rows = results.setdefault(name, np.empty(len(self.cells)))
                # Cells lie in the block: clipping changes nothing, but spares a copy.
                np.take(values, cells, out=rows[begin:end], mode="clip")
        return results

    def at_rows(self, matrix: Matrix) -> Matrix:
        """Read a matrix at the rows of the grid's frame."""
        return matrix.reshape(-1)[self.cells]

    def laid_out(self, rows: Matrix) -> Matrix:
        """Lay out values of the rows of the grid's frame."""
        return self._laid_out(self.cells, rows)

    def _laid_out(self, cells: Indices, values: Matrix) -> Matrix:
        flat = np.full(len(self.coins.categories) * self.days, np.nan)
        flat[cells] = values
        return flat.reshape(-1, self.days)


def as_columns(rows: Mapping[str, Matrix]) -> list[pl.Series]:
    """Make columns of values of rows; NaN becomes null."""
    return [pl.Series(name, values, nan_to_null=True) for name, values in rows.items()]


def is_known_by_day_end() -> pl.Expr:
    """Whether a row of a daily frame was usable when its day had ended."""
    return pl.col("available_at") <= pl.col("ts") + KNOWN_AFTER


def between(
    frame: pl.DataFrame,
    start: datetime | None,
    end: datetime | None,
    *,
    lookback: timedelta = timedelta(0),
) -> pl.DataFrame:
    """Rows with ``start - lookback <= ts < end``; None leaves that side open."""
    if start is not None:
        frame = frame.filter(pl.col("ts") >= pl.lit(start - lookback))
    return frame if end is None else frame.filter(pl.col("ts") < pl.lit(end))


def _floats(values: pl.Series) -> Matrix:
    return values.cast(pl.Float64).to_numpy()


def _day_numbers(frame: pl.DataFrame) -> Indices:
    return epoch_ms(frame["ts"]) // DAY_MS


def _codes(names: pl.Series, coins: pl.Enum) -> Indices:
    """Position of each coin in the grid; -1 for a coin that is not on it."""
    codes = names.cast(coins, strict=False).to_physical().cast(pl.Int64)
    return codes.fill_null(-1).to_numpy()


def _is_repeated(cells: Indices, size: int) -> NDArray[np.bool_]:
    """Whether a cell was named by an earlier row."""
    first = np.full(size, -1, dtype=np.int64)
    first[cells[::-1]] = np.arange(len(cells))[::-1]
    repeated: NDArray[np.bool_] = first[cells] != np.arange(len(cells))
    return repeated


def _require_unique(keys: pl.DataFrame, repeats: NDArray[np.bool_]) -> None:
    if repeats.any():
        ts, name = keys.row(int(np.argmax(repeats)))[:2]
        raise RequestError(
            f"expected one row per coin and day, came several for {name} on {ts:%Y-%m-%d}; "
            "aggregate them to the day first"
        )
