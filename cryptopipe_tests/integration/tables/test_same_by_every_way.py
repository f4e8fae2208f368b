"""Stored rows that came by REST are compared with the archive's file, once there is one."""

from datetime import UTC, datetime, timedelta

import pytest

from cryptopipe_assets.sandbox.faults.plan import Fault
from cryptopipe_tests.integration.tables.test_funding_rate import verdicts
from cryptopipe_tests.integration.tables.test_pipeline import messages

ARCHIVE = "/data/futures/um"


@pytest.mark.parametrize(
    ("table", "stored", "collected", "later", "file", "says"),
    [
        (
            "ohlcv_1m",
            "2026-03-09",
            datetime(2026, 3, 10, 9, 30, tzinfo=UTC),
            "2026-03-10",
            f"{ARCHIVE}/daily/klines/.*2026-03-09",
            "USDT on 2026-03-09: 1 of ",
        ),
        (
            "funding_rate",
            "2026-02-15",
            datetime(2026, 2, 16, 9, 30, tzinfo=UTC),
            "2026-03-10",
            f"{ARCHIVE}/monthly/fundingRate/.*2026-02",
            "USDT in 2026-02: 1 of ",
        ),
    ],
)
def test_a_file_that_differs_from_stored_rows_is_named_and_changes_nothing(
    platform, table, stored, collected, later, file, says
):
    check = f"{table}_is_the_same_by_every_way"
    platform.now = collected
    assert platform.materialise(["instruments", table], stored).success
    before = platform.read(table, stored)
    platform.now = datetime(2026, 3, 11, 9, 30, tzinfo=UTC)
    with platform.sandbox.suffering(Fault(match=file, kind="revised_number")) as plan:
        result = platform.materialise([table], later)
    assert plan.met
    assert result.success, messages(result)
    assert not verdicts(result)[check]
    [evaluation] = [
        each for each in result.get_asset_check_evaluations() if each.check_name == check
    ]
    assert says in evaluation.description
    assert "the archive's file and the stored rows" in evaluation.description
    assert evaluation.severity.value == "WARN"
    assert platform.read(table, stored).equals(before)
    again = platform.materialise([table], later)
    assert again.success
    assert verdicts(again)[check]


def test_rows_that_came_from_the_file_itself_are_not_compared_with_it(platform):
    assert platform.materialise(["instruments", "ohlcv_1m"], "2026-03-08").success
    files = platform.sandbox.calls["binance-archive", "klines"]
    assert files == 3  # of each contract
    assert platform.materialise(["ohlcv_1m"], "2026-03-08").success
    assert platform.sandbox.calls["binance-archive", "klines"] == files


@pytest.mark.parametrize(("kind", "value"), [("status", 404), ("not_a_zip", None)])
def test_a_file_that_is_not_to_be_had_says_nothing_and_takes_no_run_down(platform, kind, value):
    assert platform.materialise(["instruments", "ohlcv_1m"], "2026-03-09").success
    platform.now += timedelta(days=1)
    fault = Fault(match=f"{ARCHIVE}/daily/klines/.*2026-03-09", kind=kind, value=value)
    with platform.sandbox.suffering(fault) as plan:
        result = platform.materialise(["ohlcv_1m"], "2026-03-10")
    assert plan.met
    assert result.success, messages(result)
    assert verdicts(result)["ohlcv_1m_is_the_same_by_every_way"]
    assert platform.read("ohlcv_1m", "2026-03-10").height == 3 * 1440
