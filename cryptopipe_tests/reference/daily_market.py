"""A small daily market, seeded: open interest, market caps, funding, supply and prices.

Coins are listed one after the other, days are missing, one coin is excluded, some rows come late
and some are revised: everything the daily metrics have to live with.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KNOWN_AFTER = pl.duration(days=1, milliseconds=1)


@dataclass(frozen=True)
class DailyMarket:
    """Inputs of leverage, dilution and strategies, as the pure functions want them."""

    open_interest: pl.DataFrame
    market_cap: pl.DataFrame
    funding: pl.DataFrame
    prices: pl.DataFrame

    def inputs(self) -> dict[str, pl.DataFrame]:
        """Name to frame."""
        return dict(vars(self))


def daily_market(*, coins: int, days: int, holes: float = 0.04, seed: int = 0) -> DailyMarket:
    """Draw a market of ``coins`` over ``days`` from ``START``; ``holes`` is the share of gaps."""
    rng = np.random.default_rng(seed)
    grid = _grid(coins, days)
    paths = {
        name: _walk(rng, coins, days, level, step)
        for name, (level, step) in {
            "open_interest_usd": (1e7, 0.05),
            "close_usd": (10.0, 0.04),
            "volume_24h_usd": (1e8, 0.2),
        }.items()
    }
    circulating = _supply(rng, coins, days)
    every = grid.with_columns(
        **{name: pl.Series(path) for name, path in paths.items()},
        circulating_supply=pl.Series(circulating),
        market_cap_usd=pl.Series(circulating * paths["close_usd"]),
        funding_8h=pl.Series(rng.normal(1e-4, 2e-4, coins * days)),
    )

    def with_holes() -> pl.DataFrame:
        is_listed = pl.col("day_number") >= pl.col("coin_number") * 3 % max(days // 3, 1)
        return every.filter(is_listed, pl.Series(rng.random(coins * days) >= holes))

    return DailyMarket(
        open_interest=_open_interest(with_holes()),
        market_cap=_market_cap(with_holes(), rng),
        funding=with_holes().select(
            "ts",
            (pl.col("ts") + KNOWN_AFTER).alias("available_at"),
            "coin",
            "funding_8h",
            funding_contracts=pl.lit(1, pl.Int64),
            funding_asof=pl.col("ts") + pl.duration(hours=16),
        ),
        prices=with_holes().select(
            "ts",
            (pl.col("ts") + KNOWN_AFTER).alias("available_at"),
            "coin",
            "close_usd",
            "volume_24h_usd",
            "is_excluded",
        ),
    )


def _grid(coins: int, days: int) -> pl.DataFrame:
    number = np.repeat(np.arange(coins), days)
    return pl.DataFrame(
        {"coin_number": number, "day_number": np.tile(np.arange(days), coins)}
    ).select(
        "coin_number",
        "day_number",
        ts=(pl.lit(START) + pl.duration(days=pl.col("day_number"))).cast(pl.Datetime("ms", "UTC")),
        coin=pl.format("C{}", pl.col("coin_number").cast(pl.String).str.zfill(3)),
        is_excluded=pl.col("coin_number") == 2,
    )


def _walk(rng: np.random.Generator, coins: int, days: int, level: float, step: float) -> np.ndarray:
    steps = rng.normal(0, step, (coins, days))
    return (level * np.exp(rng.normal(0, 1, (coins, 1)) + np.cumsum(steps, axis=1))).ravel()


def _supply(rng: np.random.Generator, coins: int, days: int) -> np.ndarray:
    yearly = rng.uniform(-0.05, 0.4, (coins, 1))
    return (3e8 * np.exp(yearly * np.arange(days) / 365)).ravel()


def _open_interest(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "ts",
        (pl.col("ts") + KNOWN_AFTER).alias("available_at"),
        "coin",
        "open_interest_usd",
        *(
            pl.lit(count, pl.Int64).alias(f"oi_{of}")
            for of, count in (("venues", 3), ("contracts", 4))
        ),
        oi_coverage=pl.lit(0.9),
        oi_asof=pl.col("ts") + pl.duration(days=1),
        is_excluded="is_excluded",
    )


def _market_cap(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Snapshots of each day's end; one in twenty was published two days late."""
    number, supply = pl.col("coin_number"), pl.col("circulating_supply")
    is_late = pl.Series(rng.random(rows.height) < 0.05)
    delay = pl.when(is_late).then(pl.duration(days=2)).otherwise(pl.duration(days=0))
    return rows.select(
        (pl.col("ts") + pl.duration(days=1)).alias("ts"),
        (pl.col("ts") + KNOWN_AFTER + delay).alias("available_at"),
        pl.format("cmc:{}", number).alias("coin_id"),
        "coin",
        name=pl.col("coin"),
        rank=number.cast(pl.Int64) + 1,
        price_usd="close_usd",
        market_cap_usd="market_cap_usd",
        circulating_supply="circulating_supply",
        total_supply=pl.when(number % 5 != 4).then(supply * 1.2),
        max_supply=pl.when(number % 3 != 1).then(1e9),
        volume_24h_usd="volume_24h_usd",
    )
