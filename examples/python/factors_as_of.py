"""Which leverage was known when each hour of a coin's factors ended?

Two tables are joined as of `available_at`, so no hour sees the leverage of a day that is not over.
"""

import polars as pl

import cryptopipe_assets as cp

COIN = "BTC"

wh = cp.open_warehouse()
hours = wh.read(
    "factors_1h",
    coins=COIN,
    columns=["ts", "available_at", "symbol", "close", "returns_24h", "vol_regime"],
)
leverage = wh.read(
    "leverage_ratios",
    coins=COIN,
    columns=["available_at", "oi_to_market_cap", "leverage_score"],
)
joined = hours.sort("available_at").join_asof(
    leverage.sort("available_at"), on="available_at", strategy="backward", tolerance="3d"
)
print(joined.drop("available_at").tail(6))
print(f"correlation: {joined.select(pl.corr('returns_24h', 'leverage_score')).item()}")
