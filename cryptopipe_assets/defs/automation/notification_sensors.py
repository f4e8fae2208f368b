"""Sensors that notify people of failed runs and of tables that lose or regain their freshness."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.defs.automation.round_history import ROUND
from cryptopipe_assets.defs.run_scope import TIER
from cryptopipe_assets.operations.notifications import Told, targets, tell
from cryptopipe_assets.operations.status.blockers import with_vendors_reasons
from cryptopipe_assets.operations.status.freshness import TableFreshness, freshness
from cryptopipe_assets.operations.status.run_history import telling

LOOK_SECONDS, FAILURE_LOOK_SECONDS = 300, 60
BAD = frozenset({"stale", "missing"})
QUIET_FOR = timedelta(hours=6)
"""A failure of the same round or job is not notified again for so long."""

SAME = (ROUND, TIER)


def notify_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Both sensors; they run from the start, and skip where no target is set."""
    return [_failures(settings), _freshness(settings)]


def _failures(settings: Settings) -> dg.SensorDefinition:
    secret = settings.environment.notify

    @dg.run_failure_sensor(
        name="notify_run_failure",
        description="Notifies the targets of CRYPTOPIPE_NOTIFY of a failed run, once in six hours.",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=FAILURE_LOOK_SECONDS,
    )
    def notify_run_failure(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        if not targets(secret):
            return dg.SkipReason("CRYPTOPIPE_NOTIFY names no target to notify")
        run = context.dagster_run
        if _told_lately(context.instance, run):
            return dg.SkipReason("the same failed and was notified in the last six hours")
        told = tell(secret, title=f"cryptopipe: {_what(run)} failed", body=_why(context))
        return dg.SkipReason(_outcome(told))

    return notify_run_failure


def _told_lately(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a run of the same round, or else of the same job, failed shortly before."""
    tags = {name: run.tags[name] for name in SAME if name in run.tags}
    same = RunsFilter(
        job_name=run.job_name,
        tags=tags,
        statuses=[DagsterRunStatus.FAILURE],
        created_after=datetime.now(UTC) - QUIET_FOR,
    )
    others = [each for each in instance.get_runs(same) if each.run_id != run.run_id]
    earlier = {each.run_id for each in others if set(each.tags) & set(SAME) == set(tags)}
    records = instance.get_run_records(RunsFilter(run_ids=[*earlier, run.run_id]), ascending=True)
    return bool(records) and records[0].dagster_run.run_id != run.run_id


def _what(run: dg.DagsterRun) -> str:
    tier = run.tags.get(TIER)
    return f"{run.job_name}{f' of {tier}' if tier else ''}"


def _why(context: dg.RunFailureSensorContext) -> str:
    """The first failed step's own words, which say what to do next."""
    steps = context.get_step_failure_events()
    for step in steps:
        error = step.step_failure_data.error
        chain: list[tuple[str, str]] = []
        while error is not None:
            chain.append((str(error.cls_name), error.message))
            error = error.cause
        if chain:
            return f"{step.step_key}: {telling(chain)}"
    return str(context.failure_event.message)


def _freshness(settings: Settings) -> dg.SensorDefinition:
    secret = settings.environment.notify

    @dg.sensor(
        name="notify_freshness",
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Notifies the targets of CRYPTOPIPE_NOTIFY when tables turn stale or fresh.",
    )
    def notify_freshness(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not targets(secret):
            return dg.SkipReason("CRYPTOPIPE_NOTIFY names no target to notify")
        now_at = datetime.now(UTC)
        tables = with_vendors_reasons(settings, freshness(settings, now=now_at), now=now_at)
        before: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
        now = {each.table: "bad" if each.state in BAD else "good" for each in tables}
        cursor = json.dumps(now, sort_keys=True)
        changed = [each for each in tables if before.get(each.table, "good") != now[each.table]]
        if not changed:
            return dg.SensorResult(skip_reason="nothing turned", cursor=cursor)
        told = tell(secret, title=_title(changed), body="\n".join(_line(each) for each in changed))
        done = _outcome(told)
        # No target was reached: try again at the next look.
        kept = cursor if told.reached else (context.cursor or "{}")
        return dg.SensorResult(skip_reason=done, cursor=kept)

    return notify_freshness


def _outcome(told: Told) -> str:
    return f"targets notified: {told.reached}, failed: {', '.join(told.failed) or 0}"


def _title(changed: list[TableFreshness]) -> str:
    bad = [each.table for each in changed if each.state in BAD]
    if not bad:
        return f"cryptopipe: {', '.join(each.table for each in changed)} fresh again"
    return f"cryptopipe: {', '.join(bad)} {'is' if len(bad) == 1 else 'are'} not fresh"


def _line(table: TableFreshness) -> str:
    why = next((each.why for each in table.tiers if each.state == table.state and each.why), "")
    return f"{table.table}: {table.state}{f', {why}' if why else ''}"
