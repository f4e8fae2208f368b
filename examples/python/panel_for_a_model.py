"""How do I get a panel for a model: a row an hour, a column a symbol, in pandas?

Rows that are not fit for training are left out, and what is missing stays missing.
"""

import polars as pl

import cryptopipe_assets as cp

wh = cp.open_warehouse()
hours = wh.read("factors_1h", columns=["ts", "symbol", "returns_24h", "is_valid_for_training"])
panel = (
    hours.filter(pl.col("is_valid_for_training"))
    .pivot(on="symbol", index="ts", values="returns_24h")
    .sort("ts")
)
frame = panel.to_pandas().set_index("ts")
print(f"{frame.shape[0]} hours of {frame.shape[1]} contracts")
print(frame.tail(3).round(4).to_string(max_cols=5))
