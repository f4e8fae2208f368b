"""A small seeded market with everything that goes wrong in a real one.

Twenty days of seven contracts: a late listing, a delisting, missing minutes and hours, an hour cut
short, hours without volume, a jump of price, a burst of volume, funding every 8, 4 and 1 hours,
one contract without funding and one that misses settlements.

Its settlements come a second time as a venue gives them, without intervals, and with all that makes
these hard to know: switches to shorter and longer intervals at even and at odd hours, a first
settlement, holes of one and of many, an end, rows that are late, and declarations that change.
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
    """Inputs of the factor pipeline.

    Attributes
    ----------
    settled
        Settlements as venues give them: without intervals, some declared by the row itself.
    declared
        What the venue declared of contracts, and since when that was known.
    """

    bars: pl.DataFrame
    funding: pl.DataFrame
    listings: pl.DataFrame
    settled: pl.DataFrame
    declared: pl.DataFrame


@cache
def small_market(seed: int = 7) -> Market:
    """Return the market of ``seed``."""
    rng = np.random.default_rng(seed)
    bars = pl.concat(_minutes(rng, symbol) for symbol in SYMBOLS).pipe(_spoil, rng)
    funding = pl.concat(_settlements(rng, *each) for each in FUNDING_HOURS.items())
    return Market(bars, funding, _listings(), _settled(rng), _declared())


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


SETTLED_AT: dict[str, list[tuple[int, int, int]]] = {
    # first hour, end and step of each stretch, in hours from START
    "AAA": [(0, 240, 8), (240, 292, 4), (292, 385, 1), (387, 480, 4)],  # one odd step of 3 hours
    "BBB": [(0, 248, 4), (256, 480, 8)],  # longer from one settlement to the next
    "CCC": [(0, 120, 1), (122, 300, 1), (303, 480, 4)],  # one lost, then longer at an odd hour
    "DDD": [(0, 300, 8), (344, 480, 8)],  # a hole of many
    "EEE": [(152, 480, 8)],  # a first settlement after the listing
    "FFF": [(0, 364, 4)],  # the end
}
LATE = {("BBB", 264): 5, ("DDD", 248): 11, ("AAA", 244): 30}
"""Hours after which a settlement was known that came late."""


def _settled(rng: np.random.Generator) -> pl.DataFrame:
    rows = []
    for coin, stretches in SETTLED_AT.items():
        for hour in (hour for stretch in stretches for hour in range(*stretch)):
            ts = START + timedelta(hours=hour)
            late = timedelta(hours=LATE.get((coin, hour), 0), milliseconds=int(rng.integers(1, 19)))
            # The rows of one contract say themselves what they are paid for.
            own = 4 if coin == "FFF" else None
            rate = rng.normal(1e-4, 2e-4)
            rows.append((ts, ts + late, "binance", f"{coin}-USDT-PERP", rate, own))
    return pl.DataFrame(rows, schema=_SETTLED_SCHEMA, orient="row")


def _declared() -> pl.DataFrame:
    """The contracts' intervals as a registry has them: seen hours after they changed."""
    seen = [("CCC", 0, 1), ("CCC", 306, 4), ("DDD", 240, 8), ("BBB", 250, 8)]
    return pl.DataFrame(
        [("binance", f"{c}-USDT-PERP", START + timedelta(hours=h), i) for c, h, i in seen],
        schema={
            "venue": pl.String,
            "symbol": pl.String,
            "available_at": _UTC_MS,
            "funding_interval_hours": pl.Int64,
        },
        orient="row",
    ).with_columns(ts="available_at")


_UTC_MS = pl.Datetime("ms", "UTC")
_SETTLED_SCHEMA = {
    "ts": _UTC_MS,
    "available_at": _UTC_MS,
    "venue": pl.String,
    "symbol": pl.String,
    "funding_rate": pl.Float64,
    "declared_interval_hours": pl.Int64,
}
