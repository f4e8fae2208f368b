"""What [collect] of cryptopipe.toml can add: Coinbase's prices, Coinalyze's funding elsewhere."""

from dataclasses import replace
from datetime import timedelta

import dagster as dg
import polars as pl
import pytest
from pydantic import SecretStr

from cryptopipe_assets.collect.funding import WITHOUT_INTERVAL
from cryptopipe_assets.collect.horizon import Horizon
from cryptopipe_assets.config.settings import Tier
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_assets.vendors.keys import Keys

DAYS = ("2026-03-07", "2026-03-10")


@pytest.fixture
def settings(settings):
    return settings.with_config(tiers={"two": Tier(every_minutes=60, coins=("BTC", "DOGE"))})


def test_daily_prices_of_coinbase_are_rows_of_market_cap_without_a_cap(platform):
    asked = replace(platform.vendors, horizon=Horizon(coinbase_prices=True))
    assert platform.materialise(["market_cap"], *DAYS, vendors=asked).success
    rows = platform.read("market_cap", *DAYS)
    prices = rows.filter(source="coinbase")
    assert set(prices["coin_id"]) == {"coinbase:BTC-USD", "coinbase:DOGE-USD"}
    assert prices.group_by("coin_id").len()["len"].to_list() == [4, 4]
    assert prices["market_cap_usd"].null_count() == prices.height
    closes = rows.filter(pl.col("source") != "coinbase").join(prices, on=["coin", "ts"])
    assert closes.height > 0
    assert (closes["price_usd"] / closes["price_usd_right"]).is_between(0.98, 1.02).all()


def test_without_being_asked_for_they_are_not_collected(platform):
    assert platform.materialise(["market_cap"], "2026-03-09").success
    assert "coinbase" not in platform.read("market_cap", "2026-03-09")["source"]
    assert not any(vendor == "coinbase" for vendor, _ in platform.sandbox.calls)


def test_funding_of_other_contracts_is_the_last_settlement_of_each_ended_day(platform):
    asked = replace(
        platform.vendors,
        keys=Keys(coinalyze=SecretStr("mine")),
        horizon=Horizon(coinalyze_funding=True),
    )
    result = platform.materialise(["instruments", "funding_rate"], *DAYS, vendors=asked)
    assert result.success
    rows = platform.read("funding_rate", *DAYS)
    daily = rows.filter(source="coinalyze")
    assert daily.height > 0
    assert daily.select("venue", "symbol", pl.col("ts").dt.date()).is_unique().all()
    hours = dict(daily.select("venue", "interval_hours").unique().iter_rows())
    assert hours.get("hyperliquid") == 1
    at_end = daily["ts"].dt.hour() + daily["interval_hours"]
    assert at_end.unique().to_list() == [24]
    own = rows.filter(source="binance").select("venue", "symbol").unique()
    assert daily.join(own, on=["venue", "symbol"]).is_empty()
    checks = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    assert checks["funding_rate_is_on_schedule"]
    assert platform.materialise(["instruments", "market_cap", "open_interest"], *DAYS).success
    assert platform.materialise(["leverage_ratios"], *DAYS).success


def test_a_rate_without_an_interval_is_named_and_gets_one_once_the_venue_has_declared_it(platform):
    asked = replace(
        platform.vendors,
        keys=Keys(coinalyze=SecretStr("mine")),
        horizon=Horizon(coinalyze_funding=True),
    )
    result = platform.materialise(["instruments", "funding_rate"], *DAYS, vendors=asked)
    assert result.success
    # Before the registry was read nobody had declared what Gate's contracts pay for.
    lost = f"{WITHOUT_INTERVAL}gate BTC-USDT-PERP"
    assert told(platform)[lost] == 3  # of the days that are over
    [check] = [
        each
        for each in result.get_asset_check_evaluations()
        if each.check_name == "funding_rate_has_intervals"
    ]
    assert not check.passed
    assert "gate BTC-USDT-PERP" in check.description
    assert "gate" not in set(platform.read("funding_rate", *DAYS)["venue"])
    platform.now += timedelta(days=3)
    assert platform.materialise(["funding_rate"], "2026-03-11", vendors=asked).success
    assert lost not in told(platform)
    later = platform.read("funding_rate", "2026-03-11").filter(venue="gate")
    declared = platform.lake.read(Instruments).filter(venue="gate")
    assert later.height > 0
    both = later.join(declared, on="symbol")
    assert both["interval_hours"].to_list() == both["funding_interval_hours"].to_list()
    # what is still not known is still named
    assert f"{WITHOUT_INTERVAL}okx BTC-USDT-PERP" in told(platform)


def told(platform) -> dict:
    event = platform.instance.get_latest_materialization_event(dg.AssetKey("funding_rate"))
    return {key: each.value for key, each in event.asset_materialization.metadata.items()}


def test_settlements_of_the_other_exchanges_stand_beside_ours(platform):
    asked = replace(platform.vendors, horizon=Horizon(exchange_funding=True))
    result = platform.materialise(["instruments", "funding_rate"], *DAYS, vendors=asked)
    assert result.success
    rows = platform.read("funding_rate", *DAYS)
    gate = rows.filter(venue="gate")
    assert set(gate["symbol"]) == {"BTC-USDT-PERP", "DOGE-USDT-PERP"}
    assert gate["source"].unique().to_list() == ["gate"]
    assert gate.select("symbol", "ts").is_unique().all()
    assert (gate["available_at"] > gate["ts"]).all()
    # as often as on the same contracts of our venue, whose interval the stand-in shares
    ours = rows.filter(venue="binance")
    assert (
        gate.select("symbol", "ts", "interval_hours")
        .sort("symbol", "ts")
        .equals(ours.select("symbol", "ts", "interval_hours").sort("symbol", "ts"))
    )
    checks = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    assert checks["funding_rate_is_on_schedule"]
    assert checks["funding_rate_covers_the_universe"]


def test_without_being_asked_for_settlements_are_those_of_our_venue(platform):
    assert platform.materialise(["instruments", "funding_rate"], "2026-03-09").success
    assert platform.read("funding_rate", "2026-03-09")["venue"].unique().to_list() == ["binance"]
