"""What is read from Dagster's own files agrees with what Dagster did."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from cryptopipe_assets.operations.status.run_history import (
    daemon_is_alive,
    last_runs,
    schedules_switched,
)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def instance(home):
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as found:
        yield found


def run(instance, *, fails: bool):
    @dg.asset(name="ohlcv_1m")
    def bars() -> None:
        if fails:
            try:
                raise ConnectionError("the exchange is away\nwith details")
            except ConnectionError as exc:
                raise RuntimeError("no bars") from exc

    return dg.materialize([bars], instance=instance, raise_on_error=False)


def test_a_success_is_dated(instance, home):
    before = datetime.now(UTC)
    run(instance, fails=False)
    found = last_runs(home, ["ohlcv_1m"])["ohlcv_1m"]
    assert before <= found.succeeded_at <= datetime.now(UTC)
    assert (found.failed_at, found.failure) == (None, "")


def test_a_failure_after_it_is_told_with_its_first_cause_in_one_line(instance, home):
    run(instance, fails=False)
    run(instance, fails=True)
    found = last_runs(home, ["ohlcv_1m"])["ohlcv_1m"]
    assert found.succeeded_at < found.failed_at
    assert found.failure == "ohlcv_1m: ConnectionError: the exchange is away"


def test_a_success_after_a_failure_forgets_it(instance, home):
    run(instance, fails=True)
    run(instance, fails=False)
    assert last_runs(home, ["ohlcv_1m"])["ohlcv_1m"].failure == ""


def test_a_table_that_never_ran_has_no_record(instance, home):
    run(instance, fails=False)
    assert last_runs(home, ["signals"])["signals"].succeeded_at is None


def test_a_home_without_dagsters_files_says_nothing(home):
    assert last_runs(home, ["ohlcv_1m"]) == {}
    assert not daemon_is_alive(home, now=datetime.now(UTC))


def test_a_scheduler_is_alive_while_its_heartbeat_is_young(instance, home):
    beat = datetime(2026, 3, 10, 12, tzinfo=UTC)
    with sqlite3.connect(home / "history" / "runs.db") as states:
        states.execute(
            "INSERT INTO daemon_heartbeats (daemon_type, daemon_id, timestamp) VALUES (?, ?, ?)",
            ("SCHEDULER", "one", beat.strftime("%Y-%m-%d %H:%M:%S.%f")),
        )
    assert daemon_is_alive(home, now=beat + timedelta(minutes=1))
    assert not daemon_is_alive(home, now=beat + timedelta(minutes=10))


def test_schedules_that_a_person_switched_are_known(instance, home):
    for name, status in {"on": "RUNNING", "off": "STOPPED", "as_coded": "DECLARED_IN_CODE"}.items():
        body = json.dumps({"origin": {"job_name": name}})  # the part that is read of Dagster's own
        with sqlite3.connect(home / "schedules" / "schedules.db") as schedules:
            schedules.execute(
                "INSERT INTO instigators (selector_id, status, instigator_type, instigator_body)"
                " VALUES (?, ?, 'SCHEDULE', ?)",
                (name, status, body),
            )
    assert schedules_switched(home) == {"on": True, "off": False}
    assert schedules_switched(home / "elsewhere") == {}
