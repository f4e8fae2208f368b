"""With the trend, while it is young: the crossing of two moving averages, fading by the day."""

import math
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from cryptopipe_assets.quant.math.daily_grid import DayGrid, Matrix, as_columns
from cryptopipe_assets.quant.math.moving_averages import days_in_a_row, fast_less_slow
from cryptopipe_assets.quant.strategies.strategy import Book, Strategy, book, kept_for_reasons

DECIMALS = 3
"""Of a score."""


@dataclass(frozen=True, kw_only=True)
class EmaCrossover:
    """+1 when the fast average crosses above the slow one, -1 below; then times ``decay`` a day.

    The averages have alpha = 2 / (span + 1) and are of consecutive days: they start at the coin's
    first price after a day without one, or at the oldest of the last ``memory`` prices. As they
    start equal, the second price always makes a crossing: crossings among the first ``warm_up``
    prices do not count and these have no signal. Later 0 stands until the first crossing, and
    always for excluded coins. The weight spreads the notional over the coins with a signal:
    score / their number. Confidence is abs(score): how young the crossing is.

    Attributes
    ----------
    fast, slow
        Spans of the averages, in days.
    decay
        What remains of a signal after a day.
    warm_up
        Consecutive prices before the first signal; 3 * slow lets the start be forgotten.
    memory
        Prices that an average sees: what is older weighs less than a millionth, and no score
        depends on how much of the past was loaded.
    compat
        As source 1 computed it: no warm-up, averages of all prices from the first on as if no day
        were missing, and decay per price instead of per day elapsed.
    """

    fast: int = 13
    slow: int = 21
    decay: float = 0.97
    warm_up: int = 63
    memory: int = 150
    compat: bool = False
    rebalance_days: int = 1
    id: str = field(default="ema_crossover", init=False)
    research: bool = field(default=False, init=False)
    needs: tuple[str, ...] = field(default=("market_cap", "ohlcv_1m"), init=False)

    @property
    def lookback(self) -> timedelta | None:
        """The days after which a score has faded to 0, and before these what an average sees."""
        if self.compat or not 0 < self.decay < 1:
            return None
        lasting = math.floor(math.log(0.5 * 10**-DECIMALS) / math.log(self.decay))
        return timedelta(days=lasting + max(self.memory, self.warm_up + 1))

    def signals(self, panel: pl.DataFrame) -> Book:
        """Follow each coin through its prices; see ``strategies.panel`` for the columns read."""
        priced, unpriced = kept_for_reasons(
            panel, {"coins_without_price": pl.col("close_usd").is_not_null()}
        )
        warm, warming = kept_for_reasons(
            self._states(priced), {"coins_warming_up": pl.col("row") >= self._warm_up}
        )
        score = self._score()
        is_view = pl.col("score") != 0
        rows = warm.with_columns(score=score).with_columns(
            leg=pl.when(pl.col("score") > 0)
            .then(pl.lit("long"))
            .when(pl.col("score") < 0)
            .then(pl.lit("short")),
            weight=pl.when(is_view).then(pl.col("score") / is_view.sum().over("ts")),
            confidence=pl.col("score").abs(),
            oi_asof=pl.lit(None),
            market_cap_asof=pl.lit(None),
        )
        return book(self.id, rows, {**unpriced, **warming})

    @property
    def _warm_up(self) -> int:
        return 0 if self.compat else self.warm_up

    def _states(self, prices: pl.DataFrame) -> pl.DataFrame:
        """Add ``row`` (prices before this one), ``state`` and ``age`` since its crossing."""
        followed = self._of_all_prices(prices) if self.compat else self._of_each_run(prices)
        elapsed = pl.col("row") if self.compat else pl.col("ts").dt.epoch("d")
        run = ["coin", "run"]
        return (
            followed.with_columns(event=self._event())
            .with_columns(
                state=pl.col("event").forward_fill().over(run).fill_null(0),
                since=pl.when(pl.col("event").is_not_null()).then(elapsed),
            )
            .with_columns(age=elapsed - pl.col("since").forward_fill().over(run))
        )

    def _of_each_run(self, prices: pl.DataFrame) -> pl.DataFrame:
        """Add row, run (of consecutive days), is_above and is_below; sorted by coin and ts."""
        grid = DayGrid.over(prices)

        def averages(close: Matrix) -> dict[str, Matrix]:
            ahead = fast_less_slow(close, self.fast, self.slow, memory=self.memory)
            return {"ahead": ahead, "row": days_in_a_row(close) - 1}

        return (
            grid.frame.with_columns(as_columns(grid.by_coins(averages, grid.matrix("close_usd"))))
            .with_columns(
                pl.col("row").cast(pl.Int64),
                is_above=pl.col("ahead") > 0,
                is_below=pl.col("ahead") < 0,
            )
            .with_columns(run=(pl.col("row") == 0).cum_sum().over("coin"))
        )

    def _of_all_prices(self, prices: pl.DataFrame) -> pl.DataFrame:
        """The same as source 1 saw it: one run of prices, whatever days are missing."""
        close = pl.col("close_usd")
        fast, slow = (close.ewm_mean(span=span, adjust=False) for span in (self.fast, self.slow))
        return prices.sort("coin", "ts").with_columns(
            row=pl.int_range(pl.len()).over("coin"),
            run=pl.lit(1),
            is_above=(fast > slow).over("coin"),
            is_below=(fast < slow).over("coin"),
        )

    def _event(self) -> pl.Expr:
        """+1 or -1 on the row of a crossing that counts, else null."""
        has_past = pl.col("row") >= max(self._warm_up, 1)
        was_above, was_below = (pl.col(n).shift(1) for n in ("is_above", "is_below"))
        return (
            pl.when(has_past & pl.col("is_above") & ~was_above)
            .then(1)
            .when(has_past & pl.col("is_below") & ~was_below)
            .then(-1)
        )

    def _score(self) -> pl.Expr:
        fading = (pl.lit(self.decay) ** pl.col("age").fill_null(0)) * pl.col("state")
        score = fading.round(DECIMALS)
        # What has faded from -1 rounds to -0.0, other bits than the 0.0 of a crossing out of sight.
        return pl.when(pl.col("is_excluded") | (score == 0)).then(0.0).otherwise(score)


STRATEGY: Strategy = EmaCrossover()
