"""A run whose process was killed is ended, and no other one."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from dagster._core.events import EngineEventData
from dagster._core.test_utils import create_run_for_test

from cryptopipe_assets.defs.automation import run_processes
from cryptopipe_assets.defs.automation.orphans import end_orphans
from cryptopipe_assets.defs.automation.run_processes import noted, running
from cryptopipe_tests.reference.operation import on_disk

A_RUN = """
import os, sys, time
import dagster as dg
from cryptopipe_assets.defs.automation.run_processes import marked_executor

@dg.op
def waits(context: dg.OpExecutionContext):
    print(context.run_id, flush=True)
    sys.stdin.readline()

@dg.job(executor_def=marked_executor)
def waiting():
    waits()

if __name__ == "__main__":
    with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
        dg.execute_job(dg.reconstructable(waiting), instance)
"""


@pytest.fixture
def instance(tmp_path):
    with on_disk(tmp_path / "home") as instance:
        yield instance


@pytest.fixture(autouse=True)
def files_settle_at_once(monkeypatch):
    monkeypatch.setattr(run_processes, "SETTLED_SECONDS", 0)


@contextmanager
def a_run(tmp_path):
    """A run in a process of its own, in the middle of its step, and its id."""
    script = tmp_path / "run.py"
    script.write_text(A_RUN)
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", script, tmp_path / "home"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        yield process, process.stdout.readline().strip()


def status(instance, run_id) -> DagsterRunStatus:
    return instance.get_run_by_id(run_id).status


def last_words(instance, run_id) -> str:
    return instance.all_logs(run_id)[-1].message


@pytest.mark.slow
def test_a_run_whose_process_was_killed_is_ended_with_the_reason(tmp_path, instance):
    with a_run(tmp_path) as (process, run_id):
        assert end_orphans(instance) == []  # it lives
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert status(instance, run_id) == DagsterRunStatus.STARTED
    (orphan,) = end_orphans(instance)
    assert (orphan.run_id, orphan.job) == (run_id, "waiting")
    assert status(instance, run_id) == DagsterRunStatus.FAILURE
    assert f"its process ({process.pid}) is gone: it was killed" in last_words(instance, run_id)
    assert end_orphans(instance) == []
    assert noted(instance) == []


@pytest.mark.slow
def test_a_run_that_ends_by_itself_is_left_alone(tmp_path, instance):
    with a_run(tmp_path) as (process, run_id):
        process.stdin.write("\n")
        process.stdin.flush()
        process.wait()
    assert end_orphans(instance) == []
    assert status(instance, run_id) == DagsterRunStatus.SUCCESS
    assert noted(instance) == []


def begun(instance, *, pid=None, status=DagsterRunStatus.STARTED) -> str:
    """A run that has begun, in a process that took no lock: of an earlier version, say."""
    run = create_run_for_test(instance, job_name="collect", status=DagsterRunStatus.STARTING)
    if pid is not None:
        instance.report_engine_event("began", run, EngineEventData.in_process(pid))
    if status == DagsterRunStatus.CANCELING:
        instance.report_run_canceling(run)
    elif status == DagsterRunStatus.STARTED:
        started = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "collect")
        instance.report_dagster_event(started, run.run_id)
    return run.run_id


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_run_without_a_lock_is_judged_by_its_process(instance, dead):
    lives, gone = begun(instance, pid=os.getpid()), begun(instance, pid=dead)
    assert [orphan.run_id for orphan in end_orphans(instance)] == [gone]
    assert status(instance, lives) == DagsterRunStatus.STARTED


def test_a_process_that_nobody_has_reaped_yet_is_gone(instance):
    process = subprocess.Popen([sys.executable, "-c", ""])
    until = time.monotonic() + 20
    while _state(process.pid) != "Z" and time.monotonic() < until:
        time.sleep(0.02)
    run_id = begun(instance, pid=process.pid)
    assert [orphan.run_id for orphan in end_orphans(instance)] == [run_id]
    process.wait()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_run_that_holds_its_lock_lives_whatever_its_process_is_called(instance, dead):
    run_id = begun(instance, pid=dead)  # as seen from another container
    with running(instance, run_id):
        assert end_orphans(instance) == []


def test_a_lock_that_was_taken_this_moment_is_not_judged(instance, monkeypatch, dead):
    monkeypatch.setattr(run_processes, "SETTLED_SECONDS", 60)
    run_id = begun(instance, pid=dead)
    with running(instance, run_id):
        pass
    file = Path(instance.root_directory) / run_processes.FOLDER / f"{run_id}.lock"
    file.touch()
    assert end_orphans(instance) == []
    os.utime(file, (0, 0))
    assert len(end_orphans(instance)) == 1


def test_a_run_that_was_being_cancelled_is_cancelled(instance, dead):
    run_id = begun(instance, pid=dead, status=DagsterRunStatus.CANCELING)
    assert len(end_orphans(instance)) == 1
    assert status(instance, run_id) == DagsterRunStatus.CANCELED


def test_a_run_that_never_said_its_process_is_given_two_minutes(instance):
    run_id = begun(instance)
    assert end_orphans(instance) == []
    later = datetime.now(UTC) + timedelta(seconds=121)
    assert [orphan.run_id for orphan in end_orphans(instance, now=later)] == [run_id]
