"""The factors we publish, and their computation over a panel."""

from collections.abc import Sequence

import polars as pl

from cryptopipe_assets.quant.factors.coverage import cs_coverage_frac, cs_universe_size
from cryptopipe_assets.quant.factors.factor import Factor
from cryptopipe_assets.quant.factors.funding import funding_pressure
from cryptopipe_assets.quant.factors.liquidity import (
    relative_volume,
    relative_volume_usd,
    turnover_ratio,
)
from cryptopipe_assets.quant.factors.momentum import returns_1h, returns_24h, returns_168h
from cryptopipe_assets.quant.factors.quality import (
    cooldown_no_trade,
    gap_seconds,
    is_mature,
    is_spike,
    is_valid_for_training,
    is_volume_spike,
    trade_allowed,
    under_maintenance,
)
from cryptopipe_assets.quant.factors.volatility import (
    atr_24h,
    price_efficiency,
    true_range,
    vol_regime,
)

FACTOR_SET: tuple[Factor, ...] = (
    funding_pressure,
    relative_volume,
    relative_volume_usd,
    turnover_ratio,
    true_range,
    atr_24h,
    price_efficiency,
    returns_1h,
    returns_24h,
    returns_168h,
    vol_regime,
    cs_universe_size,
    cs_coverage_frac,
    gap_seconds,
    under_maintenance,
    cooldown_no_trade,
    trade_allowed,
    is_spike,
    is_volume_spike,
    is_mature,
    is_valid_for_training,
)


def compute_factors(panel: pl.LazyFrame, factors: Sequence[Factor] = FACTOR_SET) -> pl.LazyFrame:
    """Add the columns of ``factors`` to an ``hourly_panel``.

    The panel must reach back by the longest ``lookback`` before the first row of interest. A
    factor that reads another one's column is computed a stage later.

    Raises
    ------
    ValueError
        If factors read each other in a circle.
    """
    for stage in stages(factors):
        panel = panel.with_columns(each.expr for each in stage)
    return panel


def stages(factors: Sequence[Factor]) -> list[list[Factor]]:
    """Group factors so that each reads only panel columns and factors of earlier groups."""
    waiting, done = list(factors), list[list[Factor]]()
    while waiting:
        names = {each.name for each in waiting}
        ready = [each for each in waiting if names.isdisjoint(each.inputs)]
        if not ready:
            raise ValueError(f"factors read each other in a circle: {sorted(names)}")
        done.append(ready)
        waiting = [each for each in waiting if each not in ready]
    return done
