"""Runs whose process is gone: killed, or gone with the machine. Dagster goes on believing in them.

Such a run would keep the place in its vendor's pool, and its round from being requested again,
until ``max_runtime_seconds``. Once it is ended as failed, Dagster starts it anew (``run_retries``).
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster import DagsterEventType, DagsterRunStatus, RunsFilter
from filelock import FileLock, Timeout

from cryptopipe_assets.defs.automation.run_processes import FOLDER, forget, is_alive, noted

GOING_ON = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
LONGEST_START = timedelta(seconds=120)
"""A run that has started says its process within a second; one that is starting, Dagster ends."""

SWEEP = "sweep.guard"


@dataclass(frozen=True)
class Orphan:
    """A run that was ended, and why."""

    run_id: str
    job: str
    reason: str


def end_orphans(instance: dg.DagsterInstance, *, now: datetime | None = None) -> list[Orphan]:
    """End every run whose process is gone; returns them.

    Of several that look at once one does it.
    """
    folder = Path(instance.root_directory) / FOLDER
    folder.mkdir(exist_ok=True)
    try:
        with FileLock(folder / SWEEP).acquire(timeout=0):
            return _ended(instance, now or datetime.now(UTC))
    except Timeout:
        return []


def _ended(instance: dg.DagsterInstance, now: datetime) -> list[Orphan]:
    records = instance.get_run_records(RunsFilter(statuses=GOING_ON))
    going_on = {record.dagster_run.run_id for record in records}
    for run_id in set(noted(instance)) - going_on:
        known = instance.get_run_by_id(run_id)
        if known is None or known.is_finished:
            forget(instance, run_id)
    found = ((record, _death(instance, record, now)) for record in records)
    return [_end(instance, record, reason) for record, reason in found if reason is not None]


def _death(instance: dg.DagsterInstance, record: dg.RunRecord, now: datetime) -> str | None:
    """Why the process of a run must be gone; null while it may live, or the run has ended."""
    run_id = record.dagster_run.run_id
    alive = is_alive(instance, run_id)
    pid = _pid(instance, run_id)
    if alive is None and pid is None:
        started = record.start_time
        if started is None or now.timestamp() - started < LONGEST_START.total_seconds():
            return None
        reason = "its process was gone before it said which one it was"
    elif alive or (alive is None and pid is not None and _exists(pid)):
        return None
    else:
        reason = f"its process ({pid}) is gone" if pid else "its process is gone"
    current = instance.get_run_by_id(run_id)
    return reason if current is not None and current.status in GOING_ON else None


def _end(instance: dg.DagsterInstance, record: dg.RunRecord, reason: str) -> Orphan:
    run = record.dagster_run
    said = f"{reason}: it was killed, or the machine went down. What was committed stays."
    if run.status == DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, message=f"Canceled, and {said}")
    else:
        instance.report_run_failed(run, message=f"Ended from outside: {said}")
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    forget(instance, run.run_id)
    return Orphan(run.run_id, run.job_name, reason)


def _pid(instance: dg.DagsterInstance, run_id: str) -> int | None:
    """The process of a run, as it has said itself."""
    for entry in instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        said = event.engine_event_data.metadata.get("pid") if event else None
        if isinstance(said, dg.TextMetadataValue) and (said.text or "").isdigit():
            return int(said.text or "")
    return None


def _exists(pid: int) -> bool:
    """Whether there is such a process; one that only waits to be reaped is none."""
    status = Path(f"/proc/{pid}/stat")
    if status.exists():
        return status.read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
