"""The leverage table: ``python -m benchmarks.leverage``."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.daily_tables import Answer, DailyTable, main, read, sums
from cryptopipe_assets.quant.metrics.leverage.ratios import leverage_ratios
from cryptopipe_tests.reference.leverage_pandas import leverage_pandas

INPUTS = ("open_interest", "market_cap", "funding")
COMPARED = (
    *("oi_to_market_cap", "oi_to_market_cap_ma30", "oi_to_volume", "oi_growth_90d"),
    *("oi_volatility_30d", "oi_trend_30d", "cost_long_30d_ann", "leverage_score", "score_terms"),
)


def _polars(folder: Path) -> Callable[[], Answer]:
    inputs = [read(folder, name) for name in INPUTS]
    return lambda: sums(leverage_ratios(*inputs), COMPARED)


def _pandas(folder: Path) -> Callable[[], Answer]:
    inputs = [read(folder, name).to_pandas() for name in INPUTS]
    return lambda: sums(leverage_pandas(*inputs), COMPARED)


if __name__ == "__main__":
    main(DailyTable("Leverage ratios", "benchmarks.leverage", 1.0, _polars, _pandas))
