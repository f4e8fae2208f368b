"""Leverage of a coin: its open interest against its market cap, and how both moved.

Formulas: DEFINITIONS A2. Windows are calendar days that end with the row's day and need two
thirds of their days known; all ratios are fractions. What is unknown is null, never a substitute.
"""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from cryptopipe_assets.quant.math.daily_asof import with_newest_known
from cryptopipe_assets.quant.math.daily_grid import (
    DayGrid,
    Matrix,
    as_columns,
    between,
    is_known_by_day_end,
)
from cryptopipe_assets.quant.math.daily_windows import (
    as_of_delay,
    daily_change,
    trailing_mean,
    trailing_moments,
    trailing_trend,
)
from cryptopipe_assets.quant.metrics.leverage.score import leverage_score

LOOKBACK = timedelta(days=92)
"""How far before the first wanted day the inputs must begin (market caps: also their age)."""

MAX_MARKET_CAP_AGE = timedelta(days=3)
MAX_GROWTH_BASE_AGE_DAYS = 2
TREND_TSTAT = 2.0
SETTLEMENTS_PER_YEAR = 3 * 365
BASIS_POINTS = 10_000

_MIN_KNOWN = {7: 5, 30: 20}
_FUNDING = ("ts", "available_at", "coin", "funding_8h", "funding_asof")
_COUNTS = ("oi_days_30d", "funding_days_30d", "score_terms")
_MARKET_CAP = {
    "coin_id": "coin_id",
    "market_cap_usd": "market_cap_usd",
    "volume_24h_usd": "volume_24h_usd",
    "ts": "market_cap_asof",
}

LEVERAGE_COLUMNS = (
    *("ts", "available_at", "coin", "coin_id", "open_interest_usd", "oi_venues", "oi_contracts"),
    *("oi_coverage", "market_cap_usd", "volume_24h_usd", "avg_open_interest_7d_usd"),
    *("oi_to_market_cap", "oi_to_market_cap_ma30", "oi_to_market_cap_std30", "oi_to_volume"),
    *("oi_growth_7d", "oi_growth_30d", "oi_growth_90d", "oi_volatility_30d"),
    *("oi_trend_30d", "oi_trend_tstat", "oi_trend_label", "oi_days_30d"),
    *("funding_8h_bp", "avg_funding_7d", "avg_funding_30d", "funding_volatility_30d"),
    *("positive_funding_share_30d", "cost_long_30d_ann", "funding_days_30d"),
    *("leverage_score", "score_terms", "oi_asof", "market_cap_asof", "funding_asof"),
)


def leverage_ratios(
    daily_open_interest: pl.DataFrame,
    market_cap: pl.DataFrame,
    funding: pl.DataFrame,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    max_market_cap_age: timedelta = MAX_MARKET_CAP_AGE,
    by: str = "coin",
) -> pl.DataFrame:
    """Measure the leverage of every coin on every day on which its open interest is known.

    Parameters
    ----------
    daily_open_interest
        Result of ``open_interest.daily_close`` and the flag is_excluded: stable, wrapped, staked
        and bridged coins, which are left out and take no part in the ranks.
    market_cap
        Rows of any frequency: ts, available_at, coin_id, coin, market_cap_usd, volume_24h_usd
        (both nullable). The newest one known at the day's end counts.
    funding
        Result of ``leverage_inputs.daily_funding``; any coins.
    start, end
        Days to return, ``start <= ts < end``; the inputs begin ``LOOKBACK`` earlier.
    by
        Column of open interest and market caps that says whose cap it is. Windows go by ``coin``.

    Returns
    -------
    DataFrame of ``LEVERAGE_COLUMNS``, sorted by coin, ts. Rates are fractions, ``_usd`` is USD,
    ``oi_trend_30d`` the least-squares slope of ln(open interest) per day, funding the fraction
    per 8 hours but ``funding_8h_bp`` the day's in basis points. ``cost_long_30d_ann`` is what a
    long paid over the 30 days, scaled to a year: with all settlements there, their sum * 365 / 30.
    """
    open_interest = between(daily_open_interest, start, end, lookback=LOOKBACK).filter(
        ~pl.col("is_excluded"), pl.col("open_interest_usd").is_not_null(), is_known_by_day_end()
    )
    grid = DayGrid.over(
        with_newest_known(
            open_interest, market_cap, columns=_MARKET_CAP, max_age=max_market_cap_age, by=by
        ).with_columns(oi_to_market_cap=_ratio("open_interest_usd", "market_cap_usd"))
    )
    windows = _windows(grid, funding.select(_FUNDING).filter(is_known_by_day_end()))
    return (
        between(grid.frame.with_columns(as_columns(windows)), start, end)
        .with_columns(
            *(pl.col(name).cast(pl.Int64) for name in _COUNTS),
            funding_asof=pl.col("funding_asof").cast(pl.Int64).cast(pl.Datetime("ms", "UTC")),
            oi_to_volume=_ratio("avg_open_interest_7d_usd", "volume_24h_usd"),
            oi_trend_label=_trend_label(),
        )
        .select(LEVERAGE_COLUMNS)
    )


def _windows(grid: DayGrid, funding: pl.DataFrame) -> dict[str, Matrix]:
    """Return every window and the score at the rows of the grid."""
    stamped = funding.with_columns(pl.col("funding_asof").dt.epoch("ms"))
    rate_8h, funding_asof = grid.matrices_of(stamped, ["funding_8h", "funding_asof"])
    ratio = grid.matrix("oi_to_market_cap")

    def of_coins(usd: Matrix, ratio: Matrix, rate_8h: Matrix) -> dict[str, Matrix]:
        return _of_open_interest(usd, grid.first_day) | _of_ratio(ratio) | _of_funding(rate_8h)

    windows = grid.by_coins(of_coins, grid.matrix("open_interest_usd"), ratio, rate_8h)
    moving = {name: grid.laid_out(windows[name]) for name in ("avg_funding_7d", "oi_growth_30d")}
    score = leverage_score({"oi_to_market_cap": ratio, **moving})
    whole = {**score, "funding_asof": funding_asof}
    return windows | {name: grid.at_rows(matrix) for name, matrix in whole.items()}


def _of_open_interest(usd: Matrix, first_day: int) -> dict[str, Matrix]:
    """Windows of the open interest itself. Growth and trend, with its days, need it positive."""
    positive = np.where(usd > 0, usd, np.nan)
    trend = trailing_trend(np.log(positive), 30, first_day=first_day, min_known=_MIN_KNOWN[30])
    is_scattered = np.where(trend.standard_error > 0, trend.standard_error, np.nan)
    change = trailing_moments(daily_change(usd), 30, min_known=_MIN_KNOWN[30])
    return {
        **{f"oi_growth_{days}d": _growth(positive, days) for days in (7, 30, 90)},
        "avg_open_interest_7d_usd": trailing_mean(usd, 7, min_known=_MIN_KNOWN[7]),
        "oi_volatility_30d": change.std,
        "oi_trend_30d": trend.slope,
        "oi_trend_tstat": trend.slope / is_scattered,
        "oi_trend_error": trend.standard_error,
        "oi_days_30d": trend.count,
    }


def _growth(values: Matrix, days: int) -> Matrix:
    return values / as_of_delay(values, days, max_age=MAX_GROWTH_BASE_AGE_DAYS) - 1


def _of_ratio(ratio: Matrix) -> dict[str, Matrix]:
    """Windows of the ratio; as in the original, one known day is enough."""
    known = trailing_moments(ratio, 30, min_known=1)
    return {"oi_to_market_cap_ma30": known.mean, "oi_to_market_cap_std30": known.std}


def _of_funding(rate_8h: Matrix) -> dict[str, Matrix]:
    is_positive = np.where(np.isnan(rate_8h), np.nan, rate_8h > 0)
    month = trailing_moments(rate_8h, 30, min_known=_MIN_KNOWN[30])
    return {
        "funding_8h_bp": rate_8h * BASIS_POINTS,
        "avg_funding_7d": trailing_mean(rate_8h, 7, min_known=_MIN_KNOWN[7]),
        "avg_funding_30d": month.mean,
        "funding_volatility_30d": month.std,
        "positive_funding_share_30d": trailing_mean(is_positive, 30, min_known=_MIN_KNOWN[30]),
        "cost_long_30d_ann": month.mean * SETTLEMENTS_PER_YEAR,
        "funding_days_30d": month.count,
    }


def _trend_label() -> pl.Expr:
    """Name the trend where the slope is over two standard errors; null without a slope."""
    slope, margin = pl.col("oi_trend_30d"), TREND_TSTAT * pl.col("oi_trend_error")
    return (
        pl.when(slope > margin)
        .then(pl.lit("rising"))
        .when(slope < -margin)
        .then(pl.lit("falling"))
        .when(slope.is_not_null())
        .then(pl.lit("flat"))
    )


def _ratio(numerator: str, denominator: str) -> pl.Expr:
    """Quotient; null where the denominator is not positive or anything is missing."""
    return pl.col(numerator) / pl.when(pl.col(denominator) > 0).then(denominator)
