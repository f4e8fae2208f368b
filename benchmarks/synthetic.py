"""Seeded inputs of realistic size: minutes, funding, hourly features and listings."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

START = datetime(2025, 1, 1, tzinfo=UTC)
SEED = 20250101


def write_minutes(folder: Path, *, symbols: int, days: int) -> None:
    """Write ``bars.parquet``, ordered like day files (day, symbol, ts), and ``funding.parquet``."""
    rng = np.random.default_rng(SEED)
    end = START + timedelta(days=days)
    names = [f"S{number:02d}-USDT-PERP" for number in range(symbols)]
    bars = pl.concat(_bars(rng, name, end) for name in names)
    bars = bars.filter(pl.Series(rng.random(bars.height)) > 0.0002)
    bars.sort(pl.col("ts").dt.date(), "symbol", "ts").write_parquet(folder / "bars.parquet")
    pl.concat(_funding(rng, name, end) for name in names).write_parquet(folder / "funding.parquet")


def _bars(rng: np.random.Generator, symbol: str, end: datetime) -> pl.DataFrame:
    ts = pl.datetime_range(START, end, "1m", closed="left", time_unit="ms", eager=True)
    opened = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, len(ts))))
    close = opened * np.exp(rng.normal(0, 1e-3, len(ts)))
    volume = rng.exponential(100.0, len(ts))
    return pl.DataFrame(
        {
            "ts": ts,
            "venue": ["binance"] * len(ts),
            "symbol": [symbol] * len(ts),
            "open": opened,
            "high": np.maximum(opened, close) * (1 + np.abs(rng.normal(0, 5e-4, len(ts)))),
            "low": np.minimum(opened, close) * (1 - np.abs(rng.normal(0, 5e-4, len(ts)))),
            "close": close,
            "volume_base": volume,
            "volume_quote": volume * close,
            "trades": rng.integers(1, 500, len(ts)),
            "taker_buy_base": volume * rng.random(len(ts)),
        }
    )


def _funding(rng: np.random.Generator, symbol: str, end: datetime) -> pl.DataFrame:
    ts = pl.datetime_range(START, end, "8h", time_unit="ms", eager=True)
    return pl.DataFrame(
        {
            "ts": ts,
            "available_at": ts.dt.offset_by("8ms"),
            "venue": ["binance"] * len(ts),
            "symbol": [symbol] * len(ts),
            "funding_rate": rng.normal(1e-4, 2e-4, len(ts)),
            "interval_hours": np.full(len(ts), 8),
        }
    )


def write_hours(folder: Path, *, symbols: int, hours: int) -> None:
    """Write ``hours.parquet`` (microstructure with some holes) and ``listings.parquet``.

    An eighth of the instruments is listed later, another eighth is delisted.
    """
    rng = np.random.default_rng(SEED)
    names = [f"S{number:02d}-USDT-PERP" for number in range(symbols)]
    listed = [START + timedelta(hours=hours // 3 if i % 8 == 1 else 0) for i in range(symbols)]
    gone = [START + timedelta(hours=hours // 2) if i % 8 == 5 else None for i in range(symbols)]
    listings = pl.DataFrame(
        {
            "venue": ["binance"] * symbols,
            "symbol": names,
            "listed_at": listed,
            "delisted_at": gone,
        },
        schema_overrides=dict.fromkeys(("listed_at", "delisted_at"), pl.Datetime("ms", "UTC")),
    )
    micro = pl.concat(_hours(rng, name, hours) for name in names)
    alive = micro.join(listings, on=["venue", "symbol"]).filter(
        (pl.col("ts") >= pl.col("listed_at")),
        (pl.col("ts") < pl.col("delisted_at")).fill_null(True),
    )
    kept = alive.filter(pl.Series(rng.random(alive.height)) > 0.0002).select(micro.columns)
    kept.write_parquet(folder / "hours.parquet")
    listings.write_parquet(folder / "listings.parquet")


def _hours(rng: np.random.Generator, symbol: str, hours: int) -> pl.DataFrame:
    ts = pl.datetime_range(
        START, START + timedelta(hours=hours), "1h", closed="left", time_unit="ms", eager=True
    )
    close = 100 * np.exp(np.cumsum(rng.normal(0, 1e-2, hours)))
    volume = rng.exponential(1e4, hours)
    positive = ("realized_vol", "rv_sum", "volume_cv", "parkinson", "garman_klass")
    signed = ("vwap_dev", "funding_rate", "funding_rate_8h", "funding_annualized", "funding_delta")
    return pl.DataFrame(
        {
            "ts": ts,
            "available_at": ts.dt.offset_by("1h1ms"),
            "venue": ["binance"] * hours,
            "symbol": [symbol] * hours,
            "open": np.roll(close, 1),
            "high": np.maximum(close, np.roll(close, 1)) * 1.002,
            "low": np.minimum(close, np.roll(close, 1)) * 0.998,
            "close": close,
            "volume_base": volume,
            "volume_quote": volume * close,
            "trades": rng.integers(1, 10_000, hours),
            "taker_buy_base": volume * rng.random(hours),
            "taker_buy_ratio": rng.random(hours),
            "vwap": close,
            "vwap_exact": close,
            "n_minutes": np.where(rng.random(hours) < 0.0002, 40, 60),
            "funding_interval_hours": np.full(hours, 8),
            "funding_age_h": np.arange(hours) % 8 + 1.0,
            "arb_pressure": rng.random(hours) > 0.9,
            **{name: rng.lognormal(-5, 0.5, hours) for name in positive},
            **{name: rng.normal(0, 1e-3, hours) for name in signed},
        }
    )
