"""What the originals computed, asked for by command: forward-filled and latest caps."""

from datetime import date
from pathlib import Path

import pytest

from cryptopipe_assets.cli.replay import AS_THE_ORIGINALS, replay
from cryptopipe_assets.core.errors import StorageError
from cryptopipe_assets.core.time import DAY
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.origin import claim, origin_of
from cryptopipe_assets.tables.features.dilution_metrics import DilutionMetrics
from cryptopipe_assets.tables.features.leverage_ratios import LeverageRatios

FIRST, MONDAY = date(2025, 9, 17), date(2025, 9, 22)
CAP, SUPPLY = 2_000_000_000_000, 20_000_000
OPEN_INTEREST = {FIRST: 1e9, MONDAY: 3e9}


def put(folder: Path) -> None:
    """A list five days before a Monday, open interest of both days, and a later list of caps."""
    for name in ("coinalyze", "coinmarketcap", "supply"):
        (folder / name).mkdir(parents=True)
    seconds = {day: (day - date(1970, 1, 1)).days * 86_400 for day in OPEN_INTEREST}
    (folder / "coinalyze" / "open_interest_daily_1.csv").write_text(
        "symbol,timestamp,oi_open,oi_high,oi_low,oi_close\n"
        + "".join(
            f"BTCUSD_PERP.A,{seconds[day]},1,{usd},1,{usd}\n" for day, usd in OPEN_INTEREST.items()
        )
    )
    (folder / "coinmarketcap" / "monthly_snapshots_1.csv").write_text(
        "Rank,Name,Symbol,Market Cap,Price,Circulating Supply,Volume (24h),% 1h,% 24h,% 7d,"
        f"snapshot_date\n1,Bitcoin,BTC,{CAP},100000,{SUPPLY},1000,0,0,0,{FIRST}\n"
    )
    (folder / "supply" / "dilution_1.csv").write_text(
        "rank,symbol,name,price,market_cap,circulating_supply,total_supply,max_supply,volume_24h,"
        f"timestamp\n1,BTC,Bitcoin,100000,{CAP},{SUPPLY},{SUPPLY},21000000,1000,"
        f"{MONDAY + DAY}T12:00:00\n"
    )


def test_compat_is_refused_where_the_rows_were_known_in_time_and_changes_nothing(
    settings, tmp_path
):
    put(tmp_path / "data")
    claim(settings.warehouse, "recorded")
    own = settings.with_config(compat=AS_THE_ORIGINALS)
    tables = ["leverage_ratios"]
    with pytest.raises(
        StorageError, match="would add recorded \\(compat: forward_filled_caps, latest_c"
    ):
        replay(own, data=tmp_path / "data", first=FIRST, last=FIRST, tables=tables, strict=False)
    assert Lake(own.warehouse).days(LeverageRatios.table_name()) == []
    assert origin_of(own.warehouse) == "recorded"


@pytest.mark.slow
@pytest.mark.parametrize("compat", [False, True])
def test_compat_carries_a_cap_on_and_measures_by_a_cap_that_came_later(settings, tmp_path, compat):
    put(tmp_path / "data")
    own = settings.with_config(compat=AS_THE_ORIGINALS) if compat else settings
    tables = ["leverage_ratios", "dilution_metrics"]
    last = MONDAY + DAY
    replay(own, data=tmp_path / "data", first=FIRST, last=last, tables=tables, strict=False)
    lake = Lake(own.warehouse)
    first, monday = lake.read(LeverageRatios, FIRST), lake.read(LeverageRatios, MONDAY)
    assert first["oi_to_market_cap"].to_list() == [1e9 / CAP]
    assert monday["oi_to_market_cap"].to_list() == [3e9 / CAP if compat else None]
    dilution = lake.read(DilutionMetrics, FIRST)
    if compat:
        assert dilution.select("max_supply_effective", "cap_pit").rows() == [(21e6, False)]
    else:
        assert dilution.select("max_supply_effective", "cap_pit").rows() == [(None, None)]
