"""A vendor that stays down, through the whole asset: its circuit opens, no row is lost.

Where the table has another source that one fills it meanwhile; the first is asked again when its
pause is over. The time is the clock that the clients are given.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import polars as pl
import pytest
from pydantic import SecretStr

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.config.source_choice import SourceChoice
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.runtime.simulated_clock import SimulatedClock
from cryptopipe_assets.sandbox.faults.plan import Fault
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.vendors.http.circuit import OUTAGES_THAT_OPEN, read_circuits
from cryptopipe_assets.vendors.keys import Keys
from cryptopipe_tests.chaos.questions import CANARY, NOW
from cryptopipe_tests.conftest import Platform

TABLES = ["instruments", "ohlcv_1m", "funding_rate", "open_interest", "market_cap"]
TODAY = "2026-03-10"
BOTH = SourceChoice(
    open_interest=("coinalyze", "exchanges"), market_cap=("coinmarketcap", "coingecko")
)
KEYS = Keys(coinalyze=SecretStr(CANARY), coinmarketcap=SecretStr(CANARY))
ALONE = {"instruments": "exchangeInfo", "ohlcv_1m": "v1/klines", "funding_rate": "v1/fundingRate"}
WITH_ANOTHER = {
    "open_interest": ("open-interest-history", "coinalyze", "exchanges"),
    "market_cap": ("listings/latest", "coinmarketcap", "coingecko"),
}


@pytest.fixture
def stored(tmp_path) -> Iterator[Platform]:
    """A warehouse in which every table has rows up to half past nine; it is half past ten."""
    settings = (
        load_settings()
        .with_environment(
            vendors="sandbox", warehouse=tmp_path / "warehouse", dagster_home=tmp_path / "home"
        )
        .with_config(tiers={"all": Tier(every_minutes=60, coins=("BTC",))})
    )
    clock = SimulatedClock(NOW)
    source = SimulatedSource(settings.config.sandbox.seed, clock=clock)
    with (
        Sandbox(source, enforce_limits=False) as sandbox,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        platform = Platform(settings, sandbox, instance, clock)
        assert platform.materialise(TABLES, TODAY, vendors=clients(platform)).success
        platform.now = NOW + timedelta(hours=1)
        yield platform


def clients(platform: Platform) -> VendorClients:
    """Clients with keys that ask once, and share their circuits as live ones do."""
    limits = platform.settings.config.vendors
    limits = limits.model_copy(  # room for all runs in the same real minute
        update={
            "coinalyze": limits.coinalyze.model_copy(update={"symbols_per_minute": 10_000}),
            "coinmarketcap": limits.coinmarketcap.model_copy(update={"calls_per_minute": 10_000}),
        }
    )
    once = {"attempts": 1, "timeout_seconds": 20.0}
    return replace(
        platform.vendors,
        limits=limits.model_copy(
            update={name: each.model_copy(update=once) for name, each in limits}
        ),
        sources=BOTH,
        keys=KEYS,
        state_folder=platform.settings.state_folder,
    )


def run(platform: Platform, table: str) -> dg.ExecuteInProcessResult:
    platform.now += timedelta(seconds=1)
    return platform.materialise([table], TODAY, vendors=clients(platform))


def said(platform: Platform, result: dg.ExecuteInProcessResult) -> str:
    return "\n".join(each.user_message for each in platform.instance.all_logs(result.run_id))


@pytest.mark.parametrize("table", ALONE)
def test_a_table_with_one_source_keeps_its_rows_and_is_filled_when_the_pause_is_over(table, stored):
    before = stored.files()
    with stored.sandbox.suffering(Fault(match=ALONE[table], kind="status", value=503)) as plan:
        for number in range(OUTAGES_THAT_OPEN):
            met = sum(plan.met.values())
            assert not run(stored, table).success, number
            assert sum(plan.met.values()) > met
            assert stored.files() == before
        met = sum(plan.met.values())
        refused = run(stored, table)
        assert not refused.success
        assert sum(plan.met.values()) == met
        errors = [event.event_specific_data.error for event in refused.get_step_failure_events()]
        assert "UTC after 5 outages in a row, last: HTTP 503" in errors[0].to_string()
        assert stored.files() == before
    stored.now += timedelta(seconds=60)
    assert run(stored, table).success
    assert read_circuits(stored.settings.state_folder) == []
    assert set(stored.files()) >= set(before)


@pytest.mark.parametrize("table", WITH_ANOTHER)
def test_another_source_fills_a_table_while_the_first_ones_circuit_is_open(table, stored):
    match, first, following = WITH_ANOTHER[table]
    old = stored.read(table, TODAY)
    with stored.sandbox.suffering(Fault(match=match, kind="status", value=503)) as plan:
        for _ in range(OUTAGES_THAT_OPEN):
            met = sum(plan.met.values())
            result = run(stored, table)
            assert result.success, said(stored, result)
            assert sum(plan.met.values()) > met
            assert f"{table}: source {first}: " in said(stored, result)
        met = sum(plan.met.values())
        result = run(stored, table)
        assert result.success
        assert sum(plan.met.values()) == met
        assert "UTC after 5 outages in a row" in said(stored, result)
        assert f". Fallback to {following}" in said(stored, result)
    grown = stored.read(table, TODAY)
    assert set(grown["source"].unique()) > set(old["source"].unique())
    key = [name for name in ("coin_id", "venue", "symbol", "ts") if name in old.columns]
    assert old.join(grown, on=key, how="anti").is_empty()
    stored.now += timedelta(seconds=60)
    result = run(stored, table)
    assert result.success
    assert "circuit CLOSED, the vendor responds again" in said(stored, result)
    newest = stored.read(table, TODAY).filter(pl.col("ingested_at") == pl.col("ingested_at").max())
    assert newest["source"].unique().to_list() == [first]
