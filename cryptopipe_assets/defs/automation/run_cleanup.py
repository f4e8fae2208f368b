"""Cleaning up Dagster's history: a run goes when every trace that counts was left again since.

``delete_run`` also erases what the run materialised, and with it the state of its partitions. So a
run stays while it is the newest of any (asset, partition), or the newest of its round and tier,
from which the schedules know what they requested.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster import DagsterEventType, DagsterRunStatus, RunsFilter
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus

from cryptopipe_assets.collect.raw_archive.store import Archive
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.defs.automation.orphans import end_orphans
from cryptopipe_assets.defs.automation.round_history import ROUND
from cryptopipe_assets.defs.run_scope import TIER
from cryptopipe_assets.vendors.http.samples import forget, forget_older

MOST_AT_ONCE = 500
ENDED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
EVALUATIONS_KEPT = timedelta(minutes=10)
"""What the daemon remembers of each automation condition that changed: 50 to 110 kB a table and
look, which it would keep for thirty days."""

TWICE_AN_HOUR = "20,50 * * * *"
"""Between the rounds: deleting holds the same SQLite files that a run writes to."""


@dataclass(frozen=True, kw_only=True)
class CleanUp:
    """What a clean-up did.

    Attributes
    ----------
    looked_at, deleted, kept
        Ended runs that were old enough; those that went; those that something still rests on.
    bytes_freed
        Of run files and captured output; pages inside the index are used again by Dagster.
    """

    looked_at: int
    deleted: int
    kept: int
    bytes_freed: int


def clean_up(
    instance: dg.DagsterInstance,
    *,
    now: datetime,
    keep: timedelta,
    keep_failed: timedelta,
    keep_evaluations: timedelta = EVALUATIONS_KEPT,
    most: int = MOST_AT_ONCE,
    state_folder: Path | None = None,
) -> CleanUp:
    """Delete superseded runs, the oldest first, and the daemon's looks at which nothing was due.

    Parameters
    ----------
    keep, keep_failed
        Age below which a run stays in any case; a failure is kept longer, for a person to read.
        Also of a sensor's tick that was skipped.
    keep_evaluations
        Age up to which evaluations of automation conditions stay.
    most
        Runs to delete at most in one go.
    state_folder
        Where the samples of rejected responses are: they go with their run, or when they are as old
        as a failure may become. Null leaves them alone.
    """
    _forget_looks(instance, evaluations_before=now - keep_evaluations, ticks_before=now - keep)
    resting = _rested_on(instance)
    old = [run for run in _ended_before(instance, now - keep) if _is_old(run, now - keep_failed)]
    deleted = freed = 0
    for record in old:
        run = record.dagster_run
        if deleted >= most or run.run_id in resting:
            continue
        freed += _delete(instance, run.run_id)
        freed += forget(state_folder, run.run_id) if state_folder else 0
        deleted += 1
    freed += forget_older(state_folder, than=now - keep_failed) if state_folder else 0
    return CleanUp(looked_at=len(old), deleted=deleted, kept=len(old) - deleted, bytes_freed=freed)


def _forget_looks(
    instance: dg.DagsterInstance, *, evaluations_before: datetime, ticks_before: datetime
) -> None:
    """Forget evaluations of conditions, and ticks of sensors that had nothing to do."""
    if instance.schedule_storage is None:
        return
    instance.schedule_storage.purge_asset_evaluations(before=evaluations_before.timestamp())
    for state in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR):
        instance.purge_ticks(
            state.instigator_origin_id,
            state.selector_id,
            before=ticks_before.timestamp(),
            tick_statuses=[TickStatus.SKIPPED],
        )


def _ended_before(instance: dg.DagsterInstance, instant: datetime) -> Iterator[dg.RunRecord]:
    """Ended runs created before an instant, the oldest first."""
    runs = RunsFilter(statuses=ENDED, created_before=instant)
    yield from instance.get_run_records(runs, ascending=True)


def _is_old(record: dg.RunRecord, failed_before: datetime) -> bool:
    """Whether even a failure of this age may go; every other one may."""
    if record.dagster_run.status == DagsterRunStatus.SUCCESS:
        return True
    return record.create_timestamp.replace(tzinfo=UTC) < failed_before


def _rested_on(instance: dg.DagsterInstance) -> set[str]:
    """Runs that hold the newest trace of an asset's partition, or of a round."""
    runs: set[str] = set()
    for key in instance.all_asset_keys():
        newest = instance.event_log_storage.get_latest_storage_id_by_partition(
            key, DagsterEventType.ASSET_MATERIALIZATION
        )
        wanted = set(newest.values())
        if latest := instance.get_latest_materialization_event(key):
            runs.add(latest.run_id)
        cursor = None
        while wanted:
            page = instance.fetch_materializations(key, limit=1000, cursor=cursor)
            for record in page.records:
                if record.storage_id in wanted:
                    wanted.discard(record.storage_id)
                    runs.add(record.run_id)
            if not page.has_more:
                break
            cursor = page.cursor
    return runs | _newest_of_rounds(instance)


def _newest_of_rounds(instance: dg.DagsterInstance) -> set[str]:
    """The newest run, and the newest that succeeded, of each round and tier."""
    seen: dict[tuple[str | None, str | None, bool], str] = {}
    for run in instance.get_runs(RunsFilter(tags={}), limit=None):
        if ROUND not in run.tags:
            continue
        of = (run.tags[ROUND], run.tags.get(TIER))
        seen.setdefault((*of, False), run.run_id)
        if run.status == DagsterRunStatus.SUCCESS:
            seen.setdefault((*of, True), run.run_id)
    return set(seen.values())


def _delete(instance: dg.DagsterInstance, run_id: str) -> int:
    """Delete a run with its captured output and its file; returns the bytes that this freed."""
    files = list(_files_of(instance, run_id))
    freed = sum(path.stat().st_size for path in files)
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    instance.delete_run(run_id)
    for path in files:
        with suppress(FileNotFoundError):
            path.unlink()
    return freed


def _files_of(instance: dg.DagsterInstance, run_id: str) -> Iterator[Path]:
    """Files that only this run has: Dagster leaves the emptied event log of a run behind."""
    shard = getattr(instance.event_log_storage, "path_for_shard", None)
    if shard is not None:
        log = Path(shard(run_id))
        yield from (each for each in log.parent.glob(f"{log.name}*") if each.is_file())
    captured = Path(instance.storage_directory()) / run_id
    yield from (each for each in captured.rglob("*") if each.is_file())


def clean_up_job(settings: Settings) -> dg.JobDefinition:
    """The job that the schedule runs, and a person from the UI."""
    schedules = settings.config.schedules

    @dg.op(description="Deletes runs whose every trace was left again since.")
    def delete_superseded_runs(context: dg.OpExecutionContext) -> None:
        for orphan in end_orphans(context.instance):
            context.log.warning(f"run {orphan.run_id} of {orphan.job} ended: {orphan.reason}")
        done = clean_up(
            context.instance,
            now=datetime.now(UTC),
            keep=timedelta(hours=schedules.keep_run_hours),
            keep_failed=timedelta(days=schedules.keep_failed_run_days),
            state_folder=settings.state_folder,
        )
        freed = Archive(settings.warehouse).forget(
            now=datetime.now(UTC), keep=timedelta(days=settings.config.collect.raw_days)
        )
        if freed:
            context.log.info(f"{freed / 1e6:.1f} MB of the raw archive deleted")
        context.log.info(
            f"{done.deleted} of {done.looked_at} old runs deleted, {done.bytes_freed / 1e6:.1f} MB"
        )

    @dg.job(
        name="clean_up_run_history",
        description="Bounds Dagster's history without forgetting which partitions are there.",
    )
    def job() -> None:
        delete_superseded_runs()

    return job


def clean_up_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Twice an hour, in every profile: a demo's history grows as well."""
    return dg.ScheduleDefinition(
        name="clean_up_run_history",
        job=clean_up_job(settings),
        cron_schedule=TWICE_AN_HOUR,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Deletes the history of runs that later runs have repeated.",
    )
