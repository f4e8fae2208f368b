"""Collecting at another time than now, from a stand-in that is at that time too."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.runtime.simulated_clock import SimulatedClock, simulated_world
from cryptopipe_assets.runtime.table_run import TableRun
from cryptopipe_assets.tables.collected.market_cap import MarketCap

EVENING = datetime(2026, 2, 1, 23, 45, tzinfo=UTC)
A_MONTH_LATER = datetime(2026, 3, 1, 23, 45, tzinfo=UTC)


@pytest.fixture
def world(settings):
    with simulated_world(settings, SimulatedClock(EVENING)) as opened:
        yield opened


def test_two_evenings_of_the_past_are_stored_as_they_were_then(settings, world):
    run = TableRun(settings, keep=False, vendors=world.vendors)
    run.materialise(["instruments", "market_cap"], EVENING.date(), EVENING.date())
    world.clock.set(A_MONTH_LATER)
    run.materialise(["market_cap"], A_MONTH_LATER.date(), A_MONTH_LATER.date())
    rows = run.warehouse.lake.scan(MarketCap, date(2026, 2, 1), date(2026, 3, 1)).collect()
    avax = rows.filter(coin="AVAX").sort("ts")
    assert avax["ts"].to_list() == [EVENING, A_MONTH_LATER]
    assert avax["available_at"].to_list() == [
        each + timedelta(milliseconds=1) for each in (EVENING, A_MONTH_LATER)
    ]
    assert avax["ingested_at"].to_list() == [EVENING, A_MONTH_LATER]
    assert avax["circulating_supply"].null_count() == 0
    assert avax["circulating_supply"][1] > avax["circulating_supply"][0]
    assert (settings.warehouse / ".origin").read_text().strip() == "simulated"


def test_the_world_shows_nothing_later_than_its_clock(settings, world):
    run = TableRun(settings, keep=False, vendors=world.vendors)
    run.materialise(["instruments", "ohlcv_1m"], EVENING.date(), EVENING.date())
    bars = pl.read_parquet(run.warehouse.lake.path("ohlcv_1m", EVENING.date()))
    assert bars["ts"].max() == EVENING - timedelta(minutes=1)
    assert bars["available_at"].max() == EVENING + timedelta(milliseconds=1)
