"""Zips that are put into the landing folder end in the tables, or aside with a reason."""

import os
import time
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import httpx
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.collect.landing import landing
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_tests.conftest import QUIET
from cryptopipe_tests.integration.tables.test_pipeline import messages

BARS = "BTCUSDT-1m-2026-03-05.zip"
FUNDING = "BTCUSDT-fundingRate-2026-02.zip"
METRICS = "BTCUSDT-metrics-2026-03-05.zip"
PATHS = {
    BARS: "daily/klines/BTCUSDT/1m",
    FUNDING: "monthly/fundingRate/BTCUSDT",
    METRICS: "daily/metrics/BTCUSDT",
}
LONG_AGO = time.time() - 3600


@pytest.fixture
def listed(platform):
    assert platform.materialise(["instruments"], "2026-03-09").success
    return platform


def folder(platform) -> Path:
    return landing(build(platform.settings).resources["warehouse"])


def drop(platform, name: str, *, checksum: bool = True, keep: float = 1.0) -> Path:
    """Put a file of the stand-in's archive into the folder, or the first part of it."""
    url = f"{platform.sandbox.url}/binance-archive/data/futures/um/{PATHS[name]}/{name}"
    path = folder(platform) / name
    content = httpx.get(url).raise_for_status().content
    path.write_bytes(content[: int(len(content) * keep)])
    os.utime(path, (LONG_AGO, LONG_AGO))
    if checksum:
        path.with_name(name + ".CHECKSUM").write_bytes(httpx.get(f"{url}.CHECKSUM").content)
    return path


def tick(platform, cursor: str | None = None):
    definitions = build(platform.settings, vendors=platform.vendors)
    sensor = definitions.get_repository_def().get_sensor_def("landed_files")
    with dg.build_sensor_context(
        instance=platform.instance,
        cursor=cursor,
        definitions=definitions,
        resources={"warehouse": definitions.resources["warehouse"]},
    ) as context:
        return sensor.evaluate_tick(context)


def run(platform, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    definitions = build(platform.settings, vendors=platform.vendors)
    return definitions.resolve_job_def("import_landing").execute_in_process(
        instance=platform.instance,
        run_config={**QUIET, **request.run_config},
        raise_on_error=False,
    )


def settled(platform) -> tuple[list[dg.RunRequest], str]:
    """Two ticks: the first sees the files, the second finds them unchanged."""
    first = tick(platform)
    assert not first.run_requests
    second = tick(platform, first.cursor)
    return second.run_requests or [], second.cursor


def everything(platform) -> set[str]:
    root = folder(platform)
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_bars_funding_and_open_interest_are_imported_in_one_run_and_moved_to_done(listed):
    for name in PATHS:
        drop(listed, name)
    (request,), cursor = settled(listed)
    result = run(listed, request)
    assert result.success, messages(result)
    assert everything(listed) == {
        f"done/{name}{more}" for name in PATHS for more in ("", ".CHECKSUM")
    }
    assert listed.read("ohlcv_1m", "2026-03-05").height == 1440
    # Every eight hours in the 28 days of February.
    assert listed.read("funding_rate", "2026-02-01", "2026-02-28").height == 84
    interest = listed.read("open_interest", "2026-03-05")
    assert interest["ts"].n_unique() == interest.height == 24
    assert not tick(listed, cursor).run_requests


def test_imported_bars_are_those_that_the_collector_stores(listed):
    drop(listed, BARS)
    (request,), _ = settled(listed)
    assert run(listed, request).success
    imported = listed.read("ohlcv_1m", "2026-03-05")
    assert listed.materialise(["ohlcv_1m"], "2026-03-05").success
    collected = listed.read("ohlcv_1m", "2026-03-05").filter(symbol="BTC-USDT-PERP")
    assert_frame_equal(collected, imported, check_exact=True)


def test_a_file_that_is_dropped_twice_changes_nothing(listed):
    drop(listed, BARS)
    (request,), cursor = settled(listed)
    assert run(listed, request).success
    before = listed.files()
    cursor = tick(listed, cursor).cursor
    drop(listed, BARS)
    again = tick(listed, tick(listed, cursor).cursor)
    assert run(listed, again.run_requests[0]).success
    assert listed.files() == before
    assert everything(listed) == {f"done/{BARS}", f"done/{BARS}.CHECKSUM"}


def test_a_file_that_still_grows_is_left_until_it_does_not(listed):
    path = drop(listed, BARS, keep=0.3)
    cursor = tick(listed).cursor
    drop(listed, BARS, keep=0.6)
    grown = tick(listed, cursor)
    assert not grown.run_requests
    drop(listed, BARS)
    os.utime(path)  # this very moment
    just_now = tick(listed, tick(listed, grown.cursor).cursor)
    assert not just_now.run_requests
    os.utime(path, (LONG_AGO, LONG_AGO))
    moved = tick(listed, just_now.cursor)
    whole = tick(listed, moved.cursor)
    assert whole.run_requests[0].run_config["ops"]["import_landed"]["config"]["files"] == [BARS]
    assert not tick(listed, whole.cursor).run_requests, "one run is enough"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("checksum", "expected sha256"),
        ("truncated", "expected a zip"),
        ("name", "expected a name like SYMBOL-1m-YYYY-MM"),
        ("symbol", "the registry has no contract NOPEUSDT"),
        ("other day", "the row is outside 2026-03-06"),
    ],
)
def test_a_file_that_is_wrong_is_set_aside_with_the_reason_and_the_others_are_stored(
    listed, damage, reason
):
    drop(listed, METRICS)
    bad = drop(listed, BARS, checksum=False, keep=0.5 if damage == "truncated" else 1.0)
    names = {
        "name": "BTCUSDT-4h-2026-03-05.zip",
        "symbol": "NOPEUSDT-1m-2026-03-05.zip",
        "other day": "BTCUSDT-1m-2026-03-06.zip",
    }
    bad = bad.rename(bad.with_name(names.get(damage, BARS)))
    if damage == "checksum":
        bad.with_name(f"{bad.name}.CHECKSUM").write_text(f"{'0' * 64}  {bad.name}\n")
    (request,), _ = settled(listed)
    result = run(listed, request)
    assert not result.success, "a rejected file is a failed run that everyone sees"
    assert reason in messages(result)
    assert reason in (folder(listed) / "rejected" / f"{bad.name}.reason.txt").read_text()
    assert (folder(listed) / "rejected" / bad.name).is_file()
    assert listed.read("ohlcv_1m", "2026-03-05", "2026-03-06").is_empty()
    assert listed.read("open_interest", "2026-03-05").height == 24


def test_a_file_that_another_run_has_taken_is_passed_over(listed):
    request = dg.RunRequest(run_config={"ops": {"import_landed": {"config": {"files": [BARS]}}}})
    assert run(listed, request).success


def test_a_file_whose_run_never_came_is_asked_for_again_after_a_while(listed, monkeypatch):
    drop(listed, BARS)
    _, cursor = settled(listed)
    assert not tick(listed, cursor).run_requests
    present = time.time()
    monkeypatch.setattr(time, "time", lambda: present + 1000)
    assert len(tick(listed, cursor).run_requests) == 1


def test_the_day_of_the_file_says_where_its_rows_belong(listed):
    drop(listed, METRICS)
    (request,), _ = settled(listed)
    assert run(listed, request).success
    assert listed.lake.days("open_interest") == [date(2026, 3, 5)]
    first = listed.read("open_interest", "2026-03-05")["ts"].min()
    assert first == datetime(2026, 3, 5, tzinfo=UTC)
