"""Thinning keeps what a midnight or a day's end rests on, and forgets nothing else unasked."""

import threading
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.operations.thinning import day_ends, thin
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.market_cap import MarketCap

pytestmark = pytest.mark.slow

DAY = datetime(2026, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def snapshot(hours, *, coin="bitcoin", source="coingecko", cap=1.0, supply=2.0, late=0.0, day=DAY):
    """A row of a coin at an hour of the day that became available ``late`` hours after it."""
    return {
        "ts": day + hours * HOUR,
        "available_at": day + (hours + late) * HOUR,
        "ingested_at": day + (hours + late) * HOUR,
        "source": source,
        "coin_id": f"{source}:{coin}",
        "coin": coin.upper(),
        "name": coin,
        "kind": "coin",
        "rank": None,
        "price_usd": 1.0,
        "market_cap_usd": cap,
        "circulating_supply": supply,
        "total_supply": None,
        "max_supply": None,
        "volume_24h_usd": None,
    }


def rows(*snapshots):
    return MarketCap.conform(pl.DataFrame(snapshots, schema=MarketCap.polars_schema()))


def hours_kept(*snapshots):
    kept = day_ends(rows(*snapshots))["ts"]
    return [int((ts - DAY) / HOUR) for ts in sorted(kept)]


def test_midnight_and_the_last_snapshot_of_the_day_stay():
    assert hours_kept(*(snapshot(hour) for hour in range(24))) == [0, 23]


def test_each_coin_and_vendor_has_its_own_last_one():
    kept = day_ends(
        rows(snapshot(3), snapshot(4), snapshot(9, coin="solana"), snapshot(5, source="cmc"))
    )
    assert sorted(kept["coin_id"]) == ["cmc:bitcoin", "coingecko:bitcoin", "coingecko:solana"]
    assert kept.filter(coin_id="coingecko:bitcoin")["ts"].item() == DAY + 4 * HOUR


def test_a_snapshot_that_came_in_after_the_day_does_not_replace_the_one_known_by_then():
    assert hours_kept(snapshot(20), snapshot(21), snapshot(23, late=3)) == [21, 23]


def test_the_last_snapshot_that_says_a_value_stays():
    no_cap, no_supply = snapshot(8, cap=None), snapshot(9, supply=None)
    kept = hours_kept(snapshot(5), snapshot(6), no_cap, no_supply, snapshot(10, cap=None))
    assert kept == [9, 10]


@pytest.fixture
def lake(tmp_path):
    made = Lake(tmp_path)
    for back in range(3):
        day = DAY - timedelta(days=back)
        made.upsert(MarketCap, rows(*(snapshot(h, day=day) for h in range(24))), day.date())
    return made


def test_only_days_before_the_given_one_are_thinned_and_a_second_time_finds_nothing(lake):
    before = date(2026, 3, 10)
    done = list(thin(lake, MarketCap, before=before, look_only=False))
    assert [(each.day, each.before, each.after) for each in done] == [
        (date(2026, 3, 8), 24, 2),
        (date(2026, 3, 9), 24, 2),
    ]
    assert lake.read(MarketCap, before).height == 24
    assert list(thin(lake, MarketCap, before=before, look_only=False)) == []


def test_looking_changes_nothing(lake):
    assert len(list(thin(lake, MarketCap, before=date(2026, 3, 10), look_only=True))) == 2
    assert lake.read(MarketCap, date(2026, 3, 8)).height == 24


def test_rows_that_come_while_a_day_is_thinned_are_not_lost(tmp_path, monkeypatch):
    lake = Lake(tmp_path, lock_seconds=10)
    lake.upsert(MarketCap, rows(*(snapshot(hour) for hour in range(3))), DAY.date())
    late = threading.Thread(
        target=lambda: Lake(tmp_path, lock_seconds=10).upsert(
            MarketCap, rows(snapshot(20, coin="ethereum")), DAY.date()
        )
    )
    read = Lake.read

    def read_and_let_another_write(self, *partition):
        stored = read(self, *partition)
        if threading.current_thread() is threading.main_thread() and late.ident is None:
            late.start()
            late.join(timeout=0.3)  # it waits for us, or has written by now
        return stored

    monkeypatch.setattr(Lake, "read", read_and_let_another_write)
    assert len(list(thin(lake, MarketCap, before=date(2027, 1, 1), look_only=False))) == 1
    late.join()
    assert set(lake.read(MarketCap, DAY.date())["coin"]) == {"BITCOIN", "ETHEREUM"}
