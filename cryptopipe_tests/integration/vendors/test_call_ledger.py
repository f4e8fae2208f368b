"""What a run through Dagster leaves in the books: ledger, event log, metadata."""

from dataclasses import replace

import dagster as dg
import polars as pl
import pytest

from cryptopipe_assets.sandbox.faults.plan import Fault, FaultPlan
from cryptopipe_assets.vendors.http.call_ledger import read_spending
from cryptopipe_assets.vendors.http.records import Records

COLLECTED = ["instruments", "ohlcv_1m", "funding_rate", "open_interest", "market_cap"]


def said(platform, result) -> list[str]:
    """Everything in the run's event log that a person can read."""
    logs = platform.instance.all_logs(result.run_id)
    return [each.user_message for each in logs]


@pytest.fixture
def vendors(platform, tmp_path):
    return replace(platform.vendors, records=Records(folder=tmp_path / "state"))


def test_every_call_of_a_run_is_in_the_ledger_under_its_table(platform, vendors, tmp_path):
    result = platform.materialise(COLLECTED, "2026-03-10", vendors=vendors)
    assert result.success, said(platform, result)[-3:]
    spent = read_spending(tmp_path / "state")
    by_table = dict(spent.group_by("table").agg(pl.col("calls").sum()).rows())
    assert sorted(by_table) == sorted(COLLECTED)
    # The other side of the wire counted too.
    assert spent["calls"].sum() == sum(platform.sandbox.calls.values())
    assert spent["day"].unique().to_list() == [platform.now.date()]


class TestAFault:
    @pytest.fixture
    def faults(self):
        return FaultPlan([Fault(match="fapi/v1/klines", kind="status", value=503, times=1)])

    def test_that_is_survived_is_in_the_event_log_and_in_the_metadata(self, platform, vendors):
        result = platform.materialise(["instruments", "ohlcv_1m"], "2026-03-10", vendors=vendors)
        assert result.success
        retries = [each for each in said(platform, result) if "; retry in " in each]
        assert len(retries) == 1
        assert "binance /fapi/v1/klines: attempt 1 of 2: HTTP 503" in retries[0]
        event = platform.instance.get_latest_materialization_event(dg.AssetKey("ohlcv_1m"))
        told = {name: each.value for name, each in event.asset_materialization.metadata.items()}
        assert told["decisions/retry"] == 1
        assert "HTTP 503" in told["decisions"]
