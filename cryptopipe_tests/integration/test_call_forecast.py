"""The forecast of calls against what the stand-in counted over a simulated day of schedules."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from pydantic import SecretStr

from cryptopipe_assets.call_plan import forecasts
from cryptopipe_assets.defs.automation import schedules
from cryptopipe_assets.defs.contract_counts import contracts_of
from cryptopipe_assets.errors import ConfigError
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tiers import Schedules, Tier
from cryptopipe_tests.reference.operation import Operation, on_disk

START = datetime(2026, 3, 10, 2, 0, 30, tzinfo=UTC)
MARGIN = 2
"""Calls of a day and vendor by which the forecast may be off: midnight asks for two days."""

pytestmark = pytest.mark.slow


class Collecting(Operation):
    """Schedules that ask vendors only: what is derived, or cleaned up, asks nobody."""

    def _sense(self, at: datetime) -> None:
        """Compute nothing."""

    def _keep_house(self, by: str, job_name: str) -> None:
        """Clean up nothing."""


def test_a_day_of_schedules_asks_what_was_forecast(platform, tmp_path):
    platform.settings = platform.settings.with_config(
        tiers={
            "fast": Tier(every_minutes=120, offset_minutes=2, coins=("BTC", "ETH")),
            "slow": Tier(every_minutes=360, coins=("DOGE", "PEPE")),
        },
        schedules=Schedules(listings_every_minutes=240, listings_offset_minutes=40),
    )
    platform.now = START - timedelta(hours=2)
    with on_disk(tmp_path / "instance") as platform.instance:
        operation = Collecting(
            platform.settings, platform.vendors, platform.instance, platform.clock
        )
        operation.run(START)
        before = platform.sandbox.calls.copy()
        operation.run(START + timedelta(days=1))
        assert [each for each in operation.ran if not each.success] == []
        counted = Counter[str]()
        for (vendor, _), calls in (platform.sandbox.calls - before).items():
            counted[vendor] += calls
    planned = Counter[str]()
    contracts = contracts_of(Lake(platform.settings.warehouse))
    for each in forecasts(platform.settings, contracts):
        for demand in each.demands:
            planned[demand.asked.vendor] += demand.calls
    assert set(planned) == set(counted)
    for vendor, calls in counted.items():
        assert abs(planned[vendor] - calls) <= MARGIN, vendor


def test_a_tick_of_a_plan_that_cannot_fit_fails_before_anything_is_asked(settings, tmp_path):
    live = settings.with_environment(
        vendors="live", coinalyze_api_key=SecretStr("canary-of-the-forecast")
    ).with_config(tiers={"fast": Tier(every_minutes=60, coins=tuple(f"C{n}" for n in range(500)))})
    (schedule,) = (each for each in schedules(live) if each.name == "collect_fast")
    with on_disk(tmp_path / "instance") as instance:
        context = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=START.replace(minute=30, second=0)
        )
        with pytest.raises(ConfigError, match="symbols of coinalyze a day") as told:
            schedule.evaluate_tick(context)
    assert "canary" not in str(told.value)
