"""Stored minutes that stand still: REST is asked once whether anything was traded in them."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.collect.gaps.silent import known_silence
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.faults.holes import Hole, HoledSource
from cryptopipe_assets.sandbox.faults.plan import Fault
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_tests.conftest import Platform

pytestmark = pytest.mark.slow

DAY = date(2026, 3, 9)
BTC = "BTC-USDT-PERP"
AMOUNTS = ("volume_base", "volume_quote", "taker_buy_base", "taker_buy_quote", "trades")


def instant(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 9, hour, minute, tzinfo=UTC)


def flatten(platform: Platform, *stretches: tuple[datetime, datetime]) -> None:
    """Store minutes of bitcoin without a trade, at the close."""
    rows = platform.lake.read(Ohlcv1m, DAY)
    inside = pl.any_horizontal(pl.col("ts").is_between(*each, closed="left") for each in stretches)
    is_flat = inside & (pl.col("symbol") == BTC)
    flat = {name: pl.col("close") for name in ("open", "high", "low")} | {
        name: pl.lit(0).cast(rows.schema[name]) for name in AMOUNTS
    }
    rows.with_columns(
        pl.when(is_flat).then(value).otherwise(name).alias(name) for name, value in flat.items()
    ).write_parquet(platform.lake.path("ohlcv_1m", DAY))


def look(platform: Platform, *, repair: bool = True, again: bool = False) -> dict[str, object]:
    config = {"ops": {"data_gaps": {"config": {"repair": repair, "again": again}}}}
    result = platform.materialise(["data_gaps"], str(DAY), run_config=config)
    [event] = result.get_asset_materialization_events()
    return {
        name: event.materialization.metadata[name].value
        for name in event.materialization.metadata
        if name.startswith("silent")
    }


@pytest.fixture
def still(platform) -> Platform:
    """A day with two stretches of a quarter of an hour each."""
    assert platform.materialise(["instruments", "ohlcv_1m"], str(DAY)).success
    flatten(platform, (instant(7, 30), instant(7, 45)), (instant(9), instant(9, 15)))
    platform.now += timedelta(minutes=5)  # of two versions the later one counts
    return platform


def test_a_look_names_them_and_asks_nobody(still):
    before = still.sandbox.calls.copy()
    assert look(still, repair=False) == {"silent_stretches": 2}
    assert (still.sandbox.calls - before)["binance", "klines"] == 0
    assert known_silence(still.lake).rows() == [
        (BTC, instant(7, 30), instant(7, 45), None),
        (BTC, instant(9), instant(9, 15), None),
    ]


def test_a_repair_stores_the_trades_that_rest_has(still):
    assert look(still) == {
        "silent_stretches": 0,
        "silent_minutes_settled": 30,
        "silent_stretches_confirmed": 0,
    }
    rows = still.read("ohlcv_1m", str(DAY)).filter(symbol=BTC)
    assert rows.height == 1440
    assert rows["trades"].min() > 0


def test_what_rest_cannot_tell_of_is_requested_the_next_time(still):
    with still.sandbox.suffering(Fault(match="klines.*BTCUSDT", kind="status", value=400)):
        assert look(still)["silent_stretches_confirmed"] == 0
    assert known_silence(still.lake)["asked_at"].null_count() == 2
    assert look(still)["silent_minutes_settled"] == 30


def test_a_stretch_in_which_rest_has_no_trade_either_is_confirmed_and_requested_no_more(
    still, settings
):
    source = HoledSource(
        SimulatedSource(settings.config.sandbox.seed, clock=still.clock),
        rest=[Hole("BTCUSDT", stamp_of(instant(9)), stamp_of(instant(9, 15)))],
    )
    with Sandbox(source) as still.sandbox:
        assert look(still) == {
            "silent_stretches": 1,
            "silent_minutes_settled": 15,
            "silent_stretches_confirmed": 1,
        }
        assert known_silence(still.lake)["asked_at"].null_count() == 0
        before = still.sandbox.calls.copy()
        assert look(still)["silent_stretches_confirmed"] == 0
        assert (still.sandbox.calls - before)["binance", "klines"] == 0
        source.rest = ()
        still.now += timedelta(minutes=5)
        assert look(still, again=True)["silent_minutes_settled"] == 15
