"""Schedules through Dagster against the stand-in, at simulated instants."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.defs.publishing.publication import GATE
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.sandbox.faults.plan import Fault, FaultPlan
from cryptopipe_tests.reference.operation import Operation, on_disk

FAST = Tier(every_minutes=15, offset_minutes=2, coins=("BTC",))
HOURLY = Tier(every_minutes=60, coins=("DOGE",))
KLINES = ("binance", "klines")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def operation(platform, tmp_path):
    """Two tiers of one coin each, late in the evening; schedules want an instance on disk."""
    platform.settings = platform.settings.with_config(tiers={"fast": FAST, "hourly": HOURLY})
    platform.now = at("2026-03-10T23:50")
    with on_disk(tmp_path / "instance") as platform.instance:
        yield Operation(platform.settings, platform.vendors, platform.instance, platform.clock)


def told(ran):
    """Of each run: minute, who started it, what it asked for, over which days."""
    return [
        (f"{each.at:%H:%M}", each.by, "+".join(each.tables), each.first.day, each.last.day)
        for each in ran
    ]


@pytest.mark.slow
def test_around_midnight_both_days_are_asked_for_and_hours_follow_once_all_tiers_have_asked(
    operation, platform
):
    ran = operation.run(at("2026-03-11T00:20"))
    everything = "funding_rate+instruments+ohlcv_1m+open_interest"
    fast = "funding_rate+ohlcv_1m+open_interest"
    assert [each for each in told(ran) if "leverage" not in each[2]] == [
        ("00:00", "collect_hourly", everything, 10, 11),
        ("00:02", "collect_fast", fast, 10, 11),
        ("00:17", "collect_fast", "funding_rate+ohlcv_1m", 11, 11),
    ]
    (derived,) = (each for each in ran if each.by == "derive_features")
    assert f"{derived.at:%H:%M}" == "00:03"
    assert {"microstructure_1h", "factors_1h"} <= set(derived.tables)
    assert all(each.success for each in ran)
    bars = platform.read("ohlcv_1m", "2026-03-10", "2026-03-11")
    minutes = dict(bars.group_by("symbol").len().iter_rows())
    assert minutes == {"BTC-USDT-PERP": 1440 + 17, "DOGE-USDT-PERP": 1440}
    hours = platform.read("microstructure_1h", "2026-03-10", "2026-03-11")
    assert dict(hours.group_by("symbol").len().iter_rows()) == {
        "BTC-USDT-PERP": 24,
        "DOGE-USDT-PERP": 24,
    }


@pytest.mark.slow
@pytest.mark.nightly
def test_a_night_asleep_is_one_run_a_schedule_and_leaves_no_gap_and_no_duplicate(
    operation, platform
):
    operation.run(at("2026-03-11T00:02"))
    ran = operation.sleep(at("2026-03-12T09:10"))
    assert [each for each in told(ran) if each[1] != "derive_features"] == [
        (
            "09:10",
            "close_yesterday",
            "data_gaps+funding_rate+instruments+ohlcv_1m+open_interest",
            10,
            12,
        ),
        ("09:10", "close_yesterday", "market_cap", 10, 12),
        ("09:10", "collect_listings", "instruments+market_cap", 12, 12),
        ("09:10", "collect_hourly", "funding_rate+ohlcv_1m+open_interest", 12, 12),
        ("09:10", "collect_fast", "funding_rate+ohlcv_1m+open_interest", 12, 12),
    ]
    assert all(each.success for each in ran)
    bars = platform.read("ohlcv_1m", "2026-03-10", "2026-03-12")
    assert bars.select("symbol", "ts").is_duplicated().sum() == 0
    # 09:10 is when the machine wakes, for the tiers' runs of 09:02 and 09:00 alike.
    assert dict(bars.group_by("symbol").len().iter_rows()) == {
        "BTC-USDT-PERP": 2 * 1440 + 9 * 60 + 10,
        "DOGE-USDT-PERP": 2 * 1440 + 9 * 60 + 10,
    }
    asked = platform.sandbox.calls[KLINES]
    again = operation.run(platform.now + timedelta(minutes=6))
    assert again == []
    assert platform.sandbox.calls[KLINES] == asked


def test_a_tiers_run_asks_for_its_own_coins_and_leaves_the_rows_of_others(operation, platform):
    tables = ["instruments", "ohlcv_1m", "funding_rate"]
    definitions = build(platform.settings, vendors=platform.vendors)
    job = definitions.resolve_implicit_global_asset_job_def()

    def collect(tags: dict[str, str]) -> dict[str, int]:
        result = job.execute_in_process(
            instance=platform.instance,
            asset_selection=[dg.AssetKey(name) for name in tables],
            partition_key="2026-03-10",
            tags=tags,
        )
        assert result.success
        rows = platform.read("ohlcv_1m", "2026-03-10")
        return dict(rows.group_by("symbol").len().iter_rows())

    assert collect({"cryptopipe/tier": "hourly"}) == {"DOGE-USDT-PERP": 23 * 60 + 50}
    platform.now += timedelta(minutes=5)
    assert collect({"cryptopipe/tier": "fast"}) == {
        "BTC-USDT-PERP": 23 * 60 + 55,
        "DOGE-USDT-PERP": 23 * 60 + 50,
    }


def test_a_tick_adds_nothing_while_the_round_before_is_waiting(operation, platform):
    schedule = operation.definitions.get_repository_def().get_schedule_def("collect_fast")

    def tick(minute: str) -> dg.RunRequest | str | None:
        with dg.build_schedule_context(
            instance=platform.instance,
            repository_def=operation.definitions.get_repository_def(),
            scheduled_execution_time=at(minute),
        ) as context:
            evaluated = schedule.evaluate_tick(context)
        return evaluated.run_requests[0] if evaluated.run_requests else evaluated.skip_message

    def start(request: dg.RunRequest, status: dg.DagsterRunStatus) -> None:
        job = operation.definitions.resolve_job_def("collect")
        platform.instance.create_run_for_job(job, status=status, tags=request.tags)

    start(tick("2026-03-10T09:32"), dg.DagsterRunStatus.SUCCESS)
    start(tick("2026-03-10T10:02"), dg.DagsterRunStatus.STARTED)
    assert "has not ended" in tick("2026-03-10T10:17")
    # The waiting run asks for no open interest, which is due at 10:32.
    later = tick("2026-03-10T10:32")
    assert {key.to_user_string() for key in later.asset_selection} >= {"open_interest"}


@pytest.mark.parametrize(
    ("name", "minute"),
    [
        ("collect_hourly", "09:00"),
        ("collect_fast", "09:02"),
        ("collect_listings", "09:00"),
        ("close_yesterday", "01:00"),
    ],
)
def test_a_tick_asks_for_each_table_together_with_its_gate(operation, platform, name, minute):
    repository = operation.definitions.get_repository_def()
    schedule = repository.get_schedule_def(name)
    with dg.build_schedule_context(
        instance=platform.instance,
        repository_def=repository,
        scheduled_execution_time=at(f"2026-03-10T{minute}"),
    ) as context:
        request = schedule.evaluate_tick(context).run_requests[0]
    # As the daemon makes a run of it; Dagster refuses a table without the check within it.
    chosen = request.asset_check_keys
    subset = operation.definitions.resolve_job_def(schedule.job_name).get_subset(
        asset_selection=set(request.asset_selection),
        asset_check_selection=None if chosen is None else set(chosen),
    )
    assert subset.asset_layer.selected_asset_keys == set(request.asset_selection)
    gates = {dg.AssetCheckKey(key, GATE) for key in request.asset_selection}
    assert chosen is None or gates == set(chosen)


def test_a_closing_that_still_runs_is_not_asked_for_again_with_the_one_that_failed(
    operation, platform
):
    repository = operation.definitions.get_repository_def()
    schedule = repository.get_schedule_def("close_yesterday")

    def tick(minute: str):
        with dg.build_schedule_context(
            instance=platform.instance,
            repository_def=repository,
            scheduled_execution_time=at(minute),
        ) as context:
            return schedule.evaluate_tick(context).run_requests or []

    job = operation.definitions.resolve_job_def("close_yesterday")
    bars, caps = tick("2026-03-10T01:00")
    failed, running = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED
    platform.instance.create_run_for_job(job, status=failed, tags=bars.tags)
    platform.instance.create_run_for_job(job, status=running, tags=caps.tags)
    assert [each.asset_selection for each in tick("2026-03-10T02:00")] == [bars.asset_selection]


class TestFailure:
    @pytest.fixture
    def faults(self) -> FaultPlan:
        return FaultPlan([Fault(match="klines", kind="status", value=503, times=2)])

    @pytest.mark.slow
    def test_the_days_of_a_round_that_failed_are_asked_for_by_the_next(self, operation):
        ran = operation.run(at("2026-03-11T00:20"))
        collected = [each for each in ran if each.by == "collect_fast"]
        assert [each.by for each in ran if not each.success] == ["collect_hourly"]
        assert [each.success for each in collected] == [True, True]


class TestClosingThatFails:
    @pytest.fixture
    def faults(self) -> FaultPlan:
        return FaultPlan([Fault(match="exchangeInfo", kind="status", value=503, times=2)])

    @pytest.mark.slow
    def test_is_tried_again_an_hour_later_and_what_is_done_is_left_alone(self, operation, platform):
        def closings(start: str, end: str):
            platform.now = at(start)
            ran = operation.run(at(end))
            return [
                ("market_cap" if "market_cap" in each.tables else "bars", each.success)
                for each in ran
                if each.by == "close_yesterday"
            ]

        assert closings("2026-03-11T01:00", "2026-03-11T01:01") == [
            ("bars", False),
            ("market_cap", True),
        ]
        assert closings("2026-03-11T02:00", "2026-03-11T02:01") == [("bars", True)]
        assert closings("2026-03-11T04:00", "2026-03-11T04:01") == []
        said = [why for _, name, why in operation.skipped if name == "close_yesterday"]
        assert said == ["the day is closed already"]


def test_schedules_run_from_the_start_with_real_vendors_and_wait_on_the_stand_in(settings):
    def states(profile: str) -> set[str]:
        own = settings.with_environment(vendors=profile)
        return {
            each.default_status.value
            for each in build(own).get_repository_def().schedule_defs
            if each.name != "clean_up_run_history"
        }

    assert states("live") == {"RUNNING"}
    assert states("sandbox") == {"STOPPED"}


def test_no_schedule_has_an_instant_twice(settings):
    for each in build(settings).get_repository_def().schedule_defs:
        lines = each.cron_schedule
        assert isinstance(lines, str) or len(lines) == len(set(lines)), each.name


def test_a_run_of_a_tier_that_is_gone_says_so(operation, platform):
    result = operation.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=platform.instance,
        asset_selection=[dg.AssetKey("instruments"), dg.AssetKey("ohlcv_1m")],
        partition_key="2026-03-10",
        tags={"cryptopipe/tier": "weekly"},
        raise_on_error=False,
    )
    said = json.dumps([event.message for event in result.all_events]) + str(
        [event.event_specific_data for event in result.all_events if event.is_step_failure]
    )
    assert not result.success
    assert "no tier 'weekly', known are fast, hourly" in said
