"""The daily panel that strategies read: per coin and day, what was known when the day had ended."""

from datetime import datetime, timedelta

import polars as pl

from cryptopipe_assets.core.time import DAY
from cryptopipe_assets.quant.math.daily_asof import with_newest_known
from cryptopipe_assets.quant.math.daily_grid import KNOWN_AFTER, between, is_known_by_day_end
from cryptopipe_assets.quant.math.returns import daily_volatility

MAX_SUPPLY_AGE = timedelta(days=45)
VOLATILITY_LOOKBACK = timedelta(days=180)
"""How far before the first wanted day prices must begin."""

_LEVERAGE = ("oi_to_market_cap", "oi_coverage", "oi_asof", "market_cap_asof")
_DILUTION = (
    *("rank", "cap_kind", "cap_pit", "dilution_velocity_share_per_year", "velocity_days"),
    "supply_asof",
)


def daily_panel(
    prices: pl.DataFrame,
    leverage: pl.DataFrame,
    dilution: pl.DataFrame,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    max_supply_age: timedelta = MAX_SUPPLY_AGE,
    by: str = "coin",
) -> pl.DataFrame:
    """Join prices, leverage and dilution as of the end of each day.

    Parameters
    ----------
    prices
        ts (open of the UTC day), available_at, coin, close_usd (USD), is_excluded (stable,
        wrapped, staked or bridged); unique per coin and day. Prices that were not known by the
        day's end are left out.
    leverage
        Result of ``leverage_ratios``.
    dilution
        Result of ``dilution_metrics``; the newest one that came with a cap counts, at most
        ``max_supply_age`` old. A close that gives no supply is no news of it, and a vendor that
        stood in for a day, of which no velocity is known, displaces none of which it is.
    start, end
        Days to return, ``start <= ts < end``. Volatilities need ``VOLATILITY_LOOKBACK`` more.
    by
        Column of all three that says which coin it is, and is unique per day as ``coin`` is. The
        name of the price stays; volatilities go by ``coin``.

    Returns
    -------
    DataFrame sorted by ts, coin, a row per coin and day with a price or a leverage: ts,
    available_at (one millisecond after the day), coin, is_excluded, close_usd, price_asof (end of
    the day of the price), volatility_30d and volatility_90d (fraction per year),
    oi_to_market_cap, oi_coverage, oi_asof, market_cap_asof, rank, cap_kind, cap_pit,
    dilution_velocity_share_per_year, velocity_days, supply_asof. Null is unknown.
    """
    known = prices.filter(is_known_by_day_end(), pl.col("close_usd") > 0)
    volatility = [
        daily_volatility(known, days=days, start=start, end=end).drop("available_at")
        for days in (30, 90)
    ]
    wanted = between(known, start, end).select(*("ts", "coin", "close_usd", "is_excluded"), _by=by)
    measured = between(leverage, start, end).filter(is_known_by_day_end())
    by_supply = (
        dilution.filter(pl.col("cap_kind").is_not_null())
        .select("available_at", "coin_id", "market_cap_usd", *_DILUTION, _by=by)
        .with_columns(
            ts=pl.col("supply_asof"),
            has_velocity=pl.col("dilution_velocity_share_per_year").is_not_null(),
        )
    )
    key = ["ts", "coin"]
    joined = (
        wanted.join(
            measured.select("ts", *_LEVERAGE, _coin="coin", _by=by),
            on=["ts", "_by"],
            how="full",
            coalesce=True,
        )
        .with_columns(pl.coalesce("coin", "_coin"))
        .join(volatility[0], on=key, how="left")
        .join(volatility[1], on=key, how="left")
        .sort(key)
    )
    return with_newest_known(
        joined,
        by_supply,
        columns={name: name for name in _DILUTION},
        max_age=max_supply_age,
        preferred="has_velocity",
        by="_by",
    ).select(
        "ts",
        (pl.col("ts") + KNOWN_AFTER).alias("available_at"),
        "coin",
        pl.col("is_excluded").fill_null(value=False),
        "close_usd",
        pl.when(pl.col("close_usd").is_not_null()).then(pl.col("ts") + DAY).alias("price_asof"),
        *("volatility_30d", "volatility_90d", *_LEVERAGE, *_DILUTION),
    )
