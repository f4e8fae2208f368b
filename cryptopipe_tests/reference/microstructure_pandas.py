"""Hourly microstructure in pandas: a second, independent road to the same numbers.

Written from the definitions, not from the Polars code, and as a pandas user who cares for speed
would write it: integer group keys, one shift per instrument, one vectorised aggregation, no apply.
It is the reference of the tests and the opponent of the benchmark.
"""

import numpy as np
import pandas as pd

MINUTE = pd.Timedelta(minutes=1)
HOUR = pd.Timedelta(hours=1)


def hourly_microstructure(bars: pd.DataFrame, funding: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of ``microstructure_1h``, sorted by venue, symbol, ts."""
    hours = _fold(bars)
    volume = hours["volume_base"].where(hours["volume_base"] > 0)
    log_range = np.log(hours["high"] / hours["low"])
    log_body = np.log(hours["close"] / hours["open"])
    hours["vwap"] = hours["typical_quote"] / volume
    hours["vwap_exact"] = hours["volume_quote"] / volume
    hours["vwap_dev"] = (hours["close"] - hours["vwap"]) / hours["vwap"]
    hours["taker_buy_ratio"] = hours["taker_buy_base"] / volume
    hours["realized_vol"] = hours["return_std"] * np.sqrt(60)
    hours["rv_sum"] = np.sqrt(hours["log_return_sq"]).where(hours["n_returns"] > 0)
    hours["volume_cv"] = (hours["volume_std"] / hours["volume_mean"]).mask(
        hours["volume_mean"] == 0, 0.0
    )
    hours["parkinson"] = np.sqrt(log_range**2 / (4 * np.log(2)))
    hours["garman_klass"] = np.sqrt(0.5 * log_range**2 - (2 * np.log(2) - 1) * log_body**2)
    hours = _with_funding(hours, funding)
    available_at = hours["ts"] + HOUR + pd.Timedelta(milliseconds=1)
    hours["available_at"] = available_at.dt.as_unit("ms")
    working = ["typical_quote", "log_return_sq", "return_std", "n_returns"]
    return hours.drop(columns=[*working, "volume_std", "volume_mean"])


def _fold(bars: pd.DataFrame) -> pd.DataFrame:
    """Aggregate minutes to hours, with the returns between adjacent minutes."""
    venue, venues = bars["venue"].factorize()
    symbol, symbols = bars["symbol"].factorize()
    minutes = bars.assign(instrument=venue.astype("int64") * len(symbols) + symbol)
    since = minutes.groupby("instrument", sort=False)["ts"].diff()
    if (since < pd.Timedelta(0)).any():
        minutes = minutes.sort_values(["instrument", "ts"], ignore_index=True)
        since = minutes.groupby("instrument", sort=False)["ts"].diff()
    close, volume = minutes["close"], minutes["volume_base"]
    previous = minutes.groupby("instrument", sort=False)["close"].shift(1).where(since == MINUTE)
    growth = close / previous
    hour_number = minutes["ts"].dt.as_unit("ms").astype("int64") // 3_600_000
    minutes = minutes.assign(
        simple_return=growth - 1,
        log_return_sq=np.log(growth) ** 2,
        typical_quote=(minutes["high"] + minutes["low"] + close) / 3 * volume,
        hour=minutes["instrument"] * 10_000_000 + hour_number,
    )
    hours = minutes.groupby("hour", sort=False).agg(
        open=("open", "first"),
        high=("high", "max"),
        low=("low", "min"),
        close=("close", "last"),
        volume_base=("volume_base", "sum"),
        volume_quote=("volume_quote", "sum"),
        trades=("trades", "sum"),
        taker_buy_base=("taker_buy_base", "sum"),
        typical_quote=("typical_quote", "sum"),
        log_return_sq=("log_return_sq", "sum"),
        return_std=("simple_return", "std"),
        n_returns=("simple_return", "count"),
        volume_std=("volume_base", "std"),
        volume_mean=("volume_base", "mean"),
        n_minutes=("close", "size"),
    )
    key = hours.index.to_numpy()
    instrument = key // 10_000_000
    hours["venue"] = venues.to_numpy()[instrument // len(symbols)]
    hours["symbol"] = symbols.to_numpy()[instrument % len(symbols)]
    hours["ts"] = pd.to_datetime(key % 10_000_000 * 3_600_000, unit="ms", utc=True).as_unit("ms")
    return hours.sort_values(["venue", "symbol", "ts"], ignore_index=True)


def _with_funding(hours: pd.DataFrame, funding: pd.DataFrame) -> pd.DataFrame:
    """Join the last rate available at the end of the hour, unless it is too old."""
    settled = funding.rename(columns={"ts": "settled_at", "interval_hours": "interval"})
    settled = settled[["settled_at", "available_at", "venue", "symbol", "funding_rate", "interval"]]
    hours = hours.assign(bar_end=(hours["ts"] + HOUR).dt.as_unit("ms"))
    hours = pd.merge_asof(
        hours.sort_values("bar_end", kind="stable"),
        settled.sort_values(["available_at", "settled_at"]),
        left_on="bar_end",
        right_on="available_at",
        by=["venue", "symbol"],
    ).sort_values(["venue", "symbol", "ts"], ignore_index=True)
    age = (hours.pop("bar_end") - hours.pop("settled_at")) / HOUR
    interval = hours.pop("interval")
    usable = age <= interval + 1
    rate = hours["funding_rate"].where(usable)
    usable &= rate.notna()
    annualized = rate * 8760 / interval
    grouped = hours.groupby(["venue", "symbol"], sort=False)
    hours["funding_delta"] = (
        rate - rate.groupby([hours["venue"], hours["symbol"]]).shift(1)
    ).where(grouped["ts"].diff() == HOUR)
    hours["funding_rate"] = rate
    hours["funding_interval_hours"] = interval.where(usable)
    hours["funding_rate_8h"] = rate * 8 / interval
    hours["funding_age_h"] = age.where(usable)
    hours["funding_annualized"] = annualized
    hours["arb_pressure"] = (annualized.abs() > 0.30).where(usable)
    return hours.drop(columns="available_at")
