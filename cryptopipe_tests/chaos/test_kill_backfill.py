"""A backfill that is killed goes on with the month it was in, and ends with the same rows."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m

CLI = Path(sys.executable).with_name("cryptopipe")
FIRST, LAST = date(2026, 8, 30), date(2026, 10, 3)


def start(environment: dict[str, str], warehouse: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [CLI, "backfill", "--start", str(FIRST), "--end", str(LAST), "--tables",
         "ohlcv_1m,funding_rate", "--symbols", "BTC", "--yes"],
        env={**environment, "CRYPTOPIPE_WAREHOUSE": str(warehouse)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def written_in_august(lake: Lake) -> dict[Path, int]:
    """Files of the month, and when each was written."""
    found = {path: path.stat().st_mtime_ns for path in lake.root.glob("*/date=2026-08-*/*.parquet")}
    assert len(found) == 4, "two days of two tables"
    return found


def rows_of(lake: Lake, contract) -> pl.DataFrame:
    return lake.scan(contract, FIRST, LAST).collect().drop("ingested_at")


@pytest.mark.nightly
def test_a_killed_backfill_runs_unfinished_months_only_and_ends_with_the_same_rows(tmp_path):
    present = datetime.now(UTC)  # the exchange's clock is compared with the machine's
    killed, whole = Lake(tmp_path / "killed"), Lake(tmp_path / "whole")
    with Sandbox(SimulatedSource(7, clock=lambda: present)) as sandbox:
        environment = {
            **{key: value for key, value in os.environ.items() if key[:11] != "CRYPTOPIPE_"},
            "CRYPTOPIPE_SANDBOX_URL": sandbox.url,
            "DAGSTER_HOME": str(tmp_path / "home"),
        }
        progress = killed.root / ".state" / "backfills.json"
        with start(environment, killed.root) as first:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline and not (
                progress.is_file() and killed.days("ohlcv_1m")[-1:] > [date(2026, 9, 1)]
            ):
                assert first.poll() is None, first.communicate()[0]
                time.sleep(0.01)
            first.kill()
            first.communicate()
        (done,) = json.loads(progress.read_text()).values()
        assert done[0] == "2026-08-30...2026-08-31"
        assert len(done) < 3, "the kill came too late; the test shows nothing"
        finished = written_in_august(killed)
        with start(environment, killed.root) as second:
            told, _ = second.communicate(timeout=180)
        assert second.returncode == 0, told
        assert written_in_august(killed) == finished
        assert f"{len(done)} of 3 months were done before" in told
        assert "August 2026" not in told
        assert list(killed.root.rglob(".part-*.tmp")) == []
        with start(environment, whole.root) as uninterrupted:
            told, _ = uninterrupted.communicate(timeout=180)
        assert uninterrupted.returncode == 0, told
    for contract in (Ohlcv1m, FundingRate):
        expected = rows_of(whole, contract)
        assert expected.height > 0
        assert_frame_equal(rows_of(killed, contract), expected, check_exact=True)
