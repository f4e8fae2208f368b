"""A history that is killed goes on where it was: what is stored is not asked for again."""

import os
import re
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m

CLI = Path(sys.executable).with_name("cryptopipe")
TON = "TON-USDT-PERP"
LISTED = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
ENOUGH = 12
"""Days that are stored before the kill."""


def start(environment: dict[str, str], warehouse: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [CLI, "history", TON, "--warehouse", warehouse],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.nightly
def test_a_killed_history_is_whole_after_a_second_run_that_asks_only_for_the_rest(tmp_path):
    lake = Lake(tmp_path / "warehouse")
    present = datetime.now(UTC)  # the exchange's clock is compared with the machine's
    source = SimulatedSource(7, clock=lambda: present)
    with Sandbox(source) as sandbox:
        environment = {
            **{key: value for key, value in os.environ.items() if key[:11] != "CRYPTOPIPE_"},
            "CRYPTOPIPE_SANDBOX_URL": sandbox.url,
            "DAGSTER_HOME": str(tmp_path / "home"),
        }
        with start(environment, lake.root) as first:
            deadline = time.monotonic() + 120
            while len(lake.days("ohlcv_1m")) < ENOUGH and time.monotonic() < deadline:
                assert first.poll() is None, first.communicate()[0]
                time.sleep(0.02)
            first.kill()
            first.communicate()
        stored = lake.days("ohlcv_1m")
        total = (present.date() - LISTED.date()).days + 1
        assert ENOUGH <= len(stored) < total, "the kill hit nothing; the test shows nothing"
        asked_before = sandbox.calls.copy()
        with start(environment, lake.root) as second:
            told, _ = second.communicate(timeout=120)
        assert second.returncode == 0, told
        spent = sandbox.calls - asked_before
    bars = lake.scan(Ohlcv1m, date(2026, 9, 1), present.date()).collect()
    minutes = int((present.replace(second=0, microsecond=0) - LISTED).total_seconds() // 60)
    assert bars["symbol"].unique().to_list() == [TON]
    assert bars.height == bars["ts"].n_unique() == minutes
    assert re.search(rf"{TON}.* 2026-09-01 12:30:00", told)
    # Two whole months are two files, their days would be sixty; and the days stored are neither.
    left = total - len(stored)
    assert 0 < spent["binance-archive", "klines"] <= left
