"""Funding through Dagster: one contract takes no other down, and intervals are as declared."""

from datetime import timedelta

import dagster as dg
import polars as pl
import pytest

from cryptopipe_assets.sandbox.faults.plan import Fault
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_tests.integration.tables.test_pipeline import messages

DAY = "2026-03-09"
DOGE, OTHERS = "DOGE-USDT-PERP", ["1000PEPE-USDT-PERP", "BTC-USDT-PERP"]
OF_DOGE = r"/fapi/v1/fundingRate\?(.*&)?symbol=DOGEUSDT"


def told(platform) -> dict:
    event = platform.instance.get_latest_materialization_event(dg.AssetKey("funding_rate"))
    return {key: each.value for key, each in event.asset_materialization.metadata.items()}


def verdicts(result) -> dict[str, bool]:
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [("status", 400, "HTTP 400"), ("huge_number", None, "no fraction"), ("off_grid", None, "hour")],
)
def test_a_contract_that_is_refused_is_named_and_the_others_are_stored(platform, kind, value, says):
    assert platform.materialise(["instruments", "funding_rate"], DAY).success
    whole = platform.read("funding_rate", DAY).drop("ingested_at")
    for file in platform.settings.warehouse.glob("funding_rate/**/*.parquet"):
        file.unlink()
    with platform.sandbox.suffering(Fault(match=OF_DOGE, kind=kind, value=value)) as plan:
        result = platform.materialise(["funding_rate"], DAY)
    assert plan.met
    assert result.success, messages(result)
    rows = platform.read("funding_rate", DAY).drop("ingested_at")
    assert rows.equals(whole.filter(pl.col("symbol").is_in(OTHERS)))
    assert told(platform)[f"failed/{DOGE}"] == 1
    assert not verdicts(result)["funding_rate_came_from_everyone"]
    assert DOGE in str(told(platform)["decisions"])
    assert says in str(told(platform)["decisions"])
    again = platform.materialise(["funding_rate"], DAY)
    assert again.success
    assert verdicts(again)["funding_rate_came_from_everyone"]
    assert platform.read("funding_rate", DAY).drop("ingested_at").equals(whole)


def test_if_every_contract_is_refused_the_run_fails_and_writes_nothing(platform):
    assert platform.materialise(["instruments"], DAY).success
    fault = Fault(match="/fapi/v1/fundingRate", kind="status", value=400)
    with platform.sandbox.suffering(fault):
        result = platform.materialise(["funding_rate"], DAY)
    assert not result.success
    assert "HTTP 400" in messages(result)
    assert not platform.files().keys() & {f"funding_rate/date={DAY}/part-0.parquet"}


class TestAContractThatIsSilent:
    """It is listed and trades, and nothing of it comes: it was closed, or listed long before."""

    def test_its_days_are_named_and_the_others_are_stored(self, platform):
        assert platform.materialise(["instruments"], DAY).success
        with platform.sandbox.suffering(Fault(match=OF_DOGE, kind="empty")) as plan:
            result = platform.materialise(["funding_rate"], "2026-03-08", DAY)
        assert plan.met
        assert result.success, messages(result)
        rows = platform.read("funding_rate", "2026-03-08", DAY)
        assert rows["symbol"].unique().sort().to_list() == OTHERS
        assert told(platform)["instrument_days_without_settlement"] == 2
        assert DOGE in told(platform)["without_settlement"]
        assert not verdicts(result)["funding_rate_covers_the_universe"]

    def test_if_all_are_it_is_the_exchange_and_the_run_fails(self, platform):
        assert platform.materialise(["instruments"], DAY).success
        with platform.sandbox.suffering(Fault(match="/fapi/v1/fundingRate", kind="empty")):
            result = platform.materialise(["funding_rate"], DAY)
        assert not result.success
        assert "nor of any other contract that is followed" in messages(result)
        assert "Run again later" in messages(result)
        assert not platform.files().keys() & {f"funding_rate/date={DAY}/part-0.parquet"}


def test_the_interval_of_a_settlement_after_the_registry_was_read_is_the_one_it_declared(platform):
    assert platform.materialise(["instruments"], DAY).success
    declared = dict(
        platform.lake.read(Instruments)
        .filter(venue="binance")
        .select("symbol", "funding_interval_hours")
        .iter_rows()
    )
    platform.now += timedelta(days=2)
    assert platform.materialise(["funding_rate"], "2026-03-11").success
    rows = platform.read("funding_rate", "2026-03-11").filter(venue="binance")
    assert dict(rows.select("symbol", "interval_hours").unique().iter_rows()) == {
        symbol: declared[symbol] for symbol in (DOGE, *OTHERS)
    }
