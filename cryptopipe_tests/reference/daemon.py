"""Dagster's own daemon over the code location, as a process of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.scheduler.instigation import ScheduleInstigatorData

from cryptopipe_assets.config.project import template

WORKSPACE = ["-w", str(template("workspace.yaml"))]
PATIENCE = timedelta(minutes=4)


def switch_on(environment: Mapping[str, str], log: Path, *commands: Sequence[str]) -> None:
    """Start schedules or sensors: ``("schedule", NAME)``, ``("sensor", NAME)``."""
    with log.open("a") as told:
        for kind, name in commands:
            subprocess.run(
                [Path(sys.executable).with_name("dagster"), kind, "start", name, *WORKSPACE],
                env=environment,
                stdout=told,
                stderr=told,
                check=True,
            )


def as_if_started(instance: dg.DagsterInstance, schedule: str, *, at: datetime) -> None:
    """Let a schedule that was switched on have been on since ``at``, and nobody have looked."""
    (state,) = (each for each in instance.all_instigator_state() if each.name == schedule)
    assert isinstance(state.instigator_data, ScheduleInstigatorData)
    earlier = ScheduleInstigatorData(state.instigator_data.cron_schedule, at.timestamp())
    instance.update_instigator_state(state.with_data(earlier))


@contextmanager
def daemon(environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """The daemon, and the code server that it starts, while the block lasts."""
    with log.open("a") as told:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("dagster-daemon"), "run", *WORKSPACE],
            env=environment,
            stdout=told,
            stderr=told,
        )
        try:
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=30)


def ended(instance: dg.DagsterInstance, job: str, *, after: datetime) -> dg.RunRecord | None:
    """The first run of a job created after an instant, once it has ended; null if none comes."""
    wanted = dg.RunsFilter(job_name=job, created_after=after)
    until = max(after, datetime.now(UTC)) + PATIENCE
    while datetime.now(UTC) < until:
        found = instance.get_run_records(wanted, ascending=True, limit=1)
        if found and found[0].dagster_run.is_finished:
            return found[0]
        time.sleep(0.2)
    return None
