"""Dagster's history is bounded, and no partition is forgotten for it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)

from cryptopipe_assets.defs.automation.round_history import ROUND
from cryptopipe_assets.defs.automation.run_cleanup import clean_up
from cryptopipe_assets.defs.partitions import DAYS, range_tags
from cryptopipe_assets.defs.run_scope import TIER
from cryptopipe_tests.reference.operation import on_disk

LATER = datetime.now(UTC) + timedelta(days=2)


@dg.asset(partitions_def=DAYS)
def bars() -> dg.MaterializeResult:
    return dg.MaterializeResult()


@dg.asset
def registry() -> dg.MaterializeResult:
    return dg.MaterializeResult()


@dg.asset
def broken() -> None:
    raise dg.Failure("down")


@pytest.fixture
def instance(tmp_path):
    with on_disk(tmp_path / "home") as instance:
        yield instance


def run(instance, asset, *days: int, **tags: str) -> str:
    ends = [datetime(2026, 3, day, tzinfo=UTC).date() for day in days]
    spans = range_tags(ends[0], ends[-1]) if ends else {}
    result = dg.materialize(
        [asset], instance=instance, tags={**spans, **tags}, raise_on_error=False
    )
    return result.run_id


def tidy(instance, *, now: datetime = LATER, **options):
    return clean_up(
        instance,
        now=now,
        keep=timedelta(hours=6),
        keep_failed=timedelta(days=7),
        **options,
    )


def size(instance) -> int:
    return sum(
        each.stat().st_size for each in Path(instance.root_directory).rglob("*") if each.is_file()
    )


def left(instance) -> set[str]:
    return {each.run_id for each in instance.get_runs()}


def test_runs_that_were_repeated_go_and_every_partition_keeps_its_state(instance):
    week = run(instance, bars, 1, 7)
    repeated = [run(instance, bars, 7) for _ in range(4)]
    days = instance.get_materialized_partitions(bars.key)
    before = size(instance)
    done = tidy(instance)
    assert left(instance) == {week, repeated[-1]}
    assert (done.deleted, done.kept) == (3, 2)
    assert instance.get_materialized_partitions(bars.key) == days
    assert len(days) == 7
    assert size(instance) < before - 3 * 20_000
    assert done.bytes_freed > 0
    assert tidy(instance).deleted == 0


def test_a_week_goes_when_each_of_its_days_was_done_again(instance):
    run(instance, bars, 1, 3)
    daily = {run(instance, bars, day) for day in (1, 2, 3)}
    tidy(instance)
    assert left(instance) == daily


def test_the_newest_run_of_a_table_without_days_stays(instance):
    runs = [run(instance, registry) for _ in range(3)]
    tidy(instance)
    assert left(instance) == {runs[-1]}
    assert instance.get_latest_materialization_event(registry.key).run_id == runs[-1]


def test_the_newest_run_of_a_round_and_tier_stays_even_if_others_repeated_it(instance):
    fast = run(instance, bars, 1, **{ROUND: "market_data", TIER: "fast"})
    hourly = run(instance, bars, 1, **{ROUND: "market_data", TIER: "hourly"})
    by_hand = run(instance, bars, 1)
    tidy(instance)
    assert left(instance) == {fast, hourly, by_hand}


def test_what_is_young_stays_and_a_failure_stays_longer(instance):
    runs = {run(instance, bars, 1), run(instance, bars, 1), run(instance, broken)}
    assert tidy(instance, now=datetime.now(UTC) + timedelta(hours=5)).deleted == 0
    assert left(instance) == runs
    tidy(instance)
    assert len(left(instance)) == 2  # the newest, and the failure
    tidy(instance, now=LATER + timedelta(days=8))
    assert len(left(instance)) == 1


def test_one_clean_up_deletes_so_many_runs_at_most(instance):
    for _ in range(5):
        run(instance, bars, 1)
    assert tidy(instance, most=2).deleted == 2
    assert len(left(instance)) == 3
    assert tidy(instance, most=2).deleted == 2


def test_samples_of_rejected_answers_go_with_their_run_or_when_they_are_old(instance, tmp_path):
    gone, stays = run(instance, bars, 1), run(instance, bars, 1)
    for name in (gone, stays, "without-run-2026-03-10"):
        (tmp_path / "samples" / name).mkdir(parents=True)
        (tmp_path / "samples" / name / "acme-prices-0.txt").write_text("rejected")
    assert tidy(instance, state_folder=tmp_path).bytes_freed > 0
    left_over = {each.name for each in (tmp_path / "samples").iterdir()}
    assert left_over == {stays, "without-run-2026-03-10"}
    tidy(instance, now=LATER + timedelta(days=8), state_folder=tmp_path)
    assert list((tmp_path / "samples").iterdir()) == []


def test_what_led_to_automatic_runs_is_forgotten_after_minutes(instance):
    @dg.asset(automation_condition=dg.AutomationCondition.on_cron("0 * * * *"))
    def hourly() -> None: ...

    found = dg.evaluate_automation_conditions(
        [hourly], instance, asset_selection=dg.AssetSelection.assets(hourly)
    )
    storage = instance.schedule_storage
    storage.add_auto_materialize_asset_evaluations(
        1, [each.serializable_evaluation.with_run_ids(set()) for each in found.results]
    )

    def remembered() -> int:
        return len(storage.get_auto_materialize_asset_evaluations(hourly.key, limit=10))

    now = datetime.now(UTC)
    tidy(instance, now=now + timedelta(minutes=5))
    assert remembered() == 1
    tidy(instance, now=now + timedelta(minutes=15))
    assert remembered() == 0


def test_skipped_ticks_of_sensors_are_forgotten_and_every_other_tick_stays(instance):
    location = GrpcServerCodeLocationOrigin(host="localhost", port=1, location_name="cryptopipe")
    repository = RemoteRepositoryOrigin(location, "__repository__")
    now = datetime.now(UTC)

    def ticks(name, kind, data, *statuses):
        origin = RemoteInstigatorOrigin(repository, name)
        state = InstigatorState(origin, kind, InstigatorStatus.RUNNING, data)
        instance.add_instigator_state(state)
        for status in statuses:
            tick = TickData(
                instigator_origin_id=state.instigator_origin_id,
                instigator_name=name,
                instigator_type=kind,
                status=status,
                timestamp=now.timestamp(),
                run_ids=[],
                selector_id=state.selector_id,
            )
            instance.create_tick(tick)
        return lambda: [
            each.status
            for each in instance.get_ticks(state.instigator_origin_id, state.selector_id)
        ]

    skipped, asked = TickStatus.SKIPPED, TickStatus.SUCCESS
    sensor = ticks("derive", InstigatorType.SENSOR, SensorInstigatorData(), skipped, asked)
    crons = ScheduleInstigatorData("0 * * * *")
    schedule = ticks("collect", InstigatorType.SCHEDULE, crons, skipped, asked)
    tidy(instance, now=now + timedelta(hours=5))
    assert (len(sensor()), len(schedule())) == (2, 2)
    tidy(instance, now=now + timedelta(hours=7))
    assert (sensor(), len(schedule())) == ([asked], 2)
