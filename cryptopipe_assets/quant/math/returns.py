"""Volatility of coins' daily returns."""

import math
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from cryptopipe_assets.quant.math.daily_grid import (
    DayGrid,
    Matrix,
    as_columns,
    between,
    is_known_by_day_end,
)
from cryptopipe_assets.quant.math.daily_windows import (
    daily_change,
    trailing_count,
    trailing_moments,
)

DAYS_PER_YEAR = 365
MIN_RETURNS = 20


def daily_volatility(
    prices: pl.DataFrame,
    *,
    days: int,
    min_returns: int = MIN_RETURNS,
    start: datetime | None = None,
    end: datetime | None = None,
) -> pl.DataFrame:
    """Annualised standard deviation (n - 1) of the last ``days`` simple daily returns.

    A return needs the prices of two neighbouring days. Null with fewer than ``min_returns`` of
    them in the window, and for a coin without ``days`` prices in the last ``2 * days`` days.

    Parameters
    ----------
    prices
        ts (open of the UTC day), available_at, coin, close_usd (USD); unique per coin and day,
        from ``2 * days`` days before ``start``. Rows not known by their day's end are left out.
    start, end
        Days to return, ``start <= ts < end``.

    Returns
    -------
    DataFrame sorted by coin, ts: ts, available_at, coin and volatility_<days>d (fraction per
    year).
    """
    known = between(prices, start, end, lookback=timedelta(days=2 * days)).filter(
        is_known_by_day_end()
    )
    grid = DayGrid.over(known.select("ts", "available_at", "coin", "close_usd"))

    def of_coins(close: Matrix) -> dict[str, Matrix]:
        has_history = trailing_count(close, 2 * days) >= days
        daily = trailing_moments(daily_change(close), days, min_known=min_returns)
        annualised = np.where(has_history, daily.std * math.sqrt(DAYS_PER_YEAR), np.nan)
        return {f"volatility_{days}d": annualised}

    volatility = as_columns(grid.by_coins(of_coins, grid.matrix("close_usd")))
    return between(grid.frame.drop("close_usd").with_columns(volatility), start, end)
