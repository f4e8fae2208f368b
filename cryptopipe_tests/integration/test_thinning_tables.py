"""What is derived from thinned market caps has the bits that it had before."""

from datetime import timedelta

import polars as pl

from cryptopipe_assets.defs.collected.market_cap import MarketCap
from cryptopipe_assets.thinning import thin

DERIVED = ["leverage_ratios", "dilution_metrics", "signals"]
FIRST, LAST = "2024-07-08", "2024-07-12"


def add_snapshots(lake) -> int:
    """Two more snapshots of each coin in the hours before each stored one; how many they are."""
    stored = lake.scan(MarketCap, *(lake.days("market_cap")[end] for end in (0, -1))).collect()
    added = 0
    for hours, factor in ((2, 0.9), (3, 1.1)):
        earlier = stored.with_columns(
            pl.col("ts", "available_at", "ingested_at") - timedelta(hours=hours),
            pl.col("market_cap_usd", "circulating_supply") * factor,
        )
        for (day,), part in earlier.group_by(pl.col("ts").dt.date(), maintain_order=True):
            added += lake.upsert(MarketCap, MarketCap.conform(part), day).added
    return added


def derived(platform):
    return {name: it for name, it in platform.files().items() if name.split("/")[0] in DERIVED}


def test_leverage_dilution_and_signals_do_not_notice(filled):
    assert add_snapshots(filled.lake) > 1000
    assert filled.materialise(DERIVED, FIRST, LAST).success
    before = derived(filled)
    last = filled.lake.days("market_cap")[-1] + timedelta(days=1)
    gone = sum(
        t.before - t.after for t in thin(filled.lake, MarketCap, before=last, look_only=False)
    )
    assert gone > 1000
    for name in before:
        (filled.settings.warehouse / name).unlink()
    assert filled.materialise(DERIVED, FIRST, LAST).success
    assert derived(filled) == before
