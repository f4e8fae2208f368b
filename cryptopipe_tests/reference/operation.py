"""The platform running by itself for as long as a test or benchmark wants, in simulated time.

What Dagster's daemon does in real time is done here tick by tick: the schedules of the code
location are evaluated at their instants, their run requests executed in process against a stand-in
at the same instant, and the automation conditions evaluated as the sensor would.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster import AssetCheckKey, AssetKey
from dagster._core.definitions.asset_daemon_cursor import AssetDaemonCursor
from dagster._core.definitions.declarative_automation.automation_condition_tester import (
    EvaluateAutomationConditionsResult,
)
from dagster._utils.schedules import cron_string_iterator

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.defs.partitions import range_tags
from cryptopipe_assets.defs.publishing.publication import GATE
from cryptopipe_assets.operations.schedule.rounds import hours_end
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.runtime.simulated_clock import SimulatedClock

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
SENSOR_SECONDS = 30


@contextmanager
def on_disk(home: Path) -> Iterator[dg.DagsterInstance]:
    """An instance in SQLite as a user's, with the project's settings as far as they matter here."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One run that a tick or the sensor asked for."""

    at: datetime
    by: str
    tables: tuple[str, ...]
    first: date
    last: date
    tier: str | None
    success: bool
    seconds: float


@dataclass
class Operation:
    """Schedules and sensor of a code location, driven by a clock that is set.

    Attributes
    ----------
    ran, skipped
        Runs so far, and (minute, schedule, reason) of the ticks without one.
    housekeeping
        (instant, schedule, success) of the runs that fill no table.
    """

    settings: Settings
    vendors: VendorClients
    instance: dg.DagsterInstance
    clock: SimulatedClock
    ran: list[Ran] = field(default_factory=list)
    skipped: list[tuple[datetime, str, str]] = field(default_factory=list)
    housekeeping: list[tuple[datetime, str, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.definitions = build(self.settings, vendors=self.vendors)
        self._repository = self.definitions.get_repository_def()
        self._cursor: AssetDaemonCursor | None = None
        self._sense(self.clock())  # a sensor's first look only remembers

    def run(self, until: datetime) -> list[Ran]:
        """Let the time pass until ``until``; returns the runs of it."""
        before, start = len(self.ran), self.clock()
        for minute, names in self._agenda(start, until):
            for name in names:
                self._tick(name, minute)
            self._sense(minute + timedelta(seconds=SENSOR_SECONDS))
        self.clock.set(until)
        return self.ran[before:]

    def sleep(self, until: datetime) -> list[Ran]:
        """Miss every tick until ``until``; then, like Dagster, make up for each schedule's last."""
        before, start = len(self.ran), self.clock()
        missed: dict[str, datetime] = {}
        for minute, names in self._agenda(start, until):
            missed |= dict.fromkeys(names, minute)
        for name, minute in sorted(missed.items(), key=lambda each: (each[1], each[0])):
            self._tick(name, minute, now=until)
        self._sense(until + timedelta(seconds=SENSOR_SECONDS))
        self.clock.set(until)
        return self.ran[before:]

    def _agenda(self, start: datetime, until: datetime) -> Iterator[tuple[datetime, list[str]]]:
        """Minutes in which something is due, and the schedules that are."""
        due: dict[datetime, list[str]] = {}
        for schedule in self._repository.schedule_defs:
            lines = schedule.cron_schedule
            for line in [lines] if isinstance(lines, str) else lines:
                for minute in _instants(line, start, until):
                    if schedule.name not in due.setdefault(minute, []):
                        due[minute].append(schedule.name)
        for minute in _instants(hours_end(self.settings.config).cron, start, until):
            due.setdefault(minute, [])
        return iter(sorted(due.items()))

    def _tick(self, name: str, minute: datetime, now: datetime | None = None) -> None:
        schedule = self._repository.get_schedule_def(name)
        self.clock.set((now or minute) + timedelta(seconds=2))
        with dg.build_schedule_context(
            instance=self.instance,
            repository_def=self._repository,
            scheduled_execution_time=minute,
        ) as context:
            told = schedule.evaluate_tick(context)
        if told.skip_message:
            self.skipped.append((minute, name, told.skip_message))
        for request in told.run_requests or []:
            keys = [each for each in request.asset_selection or [] if isinstance(each, AssetKey)]
            if not keys:
                self._keep_house(name, schedule.job_name)
                continue
            self._execute(
                name, schedule.job_name, keys, request.tags, checks=request.asset_check_keys
            )

    def _keep_house(self, by: str, job_name: str) -> None:
        """Run a job that fills no table, such as the clean-up of the run history."""
        job = self.definitions.resolve_job_def(job_name)
        result = job.execute_in_process(instance=self.instance, run_config=QUIET)
        self.housekeeping.append((self.clock(), by, result.success))

    def _sense(self, at: datetime) -> None:
        """Evaluate the automation conditions, and run what they request as the daemon would."""
        found = dg.evaluate_automation_conditions(
            self.definitions,
            self.instance,
            asset_selection=dg.AssetSelection.all(),
            evaluation_time=at,
            cursor=self._cursor,
        )
        self._remember(found)
        wanted = {
            each.key: days
            for each in found.results
            if isinstance(each.key, AssetKey)
            and (days := sorted(found.get_requested_partitions(each.key)))
        }
        if wanted:
            # A table without days, such as the gaps', asks for none.
            days = sorted({day for each in wanted.values() for day in each if day})
            days = days or [at.date().isoformat()]
            tags = range_tags(date.fromisoformat(days[0]), date.fromisoformat(days[-1]))
            self.clock.set(at)
            gates = [AssetCheckKey(key, GATE) for key in wanted]
            self._execute("derive_features", "derive", list(wanted), tags, checks=gates)

    def _remember(self, found: EvaluateAutomationConditionsResult) -> None:
        """Keep what the daemon would keep of a look: each condition with another result."""
        earlier, self._cursor = self._cursor, found.cursor
        changed = [
            result.serializable_evaluation.with_run_ids(set())
            for result in found.results
            if earlier is None
            or (before := earlier.get_previous_condition_cursor(result.key)) is None
            or before.result_value_hash != result.value_hash
        ]
        storage = self.instance.schedule_storage
        if storage is not None:
            storage.add_auto_materialize_asset_evaluations(found.cursor.evaluation_id, changed)

    def _execute(
        self,
        by: str,
        job_name: str,
        keys: list[AssetKey],
        tags: dict[str, str],
        *,
        checks: Iterable[AssetCheckKey] | None,
    ) -> None:
        job = self.definitions.resolve_job_def(job_name)
        chosen = None if checks is None else frozenset(checks)
        subset = job.get_subset(asset_selection=set(keys), asset_check_selection=chosen)
        started = time.monotonic()
        result = subset.execute_in_process(
            instance=self.instance, tags=tags, run_config=QUIET, raise_on_error=False
        )
        self.ran.append(
            Ran(
                at=self.clock(),
                by=by,
                tables=tuple(sorted(key.to_user_string() for key in keys)),
                first=date.fromisoformat(tags["dagster/asset_partition_range_start"]),
                last=date.fromisoformat(tags["dagster/asset_partition_range_end"]),
                tier=tags.get("cryptopipe/tier"),
                success=result.success,
                seconds=time.monotonic() - started,
            )
        )


def _instants(line: str, start: datetime, until: datetime) -> Iterator[datetime]:
    """Instants of a cron line in ``[start, until)``, by the library that Dagster reads it with."""
    for instant in cron_string_iterator(start.timestamp(), line, "UTC"):
        if instant.timestamp() >= until.timestamp():
            return
        yield instant.astimezone(UTC)
