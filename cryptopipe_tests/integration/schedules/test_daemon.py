"""A schedule through Dagster's real daemon: it makes up for a missed tick with one run."""

import os
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from cryptopipe_assets.defs.automation.round_history import TICK
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_tests.reference.daemon import as_if_started, daemon, ended, switch_on
from cryptopipe_tests.reference.operation import on_disk

SCHEDULE = "collect_hourly"
CONFIG = """
[history]
start = 2020-01-01

[universe]
venue = "binance"
quote = "USDT"

[tiers.hourly]
every_minutes = 60
tables = ["ohlcv_1m", "funding_rate"]
coins = ["BTC"]
"""


@pytest.mark.slow
@pytest.mark.nightly
def test_after_hours_without_a_daemon_one_run_asks_for_all_of_them(tmp_path):
    (tmp_path / "cryptopipe.toml").write_text(CONFIG)
    asleep_since = datetime.now(UTC) - timedelta(hours=3)
    log, lake = tmp_path / "daemon.log", Lake(tmp_path / "warehouse")
    with on_disk(tmp_path / "home") as instance, Sandbox(SimulatedSource()) as sandbox:
        environment = {
            **{key: value for key, value in os.environ.items() if key[:11] != "CRYPTOPIPE_"},
            "CRYPTOPIPE_CONFIG": str(tmp_path / "cryptopipe.toml"),
            "CRYPTOPIPE_WAREHOUSE": str(lake.root),
            "CRYPTOPIPE_SANDBOX_URL": sandbox.url,
            "DAGSTER_HOME": str(tmp_path / "home"),
        }
        switch_on(environment, log, ("schedule", SCHEDULE))
        as_if_started(instance, SCHEDULE, at=asleep_since)
        with daemon(environment, log):
            run = ended(instance, "collect", after=asleep_since)
        assert run is not None, log.read_text()
        assert run.dagster_run.is_success, log.read_text()
        assert run.dagster_run.tags["dagster/schedule_name"] == SCHEDULE
        ticked = datetime.fromisoformat(run.dagster_run.tags[TICK])
        assert timedelta(0) <= datetime.now(UTC) - ticked < timedelta(minutes=65)
        # An hour may begin while we look; the hours before the newest have no run of their own.
        ticks = [each.tags[TICK] for each in instance.get_runs(dg.RunsFilter(job_name="collect"))]
        assert min(ticks) == ticked.isoformat()
        assert len(set(ticks)) == len(ticks)
    today = ticked.date()
    bars = lake.scan(Ohlcv1m, today - timedelta(days=1), today).collect()
    assert bars["ts"].n_unique() == bars.height >= 1440
