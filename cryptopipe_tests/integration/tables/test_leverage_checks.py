"""What the tables of leverage, dilution and signals refuse, warn of and start by themselves."""

from datetime import date, timedelta

import dagster as dg
import polars as pl
import pytest

from cryptopipe_assets.runtime.assembly import build
from cryptopipe_tests.reference import daily_lake
from cryptopipe_tests.reference.daily_market import DAY, START, daily_market

DERIVED = ["leverage_ratios", "dilution_metrics", "signals"]
LAST = "2024-07-12"


def metadata_of(platform, table: str) -> dict[str, object]:
    event = platform.instance.get_latest_materialization_event(dg.AssetKey(table))
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def failed_checks(result) -> list[str]:
    return [each.check_name for each in result.get_asset_check_evaluations() if not each.passed]


class TestTooFewCoins:
    """What a small universe gives: no book, and the reason in the run."""

    @pytest.fixture
    def small(self, platform):
        drawn = daily_market(coins=6, days=60, holes=0.0)
        daily_lake.fill(platform.lake, drawn, collected_at=START + 60 * DAY)
        return platform

    def test_a_strategy_without_a_book_is_a_counted_reason_and_no_error(self, small):
        result = small.materialise(DERIVED, "2024-02-28", "2024-02-29")
        assert result.success
        assert failed_checks(result) == []
        found = metadata_of(small, "signals")
        assert small.read("signals", "2024-02-28", "2024-02-29").is_empty()
        assert found["refused/leverage_inverted/days_with_too_few_coins"] == 2
        # Coins 0 to 5 are listed 3 days apart; none has the 63 prices of the warm-up.
        assert found["refused/ema_crossover/coins_warming_up"] == 6 * 2
        assert found["held/leverage_inverted"] == 0
        assert "| leverage_inverted | days_with_too_few_coins | 2 |" in found["refused"]


class TestAutomation:
    """What the daemon asks for when an input changed; nobody asks for it by hand."""

    def test_a_new_market_cap_goes_through_leverage_dilution_and_signals_at_once(self, platform):
        collected = ["open_interest", "market_cap", "funding_rate", "ohlcv_1m"]
        days = [f"2026-03-{day:02}" for day in range(1, 11)]
        for table in [*collected, *DERIVED]:
            for day in days:
                self.report(platform, table, day)
        before, cursor = self.asked_for(platform, minutes=0)
        self.report(platform, "market_cap", days[-2])
        early, cursor = self.asked_for(platform, minutes=20, cursor=cursor)
        after, cursor = self.asked_for(platform, minutes=40, cursor=cursor)
        settled, _ = self.asked_for(platform, minutes=100, cursor=cursor)
        # It is 09:30; daily tables follow at 10:03, when every tier has asked for the hour.
        assert before == early == settled == {name: set() for name in DERIVED}
        # Yesterday's cap, whose first instant is the last close of the day before.
        assert after == {name: set(days[-3:]) for name in DERIVED}

    def test_todays_caps_wait_until_the_day_is_over(self, platform):
        for table in ["open_interest", "market_cap", "funding_rate", "ohlcv_1m", *DERIVED]:
            for day in ("2026-03-08", "2026-03-09", "2026-03-10"):
                self.report(platform, table, day)
        _, cursor = self.asked_for(platform, minutes=0)
        self.report(platform, "market_cap", "2026-03-10")
        after, _ = self.asked_for(platform, minutes=40, cursor=cursor)
        assert after == {name: set() for name in DERIVED}

    def report(self, platform, table: str, day: str) -> None:
        platform.instance.report_runless_asset_event(dg.AssetMaterialization(table, partition=day))

    def asked_for(self, platform, *, minutes: int, cursor=None):
        result = dg.evaluate_automation_conditions(
            build(platform.settings),
            platform.instance,
            asset_selection=dg.AssetSelection.assets(*DERIVED),
            evaluation_time=platform.now + timedelta(minutes=minutes),
            cursor=cursor,
        )
        asked = {name: result.get_requested_partitions(dg.AssetKey(name)) for name in DERIVED}
        return asked, result.cursor


def test_a_table_that_lacks_a_coin_fails_its_check(filled, monkeypatch):
    from cryptopipe_assets.defs.features import leverage_ratios as module

    honest = module.leverage.leverage_ratios

    def forgetful(*inputs, **days):
        return honest(*inputs, **days).filter(pl.col("coin") != "C007")

    monkeypatch.setattr(module.leverage, "leverage_ratios", forgetful)
    result = filled.materialise(["leverage_ratios"], LAST)
    assert result.success
    assert failed_checks(result) == ["leverage_ratios_cover_the_open_interest"]


def test_a_coin_that_circulates_above_its_cap_is_counted(filled):
    path = filled.lake.path("market_cap", date(2024, 7, 13))
    rows = pl.read_parquet(path)
    above = pl.when(pl.col("coin_id") == "cmc:0").then(1.2 * pl.col("max_supply"))
    rows.with_columns(circulating_supply=pl.coalesce(above, "circulating_supply")).write_parquet(
        path
    )
    result = filled.materialise(["dilution_metrics"], LAST)
    assert failed_checks(result) == ["dilution_metrics_circulate_below_their_cap"]


def test_a_book_that_does_not_add_up_fails_its_check(filled, monkeypatch):
    from cryptopipe_assets.defs.signals import signals as module

    honest = module._book

    def generous(*inputs):
        made = honest(*inputs)
        frame = made.frame.with_columns(pl.col("weight") * 1.5)
        return type(made)(frame, made.refused)

    monkeypatch.setattr(module, "_book", generous)
    result = filled.materialise(DERIVED, LAST)
    assert failed_checks(result) == ["signals_share_out_the_notional"]


def test_a_contract_that_the_registry_does_not_know_is_named(filled):
    path = filled.lake.path("instruments")
    pl.read_parquet(path).filter(pl.col("coin") != "C004").write_parquet(path)
    result = filled.materialise(["leverage_ratios"], LAST)
    assert not result.success
    texts = [
        event.event_specific_data.error.cause.message
        for event in result.all_events
        if getattr(event.event_specific_data, "error", None)
        and event.event_specific_data.error.cause
    ]
    assert any("does not know C004-USDT-PERP" in text for text in texts)
