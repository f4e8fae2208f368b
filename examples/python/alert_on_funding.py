"""Which contracts pay extreme funding now, and who should be told?

Prints them, and sends them to the addresses in CRYPTOPIPE_NOTIFY, if it is set. Let a timer call it
a few minutes after each hour: an hour is news while `available_at` is within the last one.
"""

import os
import sys
from datetime import timedelta

import apprise
import polars as pl

import cryptopipe_assets as cp

LIMIT = float(sys.argv[1]) if len(sys.argv) > 1 else 0.3
"""Funding in a year, as a fraction of the position, paid or received."""

wh = cp.open_warehouse()
newest = wh.sql("SELECT max(available_at) AS at FROM microstructure_1h")["at"].item()
hours = wh.read(
    "microstructure_1h",
    start=newest - timedelta(hours=2),
    columns=["available_at", "symbol", "close", "funding_annualized"],
)
extreme = hours.filter(
    pl.col("available_at") > newest - timedelta(hours=1),
    pl.col("funding_annualized").abs() > LIMIT,
).sort("funding_annualized", descending=True)

print(f"{extreme.height} contracts pay more than {LIMIT:.0%} a year, by {newest:%H:%M} UTC")
print(extreme)

addresses = os.environ.get("CRYPTOPIPE_NOTIFY", "").split()
if addresses and extreme.height:
    targets = apprise.Apprise()
    targets.add(addresses)
    lines = [f"{row['symbol']}: {row['funding_annualized']:.1%}" for row in extreme.to_dicts()]
    targets.notify(title="Extreme funding", body="\n".join(lines))
