"""A folder in which nothing is recorded but one list of coins."""

from datetime import UTC, date, datetime

import polars as pl

from cryptopipe_assets.cli.replay import replay
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.features.dilution_metrics import DilutionMetrics

TAKEN = "2025-11-03T02:01:38"
ROWS = (
    "rank,symbol,name,price,market_cap,circulating_supply,total_supply,max_supply,volume_24h,timestamp",
    f"1,BTC,Bitcoin,100000,2000000000000,20000000,20000000,21000000,1000,{TAKEN}",
    f"2,DOGE,Dogecoin,0.2,30000000000,150000000000,150000000000,,1000,{TAKEN}",
)


def test_the_day_of_the_last_list_has_its_dilution(settings, tmp_path):
    (tmp_path / "data" / "supply").mkdir(parents=True)
    (tmp_path / "data" / "supply" / "dilution_2025-11.csv").write_text("\n".join(ROWS) + "\n")
    day = date(2025, 11, 3)
    replay(
        settings,
        data=tmp_path / "data",
        first=day,
        last=day,
        tables=["dilution_metrics"],
        strict=False,
    )
    rows = Lake(settings.warehouse).read(DilutionMetrics, day).sort("coin")
    assert rows.select("coin", "circulating_supply", "supply_asof").rows() == [
        ("BTC", 20e6, datetime(2025, 11, 3, 2, 1, 38, tzinfo=UTC)),
        ("DOGE", 150e9, datetime(2025, 11, 3, 2, 1, 38, tzinfo=UTC)),
    ]
    assert rows["circulating_share"].to_list() == [20 / 21, 1.0]
    assert rows.select(pl.col("available_at").unique()).item() == datetime(
        2025, 11, 4, 0, 0, 0, 1000, tzinfo=UTC
    )
