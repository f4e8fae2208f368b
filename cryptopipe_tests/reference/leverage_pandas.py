"""Leverage in pandas, from the definitions: a second, independent road to the same numbers.

Every input a wide frame (days x coins), windows as plain rolling calls, as a pandas user who cares
for speed would write it. It is the reference of the tests and the opponent of the benchmark.
"""

import numpy as np
import pandas as pd

MAX_MARKET_CAP_AGE = pd.Timedelta(days=3)


def leverage_pandas(
    open_interest: pd.DataFrame,
    market_cap: pd.DataFrame,
    funding: pd.DataFrame,
) -> pd.DataFrame:
    """Compute the metrics of ``leverage_ratios``, a row per (ts, coin), sorted by coin, ts."""
    rows = open_interest[~open_interest["is_excluded"]].dropna(subset="open_interest_usd")
    rows = _with_market_cap(rows, market_cap)
    rows["oi_to_market_cap"] = rows["open_interest_usd"] / rows["market_cap_usd"]
    interest, ratio = _wide(rows, "open_interest_usd"), _wide(rows, "oi_to_market_cap")
    rate = _wide(funding, "funding_8h").reindex(index=interest.index, columns=interest.columns)
    wide = {
        **_of_open_interest(interest),
        "oi_to_market_cap_ma30": ratio.rolling(30, min_periods=1).mean(),
        "oi_to_market_cap_std30": ratio.rolling(30, min_periods=2).std(),
        **_of_funding(rate),
    }
    funded = wide["avg_funding_7d"].where(interest.notna())
    wide |= _score(ratio, funded, wide["oi_growth_30d"])
    long = pd.concat({name: frame.stack(future_stack=True) for name, frame in wide.items()}, axis=1)
    rows = rows.set_index(["ts", "coin"]).join(long).reset_index()
    rows["oi_to_volume"] = rows["avg_open_interest_7d_usd"] / rows["volume_24h_usd"]
    return rows.sort_values(["coin", "ts"], ignore_index=True)


def _with_market_cap(rows: pd.DataFrame, market_cap: pd.DataFrame) -> pd.DataFrame:
    """Newest cap known a millisecond after the day; a later-known older value does not displace."""
    known = market_cap.sort_values(["available_at", "ts"])
    known = known[known["ts"] >= known.groupby("coin")["ts"].cummax()]
    known = known[["available_at", "ts", "coin", "market_cap_usd", "volume_24h_usd"]]
    joined = pd.merge_asof(
        rows.sort_values("available_at"),
        known.rename(columns={"ts": "market_cap_asof"}),
        on="available_at",
        by="coin",
    )
    too_old = joined["ts"] + pd.Timedelta(days=1) - joined["market_cap_asof"] > MAX_MARKET_CAP_AGE
    joined.loc[too_old, ["market_cap_usd", "volume_24h_usd"]] = np.nan
    return joined


def _wide(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    wide = rows.pivot(index="ts", columns="coin", values=column)
    return wide.reindex(pd.date_range(wide.index.min(), wide.index.max(), freq="D", name="ts"))


def _of_open_interest(interest: pd.DataFrame) -> dict[str, pd.DataFrame]:
    change = interest.pct_change(fill_method=None)
    slope, tstat = _trend(np.log(interest))
    return {
        "avg_open_interest_7d_usd": interest.rolling(7, min_periods=5).mean(),
        "oi_volatility_30d": change.rolling(30, min_periods=20).std(),
        **{f"oi_growth_{days}d": _growth(interest, days) for days in (7, 30, 90)},
        "oi_trend_30d": slope,
        "oi_trend_tstat": tstat,
        "oi_days_30d": interest.notna().rolling(30, min_periods=1).sum(),
    }


def _growth(interest: pd.DataFrame, days: int) -> pd.DataFrame:
    return interest / interest.ffill(limit=2).shift(days) - 1


def _trend(logs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Slope and t-statistic of the line through the known values of 30 days."""
    day = np.arange(len(logs), dtype=float)[:, None]
    days = pd.DataFrame(np.where(logs.notna(), day, np.nan), logs.index, logs.columns)
    rolling_y, rolling_x = (frame.rolling(30, min_periods=20) for frame in (logs, days))
    n, var_x, var_y = rolling_y.count(), rolling_x.var(), rolling_y.var()
    slope = rolling_x.cov(logs, pairwise=False) / var_x
    residual = (n - 1) * (var_y - slope**2 * var_x)
    return slope, slope / np.sqrt(residual / (n - 2) / ((n - 1) * var_x))


def _of_funding(rate: pd.DataFrame) -> dict[str, pd.DataFrame]:
    positive = (rate > 0).astype(float).where(rate.notna())
    month = rate.rolling(30, min_periods=20)
    return {
        "funding_8h_bp": rate * 10_000,
        "avg_funding_7d": rate.rolling(7, min_periods=5).mean(),
        "avg_funding_30d": month.mean(),
        "funding_volatility_30d": month.std(),
        "positive_funding_share_30d": positive.rolling(30, min_periods=20).mean(),
        "cost_long_30d_ann": month.mean() * 30 * 3 * 365 / 30,
        "funding_days_30d": rate.notna().rolling(30, min_periods=1).sum(),
    }


def _score(
    ratio: pd.DataFrame, funding: pd.DataFrame, growth: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    weighted, weights, terms = 0.0, 0.0, 0
    for values, weight in ((ratio, 0.6), (funding.abs(), 0.2), (growth, 0.2)):
        rank = values.rank(axis=1, pct=True)
        weighted = weighted + rank.fillna(0.0) * weight
        weights = weights + rank.notna() * weight
        terms = terms + rank.notna().astype(int)
    return {"leverage_score": 100 * weighted / weights.where(weights > 0), "score_terms": terms}
