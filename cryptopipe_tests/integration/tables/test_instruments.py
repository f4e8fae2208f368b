"""Contracts of several venues: ours strictly, the other ones as far as they answer."""

from datetime import timedelta

import polars as pl
import pytest

from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.sandbox.faults.plan import Fault, FaultPlan
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments


def listed(platform):
    return latest(platform.lake.read(Instruments), INSTRUMENT)


def test_every_venue_that_lists_contracts_is_in_the_registry_and_only_ours_has_tiers(platform):
    assert platform.materialise(["instruments"], "2026-03-10").success
    known = listed(platform)
    assert set(known["venue"]) == {"binance", "bybit", "okx", "hyperliquid", "gate"}
    followed = known.drop_nulls("tier")
    assert followed["venue"].unique().to_list() == ["binance"]
    both = known.filter(symbol="BTC-USDT-PERP").sort("venue")
    assert both["vendor_symbol"].to_list() == ["BTCUSDT", "BTCUSDT", "BTC_USDT", "BTC-USDT-SWAP"]
    intervals = known.filter(coin="BTC").select("venue", "funding_interval_hours").unique().rows()
    assert sorted(intervals, key=str) == [
        ("binance", 8),
        ("bybit", 8),
        ("gate", 8),
        ("hyperliquid", 1),
        ("okx", None),  # its list does not tell it
    ]


class TestAVenueThatIsDown:
    @pytest.fixture
    def faults(self):
        return FaultPlan([Fault(match="/gate/", kind="status", value=503)])

    def test_takes_no_other_one_down_and_is_named(self, platform):
        result = platform.materialise(["instruments"], "2026-03-10")
        assert result.success
        assert set(listed(platform)["venue"]) == {"binance", "bybit", "okx", "hyperliquid"}
        [event] = result.get_asset_materialization_events()
        why = event.materialization.metadata["not_listed/gate"].value
        assert "gate" in str(why)
        assert "503" in str(why) or "500" in str(why)


def test_contracts_of_venues_that_are_down_later_do_not_vanish(platform):
    assert platform.materialise(["instruments"], "2026-03-10").success
    before = listed(platform)
    platform.now += timedelta(hours=1)
    down = ("gate", "hyperliquid", "okx")
    faults = [Fault(match=f"/{venue}/", kind="status", value=503) for venue in down]
    with platform.sandbox.suffering(*faults):
        result = platform.materialise(["instruments"], "2026-03-10")
    assert result.success
    assert listed(platform).equals(before)
    assert all("503" in metadata(result)[f"not_listed/{venue}"] for venue in down)


GONE = Fault(match="exchangeInfo", kind="drop_symbol", value="DOGEUSDT")
ODD = Fault(match="exchangeInfo", kind="null_stamp")


def checked(result, name):
    [found] = [x for x in result.get_asset_check_evaluations() if x.check_name == name]
    return found


def test_a_followed_contract_that_is_gone_vanishes_when_last_seen_and_the_others_go_on(
    platform,
):
    assert platform.materialise(["instruments", "ohlcv_1m"], "2026-03-10").success
    last_bar = platform.read("ohlcv_1m", "2026-03-10")["available_at"].max()
    platform.now += timedelta(hours=2)
    with platform.sandbox.suffering(GONE):
        result = platform.materialise(["instruments", "ohlcv_1m", "funding_rate"], "2026-03-10")
    assert result.success
    [doge] = listed(platform).filter(venue="binance", symbol="DOGE-USDT-PERP").rows(named=True)
    assert doge["status"] == "VANISHED"
    assert last_bar <= doge["delisted_at"] < doge["ts"]
    said = checked(result, "followed_coins_are_listed")
    assert not said.passed
    assert "coins of [tiers.all] has DOGE" in said.description
    assert "lists DOGE-USDT-PERP no longer" in said.description
    bars = platform.read("ohlcv_1m", "2026-03-10").group_by("symbol").agg(newest=pl.max("ts"))
    newest = dict(bars.iter_rows())
    assert newest["BTC-USDT-PERP"] - newest["DOGE-USDT-PERP"] >= timedelta(minutes=110)


def test_a_followed_contract_that_is_not_understood_keeps_its_version_and_is_named(
    platform,
):
    assert platform.materialise(["instruments"], "2026-03-10").success
    before = listed(platform)
    platform.now += timedelta(hours=1)
    with platform.sandbox.suffering(ODD):
        result = platform.materialise(["instruments"], "2026-03-10")
    assert result.success
    assert listed(platform).equals(before)
    said = checked(result, "listed_contracts_are_understood")
    assert not said.passed
    assert "onboardDate" in str(said.metadata["passed_over"].value)
    [event] = result.get_asset_materialization_events()
    assert event.materialization.metadata["contracts_not_understood"].value == 1


def test_if_no_coin_has_a_contract_the_first_line_is_an_error(platform):
    tiers = {"all": platform.settings.config.tiers["all"].model_copy(update={"coins": ("NOPE",)})}
    platform.settings = platform.settings.with_config(tiers=tiers)
    result = platform.materialise(["instruments"], "2026-03-10")
    assert not result.success


def metadata(result):
    [event] = result.get_asset_materialization_events()
    return {name: each.value for name, each in event.materialization.metadata.items()}


def test_odd_rows_of_other_venues_are_named_and_take_nothing_down(platform):
    assert platform.materialise(["instruments"], "2026-03-10").success
    before = listed(platform)
    platform.now += timedelta(hours=1)
    lists = {"bybit": "instruments-info", "okx": "public/instruments", "gate": "usdt/contracts"}
    odd = [Fault(match=each, kind="null_number") for each in lists.values()]
    with platform.sandbox.suffering(*odd):
        result = platform.materialise(["instruments"], "2026-03-10")
    assert result.success
    assert listed(platform).equals(before)
    told = metadata(result)
    assert told["contracts_not_understood"] >= len(lists)
    assert all(f" {venue} " in told["passed_over"] for venue in lists)
    assert not checked(result, "listed_contracts_are_understood").passed


def test_a_contract_that_another_venue_lists_no_longer_vanishes_there_only(platform):
    assert platform.materialise(["instruments"], "2026-03-10").success
    first_seen = listed(platform).filter(venue="okx", symbol="DOGE-USDT-PERP")["ts"].item()
    platform.now += timedelta(hours=1)
    assert platform.materialise(["ohlcv_1m"], "2026-03-10").success  # our venue's bars
    platform.now += timedelta(hours=2)
    gone = Fault(match="public/instruments", kind="drop_symbol", value="DOGE-USDT-SWAP")
    with platform.sandbox.suffering(gone):
        assert platform.materialise(["instruments"], "2026-03-10").success
    doge = listed(platform).filter(symbol="DOGE-USDT-PERP")
    assert dict(doge.select("venue", "status").iter_rows()) == {
        "binance": "TRADING",
        "bybit": "TRADING",
        "gate": "TRADING",
        "okx": "VANISHED",
    }
    okx = doge.filter(venue="okx").row(0, named=True)
    assert okx["delisted_at"] == first_seen < okx["ts"]
