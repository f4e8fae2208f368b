"""Long what is held, short what is speculated in: open interest against market cap."""

from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from cryptopipe_assets.quant.strategies.legs import ranked, with_legs
from cryptopipe_assets.quant.strategies.strategy import (
    Book,
    Strategy,
    book,
    days_with_enough,
    kept_for_reasons,
)


@dataclass(frozen=True, kw_only=True)
class LeverageInverted:
    """Long the ``n`` coins with the lowest open interest over market cap, short the ``n`` highest.

    High leverage marks speculation, low leverage marks holders. A day with fewer than ``2 * n``
    coins that have a positive ratio has no book. Confidence is abs(score) * oi_coverage: how far
    into the tail, times the share of the coin's open interest that was observed.
    """

    n: int = 10
    rebalance_days: int = 7
    id: str = field(default="leverage_inverted", init=False)
    research: bool = field(default=False, init=False)
    lookback: timedelta | None = field(default=timedelta(0), init=False)
    needs: tuple[str, ...] = field(
        default=("leverage_ratios", "market_cap", "ohlcv_1m"), init=False
    )

    def signals(self, panel: pl.DataFrame) -> Book:
        """Rank the coins of each day; see ``strategies.panel`` for the columns read."""
        named, refused = kept_for_reasons(
            panel,
            {
                "coins_excluded": ~pl.col("is_excluded"),
                "coins_without_ratio": pl.col("oi_to_market_cap") > 0,
            },
        )
        enough, days = days_with_enough(named, 2 * self.n, of=panel)
        rows = (
            ranked(enough, "oi_to_market_cap")
            .pipe(with_legs, pl.lit(self.n), volatility="volatility_30d")
            .with_columns(confidence=pl.col("score").abs() * pl.col("oi_coverage"))
        )
        return book(self.id, rows, {**refused, "days_with_too_few_coins": days})


STRATEGY: Strategy = LeverageInverted()
