"""Panel, factors and flags in long pandas: one row per instrument and hour, vectorised groupby.

The usual way to write it, and so the usual opponent of the benchmark. No apply, no Python loop over
rows; windows are ``groupby.rolling``, which pandas computes in C. The test suite holds it to the
wide reference.
"""

from datetime import datetime

import numpy as np
import pandas as pd

from cryptopipe_tests.reference.factors_pandas import BAR, CARRIED, HOUR, NOT_FROM_MINUTES

KEY = ["venue", "symbol", "ts"]


def factor_panel(
    microstructure: pd.DataFrame, listings: pd.DataFrame, *, start: datetime, end: datetime
) -> pd.DataFrame:
    """Return the filled panel with all factors and flags, sorted by venue, symbol, ts."""
    rows = _grid(listings, start=start, end=end)
    rows = rows.merge(microstructure.drop(columns="available_at"), on=KEY, how="left")
    valid = rows["n_minutes"] >= 50
    masked = [name for name in microstructure if name not in {*NOT_FROM_MINUTES, *KEY}]
    masked.remove("available_at")
    rows[masked] = rows[masked].where(valid)
    rows["is_valid_bar"] = valid
    rows = _fill(rows)
    rows = rows.assign(**_factors(rows))
    rows = rows.assign(**_flags(rows))
    return rows.drop(columns=["listing", "hour_number"])


def _grid(listings: pd.DataFrame, *, start: datetime, end: datetime) -> pd.DataFrame:
    names = listings.sort_values(["venue", "symbol", "listed_at"], ignore_index=True)
    first = names["listed_at"].dt.floor("h").clip(lower=pd.Timestamp(start))
    stop = names["delisted_at"].fillna(pd.Timestamp(end)).clip(upper=pd.Timestamp(end))
    hours = np.maximum(-((first - stop) // HOUR), 0).to_numpy()
    listing = np.repeat(np.arange(len(names)), hours)
    number = np.arange(len(listing)) - np.repeat(np.cumsum(hours) - hours, hours)
    ts = first.dt.as_unit("ms").astype("int64").to_numpy()[listing] + number * 3_600_000
    return pd.DataFrame(
        {
            "venue": names["venue"].array.take(listing),
            "symbol": names["symbol"].array.take(listing),
            "ts": pd.to_datetime(ts, unit="ms", utc=True).as_unit("ms"),
            "listing": listing,
            "hour_number": number,
        }
    )


def _hours_since(event: pd.Series, rows: pd.DataFrame) -> pd.Series:
    last = rows["hour_number"].where(event).groupby(rows["listing"], sort=False).ffill()
    return rows["hour_number"] - last


def _fill(rows: pd.DataFrame) -> pd.DataFrame:
    """Carry prices for three hours and funding for its interval plus one hour."""
    is_bar = rows["n_minutes"].notna()
    age = _hours_since(is_bar, rows)
    filled = age.between(1, 3)
    carried = ["close", "vwap", "vwap_exact", *CARRIED, "arb_pressure", "funding_age_h"]
    numbers = rows[carried].astype({"arb_pressure": float})
    # What is missing in the last bar must not be looked for in an earlier one.
    marked = numbers.mask(numbers.isna() & np.asarray(is_bar)[:, None], np.inf)
    last = marked.groupby(rows["listing"], sort=False).ffill(limit=3).replace(np.inf, np.nan)
    rows["arb_pressure"] = numbers["arb_pressure"]
    for name in BAR:
        rows[name] = rows[name].mask(filled, last["close"])
    for name in ("vwap", "vwap_exact"):
        rows[name] = rows[name].mask(filled, last[name])
    for name in ("volume_base", "volume_quote"):
        rows[name] = rows[name].mask(filled, 0.0)
    fresh = filled & (last["funding_age_h"] + age <= last["funding_interval_hours"] + 1)
    for name in [*CARRIED, "arb_pressure"]:
        rows[name] = rows[name].mask(fresh, last[name])
    rows["funding_age_h"] = rows["funding_age_h"].mask(fresh, last["funding_age_h"] + age)
    return rows.assign(is_filled=filled)


def _factors(rows: pd.DataFrame) -> dict[str, pd.Series]:
    listing, hour, valid = rows["listing"], rows["ts"], rows["is_valid_bar"]
    close, high, low = rows["close"], rows["high"], rows["low"]
    real_close = close.where(valid)
    volume, quote = rows["volume_base"].where(valid), rows["volume_quote"].where(valid)
    realized, funding = rows["realized_vol"], rows["funding_rate"]
    previous = close.groupby(listing, sort=False).shift(1)
    widest = np.fmax(np.fmax(high - low, (high - previous).abs()), (low - previous).abs())
    true_range = widest.where(previous.notna())
    atr = _rolling(true_range, listing, 24).mean().to_numpy()
    factors = {
        "funding_pressure": funding - funding.groupby(hour).transform("median"),
        "relative_volume": volume / volume.groupby(hour).transform("mean"),
        "relative_volume_usd": quote / quote.groupby(hour).transform("mean"),
        "turnover_ratio": volume / _rolling(volume, listing, 24).mean().to_numpy(),
        "true_range": true_range,
        "atr_24h": pd.Series(atr, index=rows.index),
        "price_efficiency": realized / (atr / close),
        "vol_regime": realized / _rolling(realized, listing, 168).mean().to_numpy(),
    }
    for hours in (1, 24, 168):
        earlier = real_close.groupby(listing, sort=False).shift(hours)
        factors[f"returns_{hours}h"] = real_close / earlier - 1
    size = valid.groupby(hour).transform("size").astype(float)
    return {name: values.where(np.isfinite(values)) for name, values in factors.items()} | {
        "cs_universe_size": size,
        "cs_coverage_frac": valid.groupby(hour).transform("sum") / size,
    }


def _rolling(values: pd.Series, listing: pd.Series, hours: int, at_least: int | None = None):
    return values.groupby(listing, sort=False).rolling(hours, min_periods=at_least)


def _flags(rows: pd.DataFrame) -> dict[str, pd.Series]:
    listing, valid, returns = rows["listing"], rows["is_valid_bar"], rows["returns_1h"]
    gap_hours = _hours_since(valid, rows).groupby(listing, sort=False).shift(1) + 1
    gap = (gap_hours * 3600).where(valid & (gap_hours <= 166))
    maintenance = gap > 3605
    before = maintenance.groupby(listing, sort=False)
    cooldown = before.shift(1, fill_value=False) | before.shift(2, fill_value=False)
    allowed = valid & gap.notna() & ~maintenance & ~cooldown
    volume = rows["volume_base"].where(valid)
    window = _rolling(volume, listing, 168, 24)
    distance = (volume - window.mean().to_numpy()).abs()
    is_known = volume.notna() & (window.count().to_numpy() >= 24)
    volume_spike = distance > 5 * window.std().to_numpy()
    spike = np.log1p(returns).abs() > 0.5
    mature = _rolling(valid.astype(float), listing, 168, 1).sum().to_numpy() >= 24
    good = allowed & mature & ~spike & ~volume_spike & returns.notna() & is_known
    return {
        "gap_seconds": gap,
        "under_maintenance": maintenance.where(gap.notna()),
        "cooldown_no_trade": cooldown,
        "trade_allowed": allowed,
        "is_spike": spike.where(returns.notna()),
        "is_volume_spike": volume_spike.where(is_known),
        "is_mature": pd.Series(mature, index=rows.index),
        "is_valid_for_training": good,
    }
