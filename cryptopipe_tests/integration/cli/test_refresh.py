"""Refreshing: what is stale comes in, in time, and what was stored before is never harmed."""

import time

import pytest

from cryptopipe_assets.cli.refresh import check, refresh
from cryptopipe_assets.config.settings import StrategyChoice
from cryptopipe_assets.sandbox.faults.plan import Fault, FaultPlan
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.tables.features.leverage_ratios import LeverageRatios

pytestmark = pytest.mark.slow


@pytest.fixture
def faults():
    return FaultPlan()


@pytest.fixture
def served(settings, faults):
    """Settings whose vendors are a stand-in that we can disturb; the present is today's."""
    with Sandbox(SimulatedSource(settings.config.sandbox.seed), faults=faults) as sandbox:
        yield settings.with_environment(sandbox_url=sandbox.url)


def stored(settings):
    root = settings.warehouse
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.parquet")}


def test_an_empty_warehouse_is_filled_with_what_the_strategy_needs_and_then_is_fresh(
    served, capsys
):
    settings = served.with_config(strategies=StrategyChoice(active=("dilution",)))
    assert check(settings) == 3
    assert stored(settings) == {}
    assert refresh(settings, skip_oi=False, force=False, timeout=120) == 0
    tables = {path.split("/")[0] for path in stored(settings)}
    assert tables == {"instruments", "ohlcv_1m", "market_cap", "dilution_metrics", "signals"}
    capsys.readouterr()
    assert check(settings) == 0
    assert "open_interest" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "faults", [FaultPlan([Fault(match="exchangeInfo", kind="delay", value=120)])], ids=["hangs"]
)
def test_a_vendor_that_hangs_keeps_it_no_longer_than_allowed_and_harms_nothing(served, capsys):
    kept = served.warehouse / "leverage_ratios" / "date=2026-01-01" / "part-0.parquet"
    kept.parent.mkdir(parents=True)
    LeverageRatios.empty_frame().write_parquet(kept)
    before = stored(served)
    started = time.monotonic()
    assert refresh(served, skip_oi=False, force=False, timeout=15) == 1
    assert time.monotonic() - started < 15
    said = " ".join(capsys.readouterr().out.split())
    assert "Time was up after 15 s; unfinished: instruments, ohlcv_1m" in said
    assert "--timeout 30" in said
    assert stored(served) == before


OF_ALL_VENUES = r"openInterestHist|bybit/|okx/|hyperliquid/|gate/"


@pytest.mark.parametrize(
    "faults", [FaultPlan([Fault(match=OF_ALL_VENUES, kind="status", value=403)])], ids=["403"]
)
def test_leverage_is_not_made_from_open_interest_that_failed(served, capsys):
    settings = served.with_config(strategies=StrategyChoice(active=("leverage_inverted",)))
    assert refresh(settings, skip_oi=False, force=False, timeout=120) == 1
    assert "open_interest failed" in capsys.readouterr().out
    tables = {path.split("/")[0] for path in stored(settings)}
    assert tables == {"instruments", "ohlcv_1m", "funding_rate", "market_cap"}
