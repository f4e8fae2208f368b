"""Contracts of several venues: ours strictly, the other ones as far as they answer."""

from datetime import timedelta

import pytest

from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.sandbox.faults.plan import Fault, FaultPlan
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments


def listed(platform):
    return latest(platform.lake.read(Instruments), INSTRUMENT)


def test_every_venue_that_lists_contracts_is_in_the_registry_and_only_ours_has_tiers(platform):
    assert platform.materialise(["instruments"], "2026-03-10").success
    known = listed(platform)
    assert set(known["venue"]) == {"binance", "gate"}
    followed = known.drop_nulls("tier")
    assert followed["venue"].unique().to_list() == ["binance"]
    both = known.filter(symbol="BTC-USDT-PERP").sort("venue")
    assert both["vendor_symbol"].to_list() == ["BTCUSDT", "BTC_USDT"]


class TestAVenueThatIsDown:
    @pytest.fixture
    def faults(self):
        return FaultPlan([Fault(match="/gate/", kind="status", value=503)])

    def test_takes_no_other_one_down_and_is_named(self, platform):
        result = platform.materialise(["instruments"], "2026-03-10")
        assert result.success
        assert set(listed(platform)["venue"]) == {"binance"}
        [event] = result.get_asset_materialization_events()
        why = event.materialization.metadata["not_listed/gate"].value
        assert "gate" in str(why)
        assert "503" in str(why) or "500" in str(why)


def test_contracts_of_a_venue_that_is_down_later_do_not_vanish(platform, settings):
    assert platform.materialise(["instruments"], "2026-03-10").success
    before = listed(platform).filter(venue="gate")
    platform.now += timedelta(hours=1)
    source = SimulatedSource(settings.config.sandbox.seed, clock=platform.clock)
    down = FaultPlan([Fault(match="/gate/", kind="status", value=503)])
    with Sandbox(source, faults=down) as platform.sandbox:
        assert platform.materialise(["instruments"], "2026-03-10").success
    assert listed(platform).filter(venue="gate").equals(before)
