"""Range and volatility of an instrument against its own past."""

from datetime import timedelta

import polars as pl

from cryptopipe_assets.quant.factors.factor import factor
from cryptopipe_assets.quant.factors.operators import ratio, ts_delay, ts_mean


@factor(unit="quote", lookback=timedelta(hours=1))
def true_range() -> pl.Expr:
    """Largest of high - low, abs(high - previous close) and abs(low - previous close).

    On the price series with its fills; null where a price of the hour or the previous close is
    missing.
    """
    high, low, previous = pl.col("high"), pl.col("low"), ts_delay(pl.col("close"), 1)
    known = high.is_not_null() & low.is_not_null() & previous.is_not_null()
    # The largest of the three distances is that between the outermost of the three prices. Two
    # comparisons take a quarter of the time of max_horizontal.
    highest = pl.when(high > previous).then(high).otherwise(previous)
    lowest = pl.when(low < previous).then(low).otherwise(previous)
    return pl.when(known).then(highest - lowest)


@factor(unit="quote", lookback=timedelta(hours=24))
def atr_24h() -> pl.Expr:
    """Average true range: plain mean of ``true_range`` over the last 24 hours.

    Not Wilder's smoothing, which never forgets. Null unless all 24 are there.
    """
    return ts_mean(pl.col("true_range"), 24)


@factor(unit="fraction", lookback=timedelta(hours=24))
def price_efficiency() -> pl.Expr:
    """Realized volatility over the average true range relative to the close.

    ``realized_vol / (atr_24h / close)``; null where the average true range is zero.
    """
    return ratio(pl.col("realized_vol"), pl.col("atr_24h") / pl.col("close"))


@factor(unit="fraction", lookback=timedelta(hours=167))
def vol_regime() -> pl.Expr:
    """Realized volatility over its mean of the last 168 hours; above 1 it expands.

    Null unless all 168 hours have a realized volatility.
    """
    realized_vol = pl.col("realized_vol")
    return ratio(realized_vol, ts_mean(realized_vol, 168))
