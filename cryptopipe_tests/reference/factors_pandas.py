"""Panel, factors and flags in wide pandas: a second, independent road to the same numbers.

Written from the definitions, as a pandas user who cares most for speed would write it: every column
a wide frame (hours x instruments), so that windows and cross-sections are plain vectorised calls,
no groupby and no apply. It is the reference of the tests and the harder opponent of the benchmark.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

HOUR = pd.Timedelta(hours=1)
BAR = ["open", "high", "low", "close"]
CARRIED = ["funding_rate", "funding_interval_hours", "funding_rate_8h", "funding_annualized"]
NOT_FROM_MINUTES = {*BAR, "vwap", "vwap_exact", "n_minutes", "arb_pressure"} | {
    *CARRIED,
    "funding_age_h",
    "funding_delta",
}
REQUIRED = [
    *[*BAR, "volume_base", "volume_quote", "vwap", "vwap_dev", "realized_vol", "volume_cv"],
    *["relative_volume", "relative_volume_usd", "turnover_ratio", "true_range", "atr_24h"],
    *["price_efficiency", "returns_1h", "returns_24h", "returns_168h", "vol_regime"],
]


@dataclass
class Wide:
    """Columns as frames of hours x listings, and which cells are listed at all."""

    columns: dict[str, pd.DataFrame]
    listed: np.ndarray
    names: pd.DataFrame

    def long(self) -> pd.DataFrame:
        """Back to one row per listed instrument and hour, sorted by venue, symbol, ts."""
        at = self.listed.T
        ts = next(iter(self.columns.values())).index
        listing, hour = np.nonzero(at)
        key = {
            "ts": ts[hour],
            "venue": self.names["venue"].to_numpy()[listing],
            "symbol": self.names["symbol"].to_numpy()[listing],
        }
        return pd.DataFrame(
            key | {name: wide.to_numpy().T[at] for name, wide in self.columns.items()}
        )


def factor_panel(
    microstructure: pd.DataFrame, listings: pd.DataFrame, *, start: datetime, end: datetime
) -> Wide:
    """Return the filled panel with all factors and flags."""
    panel = _spread(microstructure, listings, start=start, end=end)
    is_bar = panel.columns["n_minutes"].notna()
    valid = panel.columns["n_minutes"] >= 50
    for name in panel.columns:
        if name not in NOT_FROM_MINUTES:
            panel.columns[name] = panel.columns[name].where(valid)
    panel.columns |= _filled(panel.columns, is_bar, panel.listed)
    panel.columns["is_valid_bar"] = valid
    panel.columns |= _factors(panel.columns, valid)
    panel.columns |= _coverage(panel.listed, valid)
    panel.columns |= _flags(panel.columns, valid)
    return panel


def _spread(
    microstructure: pd.DataFrame, listings: pd.DataFrame, *, start: datetime, end: datetime
) -> Wide:
    """Put every bar into its cell; bars outside their listing have none."""
    names = listings.sort_values(["venue", "symbol", "listed_at"], ignore_index=True)
    first = names["listed_at"].dt.floor("h").to_numpy()
    last = names["delisted_at"].fillna(pd.Timestamp(end)).to_numpy()
    hours = pd.date_range(start, end, freq="h", inclusive="left").as_unit("ms")
    at = hours.to_numpy()[:, None]
    listed = (at >= first) & (at < last)
    columns = [name for name in microstructure if name not in {"ts", "venue", "symbol"}]
    bars = microstructure.merge(
        names.assign(listing=names.index)[["venue", "symbol", "listing"]], on=["venue", "symbol"]
    )
    row = ((bars["ts"] - pd.Timestamp(start)) // HOUR).to_numpy()
    cell = (row >= 0) & (row < len(hours))
    cell[cell] &= listed[row[cell], bars["listing"].to_numpy()[cell]]
    row, listing = row[cell], bars["listing"].to_numpy()[cell]
    wide = {}
    for name in columns:
        if name == "available_at":
            continue
        values = np.full(listed.shape, np.nan)
        values[row, listing] = bars[name].to_numpy(dtype=float, na_value=np.nan)[cell]
        wide[name] = pd.DataFrame(values, index=hours)
    return Wide(wide, listed, names)


def _hours_since(event: pd.DataFrame) -> pd.DataFrame:
    number = np.arange(len(event), dtype=float)[:, None]
    return number - event.where(event).mul(number).astype(float).ffill()


def _filled(
    columns: dict[str, pd.DataFrame], is_bar: pd.DataFrame, listed: np.ndarray
) -> dict[str, pd.DataFrame]:
    """Carry prices for three hours and funding for its interval plus one hour."""
    age = _hours_since(is_bar)
    filled = (age >= 1) & (age <= 3) & listed

    def last(name: str) -> pd.DataFrame:
        value = columns[name]
        carried = value.shift(3)
        for hours in (2, 1):
            carried = carried.mask(age == hours, value.shift(hours))
        return carried

    out = {name: columns[name].mask(filled, last("close")) for name in BAR}
    out |= {name: columns[name].mask(filled, last(name)) for name in ("vwap", "vwap_exact")}
    out |= {name: columns[name].mask(filled, 0.0) for name in ("volume_base", "volume_quote")}
    funding_age = last("funding_age_h") + age
    fresh = filled & (funding_age <= last("funding_interval_hours") + 1)
    out |= {name: columns[name].mask(fresh, last(name)) for name in [*CARRIED, "arb_pressure"]}
    out["funding_age_h"] = columns["funding_age_h"].mask(fresh, funding_age)
    out["is_filled"] = filled
    return out


def _factors(columns: dict[str, pd.DataFrame], valid: pd.DataFrame) -> dict[str, pd.DataFrame]:
    close, high, low = columns["close"], columns["high"], columns["low"]
    real_close = close.where(valid)
    volume, quote = columns["volume_base"].where(valid), columns["volume_quote"].where(valid)
    funding, realized = columns["funding_rate"], columns["realized_vol"]
    previous = close.shift(1)
    widest = np.fmax(np.fmax(high - low, (high - previous).abs()), (low - previous).abs())
    true_range = widest.where(previous.notna())
    atr = true_range.rolling(24).mean()
    factors = {
        "funding_pressure": funding.sub(funding.median(axis=1), axis=0),
        "relative_volume": volume.div(volume.mean(axis=1), axis=0),
        "relative_volume_usd": quote.div(quote.mean(axis=1), axis=0),
        "turnover_ratio": volume / volume.rolling(24).mean(),
        "true_range": true_range,
        "atr_24h": atr,
        "price_efficiency": realized / (atr / close),
        "vol_regime": realized / realized.rolling(168).mean(),
    }
    for hours in (1, 24, 168):
        factors[f"returns_{hours}h"] = real_close / real_close.shift(hours) - 1
    return {name: wide.where(np.isfinite(wide)) for name, wide in factors.items()}


def _coverage(listed: np.ndarray, valid: pd.DataFrame) -> dict[str, pd.DataFrame]:
    size = pd.Series(listed.sum(axis=1).astype(float), index=valid.index)
    whole = pd.DataFrame(np.ones(valid.shape), index=valid.index)
    return {
        "cs_universe_size": whole.mul(size, axis=0),
        "cs_coverage_frac": whole.mul(valid.sum(axis=1) / size, axis=0),
    }


def _flags(columns: dict[str, pd.DataFrame], valid: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the flags; 1, 0 or missing where a flag can be unknown."""
    gap_hours = _hours_since(valid).shift(1) + 1
    gap = (gap_hours * 3600).where(valid & (gap_hours <= 166))
    maintenance = gap > 3605
    cooldown = maintenance.shift(1, fill_value=False) | maintenance.shift(2, fill_value=False)
    allowed = valid & gap.notna() & ~maintenance & ~cooldown
    volume = columns["volume_base"].where(valid)
    window = volume.rolling(168, min_periods=24)
    distance = (volume - window.mean()).abs()
    volume_spike = (distance > 5 * window.std()).where(volume.notna() & (window.count() >= 24))
    returns = columns["returns_1h"]
    spike = (np.log1p(returns).abs() > 0.5).where(returns.notna())
    mature = valid.rolling(168, min_periods=1).sum() >= 24
    return {
        "gap_seconds": gap,
        "under_maintenance": maintenance.where(gap.notna()),
        "cooldown_no_trade": cooldown,
        "trade_allowed": allowed,
        "is_spike": spike,
        "is_volume_spike": volume_spike,
        "is_mature": mature,
        "is_valid_for_training": allowed & mature & (spike == False) & (volume_spike == False),  # noqa: E712
    }


def final_set(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the kept rows, and the count of the dropped ones by the first reason that applies."""
    is_bar = rows["n_minutes"].notna()
    reasons = {
        "no_bar": ~is_bar & ~rows["is_filled"].astype(bool),
        "filled": ~is_bar,
        "too_few_minutes": ~rows["is_valid_bar"].astype(bool),
        "low_coverage": rows["cs_coverage_frac"] < 0.5,
        **{f"missing_{name}": rows[name].isna() for name in REQUIRED},
    }
    reason = np.select(list(reasons.values()), list(reasons), default="")
    counts = pd.Series(reason[reason != ""]).value_counts()
    return rows[reason == ""], {name: int(counts[name]) for name in reasons if name in counts}
