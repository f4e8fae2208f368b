"""Long what is issued slowly, short what is issued fast."""

from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from cryptopipe_assets.quant.strategies.legs import MIN_VOLATILITY, ranked, with_legs
from cryptopipe_assets.quant.strategies.strategy import (
    Book,
    Strategy,
    book,
    days_with_enough,
    kept_for_reasons,
)

FULL_LOOKBACK_DAYS = 365.0


@dataclass(frozen=True, kw_only=True)
class Dilution:
    """Long the coins whose circulating share of the cap grows slowest, short the fastest.

    First who can be traded, then the ranking: of the ``top`` coins by market cap those with a
    maximum supply, a velocity, a price and a volatility; of these N the lowest and the highest
    ``min(n, N // 2)``. Ranking before filtering leaves a book of a few accidental names. A day
    with fewer than ``2 * n_min`` of them has no book. Confidence is abs(score) times the part of
    the year that the velocity rests on.

    Research: its author's own corrected backtest loses money.
    """

    n: int = 10
    n_min: int = 2
    top: int = 150
    point_in_time_only: bool = True
    """Leave out coins whose cap is known of today only."""
    rebalance_days: int = 7
    id: str = field(default="dilution", init=False)
    research: bool = field(default=True, init=False)
    lookback: timedelta | None = field(default=timedelta(0), init=False)
    needs: tuple[str, ...] = field(default=("dilution_metrics", "ohlcv_1m"), init=False)

    def signals(self, panel: pl.DataFrame) -> Book:
        """Rank the coins of each day; see ``strategies.panel`` for the columns read."""
        is_known_in_time = pl.col("cap_pit") if self.point_in_time_only else pl.lit(value=True)
        eligible, refused = kept_for_reasons(
            panel,
            {
                "coins_excluded": ~pl.col("is_excluded"),
                "coins_below_top": pl.col("rank") <= self.top,
                "coins_without_max_supply": pl.col("cap_kind") == "max",
                "coins_with_cap_of_today": is_known_in_time,
                "coins_without_velocity": pl.col("dilution_velocity_share_per_year").is_not_null(),
                "coins_without_price": pl.col("close_usd").is_not_null(),
                "coins_without_volatility": pl.col("volatility_90d") >= MIN_VOLATILITY,
            },
        )
        enough, days = days_with_enough(eligible, 2 * self.n_min, of=panel)
        per_leg = pl.min_horizontal(pl.lit(self.n), pl.col("names") // 2)
        observed = (pl.col("velocity_days") / FULL_LOOKBACK_DAYS).clip(upper_bound=1.0)
        rows = (
            ranked(enough, "dilution_velocity_share_per_year")
            .pipe(with_legs, per_leg, volatility="volatility_90d")
            .with_columns(
                confidence=pl.col("score").abs() * observed,
                oi_asof=pl.lit(None),
                market_cap_asof=pl.col("supply_asof"),
            )
        )
        return book(self.id, rows, {**refused, "days_with_too_few_coins": days})


STRATEGY: Strategy = Dilution()
