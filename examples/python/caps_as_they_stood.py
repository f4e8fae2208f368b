"""What did the market caps look like an hour before the newest ones, as they stood then?"""

from datetime import timedelta

import polars as pl

import cryptopipe_assets as cp

wh = cp.open_warehouse()
newest = wh.sql("SELECT max(available_at) AS at FROM market_cap")["at"].item()
then = wh.read("market_cap", as_of=newest - timedelta(hours=1))

caps = (
    then.filter(pl.col("market_cap_usd").is_not_null())
    .sort("ts")
    .unique("coin_id", keep="last", maintain_order=True)
    .sort("market_cap_usd", descending=True)
)
print(f"as known at {newest - timedelta(hours=1):%Y-%m-%d %H:%M} UTC")
print(caps.select("coin", "ts", "price_usd", "market_cap_usd", "source").head(5))
