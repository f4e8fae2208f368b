"""How fast supply moves: a day's snapshot against the first one of a trailing window of months."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from cryptopipe_assets.core.time import DAY_MS
from cryptopipe_assets.quant.math.arrays import Indices
from cryptopipe_assets.quant.math.daily_grid import DayGrid

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, eq=False)
class SupplyWindow:
    """Snapshots of supply on a grid of days, and the day on which each one's window begins."""

    grid: DayGrid
    rows: pl.DataFrame
    """A row per row of the grid's frame: supply_asof, circulating_supply, circulating_share,
    cap_kind, cap_pit."""
    begins: Indices
    """Column of the grid, per row."""

    @classmethod
    def trailing(cls, grid: DayGrid, rows: pl.DataFrame, *, months: int) -> "SupplyWindow":
        """Windows of calendar months that end with each row's day; both ends belong to them."""
        days = rows.select("ts").unique().sort("ts")["ts"]
        earlier = pl.select(days.dt.offset_by(f"-{months}mo")).to_series()
        by_day = np.zeros(grid.days, dtype=np.int64)
        by_day[_column(grid, days)] = np.maximum(_column(grid, earlier), 0)
        return cls(grid, rows, by_day[grid.cells % grid.days])

    def share_velocity(self, min_days: int) -> list[pl.Series]:
        """Change of the circulating share per year and the days it spans.

        Against the first snapshot of the window whose cap is of the same kind and origin: a share
        of another measure is no earlier value of this one.
        """
        rows = self.rows
        first = pl.Series([None] * rows.height, dtype=pl.Int64)
        footings = rows.select("cap_kind", "cap_pit").unique().drop_nulls().sort(pl.all())
        for kind, is_pit in footings.rows():
            same = (rows["cap_kind"] == kind) & (rows["cap_pit"] == is_pit)
            found = self._first(same & rows["circulating_share"].is_not_null())
            first = found.zip_with(found.is_not_null(), first)
        share, days = rows["circulating_share"], self._days_since(first, min_days)
        return [
            _per_year(share - share.gather(first), days).alias("dilution_velocity_share_per_year"),
            days.alias("velocity_days"),
        ]

    def growth(self, min_days: int) -> list[pl.Series]:
        """Tokens per year, log growth of the circulating supply per year, and the days spanned."""
        supply = self.rows["circulating_supply"]
        first = self._first(supply.is_not_null())
        days, before = self._days_since(first, min_days), supply.gather(first)
        return [
            _per_year(supply - before, days).alias("dilution_velocity_tokens_per_year"),
            _per_year((supply / before).log(), days).alias("supply_inflation_ann"),
            days.alias("supply_days"),
        ]

    def _first(self, is_wanted: pl.Series) -> pl.Series:
        """Index of the first wanted row of each wanted row's window, itself at worst; else null."""
        grid, wanted = self.grid, is_wanted.fill_null(value=False).to_numpy()
        nobody = len(wanted)
        following = np.full((len(grid.coins.categories), grid.days), nobody, dtype=np.int64)
        following.reshape(-1)[grid.cells[wanted]] = np.flatnonzero(wanted)
        following = np.minimum.accumulate(following[:, ::-1], axis=1)[:, ::-1]
        first = pl.Series(following[grid.cells // grid.days, self.begins])
        return first.set(pl.Series(~wanted), None)

    def _days_since(self, first: pl.Series, min_days: int) -> pl.Series:
        instants = self.rows["supply_asof"].dt.epoch("ms")
        days = (instants - instants.gather(first)) / DAY_MS
        return days.set(days < min_days, None)


def _per_year(change: pl.Series, days: pl.Series) -> pl.Series:
    return change / (days / DAYS_PER_YEAR)


def _column(grid: DayGrid, ts: pl.Series) -> Indices:
    columns: Indices = (ts.dt.epoch("ms") // DAY_MS - grid.first_day).to_numpy()
    return columns
