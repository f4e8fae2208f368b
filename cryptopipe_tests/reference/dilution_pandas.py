"""Dilution in pandas, from the definitions: a second, independent road to the same numbers."""

import numpy as np
import pandas as pd

DAY = pd.Timedelta(days=1)


def dilution_pandas(
    market_cap: pd.DataFrame, *, latest_caps: pd.DataFrame | None = None, min_days: int = 28
) -> pd.DataFrame:
    """Compute the metrics of ``dilution_metrics``, a row per (ts, coin_id), sorted by id, ts."""
    rows = _with_cap(_last_of_day(market_cap), latest_caps)
    circulating, cap = rows["circulating_supply"], rows["max_supply_effective"]
    rows["circulating_share"] = circulating / cap
    rows["potential_dilution"] = (cap - circulating) / circulating
    rows["locked_tokens"] = cap - circulating
    same_cap = ["coin_id", "cap_kind", "cap_pit"]
    share = _against_first(rows, "circulating_share", same_cap, min_days)
    rows["dilution_velocity_share_per_year"] = (share["last"] - share["first"]) / share["years"]
    rows["velocity_days"] = share["days"]
    supply = _against_first(rows, "circulating_supply", ["coin_id"], min_days)
    rows["dilution_velocity_tokens_per_year"] = (supply["last"] - supply["first"]) / supply["years"]
    rows["supply_inflation_ann"] = np.log(supply["last"] / supply["first"]) / supply["years"]
    velocity = rows["dilution_velocity_share_per_year"]
    labels = ["deflationary", "low", "medium", "high"]
    rows["category"] = pd.cut(velocity, [-np.inf, 0, 0.05, 0.10, np.inf], labels=labels)
    return rows.reset_index(drop=True)


def _last_of_day(market_cap: pd.DataFrame) -> pd.DataFrame:
    rows = market_cap.sort_values(["coin_id", "available_at", "ts"], ignore_index=True)
    rows = rows[rows["ts"] >= rows.groupby("coin_id")["ts"].cummax()]
    rows = rows.assign(
        supply_asof=rows["ts"],
        ts=(rows["available_at"] - pd.Timedelta(milliseconds=1)).dt.ceil("D") - DAY,
    )
    return rows.groupby(["coin_id", "ts"], sort=True).tail(1).reset_index(drop=True)


def _with_cap(rows: pd.DataFrame, latest: pd.DataFrame | None) -> pd.DataFrame:
    supplies = ["circulating_supply", "total_supply", "max_supply"]
    rows[supplies] = rows[supplies].where(rows[supplies] > 0)
    rows["cap_pit"] = True
    candidates = [("max", rows["max_supply"], True), ("total", rows["total_supply"], True)]
    if latest is not None:
        later = rows[["coin_id"]].merge(latest, on="coin_id", how="left")
        candidates += [
            (kind, later[f"{kind}_supply"].where(lambda cap: cap > 0), False)
            for kind in ("max", "total")
        ]
    cap = pd.Series(np.nan, rows.index)
    kinds = pd.Series(None, rows.index, dtype=object)
    for kind, values, is_pit in candidates:
        fills = cap.isna() & values.notna()
        cap, kinds = cap.where(~fills, values), kinds.where(~fills, kind)
        rows.loc[fills, "cap_pit"] = is_pit
    return rows.assign(max_supply_effective=cap, cap_kind=kinds)


def _against_first(rows: pd.DataFrame, column: str, by: list[str], min_days: int) -> pd.DataFrame:
    """Value and instant now and on the first day of the twelve months that end with the row."""
    known = rows.dropna(subset=[column, *by])
    known = known.assign(begins=known["ts"] - pd.DateOffset(months=12))
    first = pd.merge_asof(
        known[["begins", *by]].reset_index().sort_values("begins"),
        known[["ts", "supply_asof", column, *by]].sort_values("ts"),
        left_on="begins",
        right_on="ts",
        by=by,
        direction="forward",
    ).set_index("index")
    days = (known["supply_asof"] - first["supply_asof"]) / DAY
    days = days.where(days >= min_days)
    ends = {"first": first[column], "last": known[column], "days": days, "years": days / 365.25}
    return pd.DataFrame(ends).reindex(rows.index)
