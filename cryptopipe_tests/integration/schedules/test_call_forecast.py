"""The forecast of calls against what the stand-in counted over a simulated day of schedules."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl
import pytest
from pydantic import SecretStr

from cryptopipe_assets.config.tiers import Schedules, Tier
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.defs.automation.schedules import schedules
from cryptopipe_assets.operations.budget.fit import forecasts, stored_contracts
from cryptopipe_assets.vendors.http.call_ledger import read_spending
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_tests.reference.operation import Operation, on_disk

START = datetime(2026, 3, 10, 2, 0, 30, tzinfo=UTC)
MARGIN = 4
"""Calls of a day and vendor by which the forecast may be off: midnight asks each of the two tiers
for two days, and compares a past one with the archive's file."""

ARCHIVE_CALLS = 12
"""Files and checksums of a day of schedules, closings included."""

pytestmark = pytest.mark.slow


class Collecting(Operation):
    """Schedules that ask vendors only: what is derived, or cleaned up, asks nobody."""

    def _sense(self, at: datetime) -> None:
        """Compute nothing."""

    def _keep_house(self, by: str, job_name: str) -> None:
        """Clean up nothing."""


@pytest.mark.nightly
def test_a_day_of_schedules_asks_what_was_forecast(platform, tmp_path):
    platform.settings = platform.settings.with_config(
        tiers={
            "fast": Tier(every_minutes=240, offset_minutes=2, coins=("BTC", "ETH")),
            "slow": Tier(every_minutes=720, coins=("DOGE", "PEPE")),
        },
        schedules=Schedules(listings_every_minutes=360, listings_offset_minutes=40),
    )
    platform.now = START - timedelta(hours=2)
    with on_disk(tmp_path / "instance") as platform.instance:
        vendors = replace(platform.vendors, records=Records(folder=platform.settings.state_folder))
        operation = Collecting(platform.settings, vendors, platform.instance, platform.clock)
        operation.run(START)
        before = platform.sandbox.calls.copy()
        operation.run(START + timedelta(days=1))
        assert [each for each in operation.ran if not each.success] == []
        counted = Counter[str]()
        for (vendor, _), calls in (platform.sandbox.calls - before).items():
            counted[vendor] += calls
    # The archive has no limit: a file of open interest a day is compared with what REST told.
    assert 0 < counted.pop("binance-archive") <= ARCHIVE_CALLS
    planned, named = Counter[str](), set[tuple[str, str, str]]()
    for each in forecasts(platform.settings, stored_contracts(platform.settings)):
        for demand in each.demands:
            planned[demand.vendor] += demand.calls
            named.add((demand.vendor, demand.table, demand.cost.endpoint))
    assert set(planned) == set(counted)
    for vendor, calls in counted.items():
        assert abs(planned[vendor] - calls) <= MARGIN, vendor
    ledger = read_spending(platform.settings.state_folder).filter(pl.col("vendor").is_in(counted))
    assert named == set(ledger.select("vendor", "table", "endpoint").iter_rows())


@pytest.fixture
def overdone(settings):
    """Settings that ask Coinalyze for more than it allows, and Binance for what fits."""
    tier = Tier(every_minutes=60, coins=tuple(f"C{n}" for n in range(500)))
    return settings.with_environment(
        vendors="live", coinalyze_api_key=SecretStr("canary-of-the-forecast")
    ).with_config(tiers={"fast": tier})


def tick(settings, home, minute):
    """What the tier's schedule asks for, and the lines of its log."""
    (schedule,) = (each for each in schedules(settings) if each.name == "collect_fast")
    due = START.replace(minute=minute, second=0)
    with (
        on_disk(home) as instance,
        dg.build_schedule_context(instance=instance, scheduled_execution_time=due) as context,
    ):
        return schedule.evaluate_tick(context)


def test_a_tick_leaves_out_what_cannot_fit_and_asks_for_the_rest(overdone, tmp_path, capfd):
    (request,) = tick(overdone, tmp_path / "instance", 0).run_requests
    tables = {key.to_user_string() for key in request.asset_selection}
    assert tables == {"instruments", "ohlcv_1m", "funding_rate"}
    assert request.tags["cryptopipe/round"] == "market_data"
    said = capfd.readouterr().err
    assert "left out: cryptopipe.toml plans 187,525 symbols of coinalyze a day" in said
    assert "canary" not in said


def test_a_tick_of_which_nothing_fits_fails_before_anything_is_asked(overdone, tmp_path):
    positions_only = overdone.with_config(
        tiers={
            "fast": overdone.config.tiers["fast"].model_copy(update={"tables": ("open_interest",)})
        }
    )
    with pytest.raises(ConfigError, match=r"not started: .*symbols of coinalyze a day") as told:
        tick(positions_only, tmp_path / "instance", 30)
    assert "canary" not in str(told.value)
