"""Flags that say how far an hour of an instrument can be trusted.

``valid bar`` means a bar of at least ``panel.MIN_MINUTES`` minutes. A gap is looked for in the last
166 hours, so that the flags two hours after it rest on no more than 168.
"""

from datetime import timedelta

import polars as pl

from cryptopipe_assets.quant.factors.factor import factor
from cryptopipe_assets.quant.factors.operators import hours_since, ts_count, ts_delay, ts_zscore

GAP_LOOKBACK_HOURS = 166
GAP_SECONDS = 3605
COOLDOWN_HOURS = 2
SPIKE_LOG_RETURN = 0.5
SPIKE_Z = 5.0
TRAILING_HOURS = 168
MATURE_BARS = 24

_IS_VALID = pl.col("is_valid_bar")


@factor(unit="seconds", lookback=timedelta(hours=GAP_LOOKBACK_HOURS))
def gap_seconds() -> pl.Expr:
    """Seconds since the open of the previous valid bar; 3600 is normal.

    Null where there is no valid bar now, or none in the 166 hours before.
    """
    hours = ts_delay(hours_since(_IS_VALID), 1) + 1
    return pl.when(_IS_VALID & (hours <= GAP_LOOKBACK_HOURS)).then(hours * 3600)


@factor(unit="flag", lookback=timedelta(hours=GAP_LOOKBACK_HOURS))
def under_maintenance() -> pl.Expr:
    """Whether the bar is the first one after a gap (``gap_seconds`` above 3605)."""
    return pl.col("gap_seconds") > GAP_SECONDS


@factor(unit="flag", lookback=timedelta(hours=GAP_LOOKBACK_HOURS + COOLDOWN_HOURS))
def cooldown_no_trade() -> pl.Expr:
    """Whether one of the two hours before was the first one after a gap."""
    return pl.any_horizontal(
        ts_delay(pl.col("under_maintenance"), hours).fill_null(False)
        for hours in range(1, COOLDOWN_HOURS + 1)
    )


@factor(unit="flag", lookback=timedelta(hours=GAP_LOOKBACK_HOURS + COOLDOWN_HOURS))
def trade_allowed() -> pl.Expr:
    """Whether the bar is valid, follows its predecessor without a gap and no cooldown runs.

    False where the predecessor is unknown, as for the first bar of an instrument.
    """
    follows = ~pl.col("under_maintenance") & ~pl.col("cooldown_no_trade")
    return (_IS_VALID & follows).fill_null(False)


@factor(unit="flag", lookback=timedelta(hours=1))
def is_spike() -> pl.Expr:
    """Whether the absolute log return of the last hour is above 0.5; null without a return."""
    return pl.col("returns_1h").log1p().abs() > SPIKE_LOG_RETURN


@factor(unit="flag", lookback=timedelta(hours=TRAILING_HOURS - 1))
def is_volume_spike() -> pl.Expr:
    """Whether base volume is over 5 standard deviations off its mean of the last 168 hours.

    Mean and deviation (n - 1) of the valid bars, the current one included; null with fewer than 24.
    """
    volume = pl.when(_IS_VALID).then("volume_base")
    return ts_zscore(volume, TRAILING_HOURS, min_known=MATURE_BARS).abs() > SPIKE_Z


@factor(unit="flag", lookback=timedelta(hours=TRAILING_HOURS - 1))
def is_mature() -> pl.Expr:
    """Whether at least 24 of the last 168 hours, the current one included, have a valid bar."""
    return ts_count(_IS_VALID, TRAILING_HOURS) >= MATURE_BARS


@factor(unit="flag", lookback=timedelta(hours=GAP_LOOKBACK_HOURS + COOLDOWN_HOURS))
def is_valid_for_training() -> pl.Expr:
    """Whether all flags are good: valid, tradable, mature and without a spike; unknown is not."""
    is_calm = ~pl.col("is_spike") & ~pl.col("is_volume_spike")
    return (pl.col("trade_allowed") & pl.col("is_mature") & is_calm).fill_null(False)
