"""A small seeded market with everything that goes wrong in a real one.

Twenty days of seven contracts: a late listing, a delisting, missing minutes and hours, an hour cut
short, hours without volume, a jump of price, a burst of volume, funding every 8, 4 and 1 hours,
one contract without funding and one that misses settlements.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl

START = datetime(2025, 3, 1, tzinfo=UTC)
DAYS = 20
END = START + timedelta(days=DAYS)
LISTED_LATE = START + timedelta(days=6, hours=5, minutes=30)
DELISTED = START + timedelta(days=15, hours=7, minutes=12)
SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG")
FUNDING_HOURS = {"AAA": 8, "BBB": 4, "CCC": 1, "DDD": 8, "EEE": 8, "FFF": 4}


@dataclass(frozen=True)
class Market:
    """Inputs of the factor pipeline."""

    bars: pl.DataFrame
    funding: pl.DataFrame
    listings: pl.DataFrame


@cache
def small_market(seed: int = 7) -> Market:
    """Return the market of ``seed``."""
    rng = np.random.default_rng(seed)
    bars = pl.concat(_minutes(rng, symbol) for symbol in SYMBOLS).pipe(_spoil, rng)
    funding = pl.concat(_settlements(rng, *each) for each in FUNDING_HOURS.items())
    return Market(bars, funding, _listings())


def _listings() -> pl.DataFrame:
    utc = pl.Datetime("ms", "UTC")
    return pl.DataFrame(
        {
            "venue": ["binance"] * len(SYMBOLS),
            "symbol": [f"{coin}-USDT-PERP" for coin in SYMBOLS],
            "listed_at": [LISTED_LATE if coin == "EEE" else START for coin in SYMBOLS],
            "delisted_at": [DELISTED if coin == "FFF" else None for coin in SYMBOLS],
        },
        schema_overrides={"listed_at": utc, "delisted_at": utc},
    )


def _minutes(rng: np.random.Generator, coin: str) -> pl.DataFrame:
    n = DAYS * 1440
    opened = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, n)))
    close = opened * np.exp(rng.normal(0, 1e-3, n))
    wick = np.abs(rng.normal(0, 5e-4, (2, n)))
    volume = rng.exponential(50.0, n) * rng.uniform(0.5, 2.0)
    taker = rng.uniform(0, 1, n)
    ts = pl.datetime_range(START, END, "1m", closed="left", time_unit="ms", eager=True)
    return pl.DataFrame(
        {
            "ts": ts,
            "available_at": ts.dt.offset_by("1m").dt.offset_by("1ms"),
            "ingested_at": ts.dt.offset_by("1h"),
            "source": ["binance"] * n,
            "venue": ["binance"] * n,
            "symbol": [f"{coin}-USDT-PERP"] * n,
            "open": opened,
            "high": np.maximum(opened, close) * (1 + wick[0]),
            "low": np.minimum(opened, close) * (1 - wick[1]),
            "close": close,
            "volume_base": volume,
            "volume_quote": volume * close,
            "trades": rng.integers(1, 200, n),
            "taker_buy_base": volume * taker,
            "taker_buy_quote": volume * taker * close,
        }
    )


def _during(coin: str, day: int, hours: tuple[int, int]) -> pl.Expr:
    """Whole hours of one day of one contract."""
    first, last = (START + timedelta(days=day, hours=hour) for hour in hours)
    is_coin = pl.col("symbol") == f"{coin}-USDT-PERP"
    return is_coin & pl.col("ts").is_between(pl.lit(first), pl.lit(last), closed="left")


def _spoil(bars: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Make holes, silent hours, a jump and a burst."""
    alive = [
        ~((pl.col("symbol") == "EEE-USDT-PERP") & (pl.col("ts") < LISTED_LATE)),
        ~((pl.col("symbol") == "FFF-USDT-PERP") & (pl.col("ts") >= DELISTED)),
    ]
    is_missing = [
        _during("BBB", 3, (4, 5)),
        _during("BBB", 12, (1, 7)),
        _during("CCC", 9, (10, 12)),
        _during("CCC", 9, (15, 16)) & (pl.col("ts").dt.minute() > 40),
        _during("GGG", 11, (0, 24)),
    ]
    price, amount = ["open", "high", "low", "close"], ["volume_base", "volume_quote"]
    taker = ["taker_buy_base", "taker_buy_quote"]
    is_silent, is_burst = _during("DDD", 2, (6, 7)), _during("AAA", 17, (3, 4))
    has_jumped = (pl.col("symbol") == "AAA-USDT-PERP") & (
        pl.col("ts") >= START + timedelta(days=16)
    )
    factor = pl.when(is_silent).then(0.0).when(is_burst).then(40.0).otherwise(1.0)
    return (
        bars.filter(pl.Series(rng.random(bars.height)) > 0.0005)
        .filter(*alive, *(~hole for hole in is_missing))
        .with_columns(pl.col(*amount, *taker) * factor)
        .with_columns(pl.col(price) * pl.when(has_jumped).then(2.0).otherwise(1.0))
        .sort("symbol", "ts")
    )


def _settlements(rng: np.random.Generator, coin: str, interval: int) -> pl.DataFrame:
    ts = pl.datetime_range(START, END, f"{interval}h", time_unit="ms", eager=True)
    late = pl.Series(rng.integers(0, 18, len(ts)))
    settled = pl.DataFrame(
        {
            "ts": ts,
            "available_at": ts + (late + 1).cast(pl.Duration("ms")),
            "venue": ["binance"] * len(ts),
            "symbol": [f"{coin}-USDT-PERP"] * len(ts),
            "funding_rate": rng.normal(1e-4, 2e-4, len(ts)),
            "interval_hours": [interval] * len(ts),
        }
    )
    if coin != "DDD":
        return settled
    hole = pl.lit(START + timedelta(days=13)), pl.lit(START + timedelta(days=14))
    return settled.filter(~pl.col("ts").is_between(*hole))
