"""Missing settlements and hours of open interest are gaps, and are repaired as missing bars are."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.runtime.simulated_clock import SimulatedClock
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.faults.holes import HoledSource
from cryptopipe_assets.sandbox.faults.plan import Fault
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.open_interest import OpenInterest
from cryptopipe_assets.tables.quality.data_gaps import DataGaps
from cryptopipe_tests.conftest import NOW, Platform
from cryptopipe_tests.integration.tables.test_pipeline import messages

DAY = date(2026, 1, 20)
"""In a month of which the archive has its file; three days are asked of REST all the same."""
DAYS = ("2026-01-19", "2026-01-21")
SYMBOL = "DOGE-USDT-PERP"


def instant(hour: int, *, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


@pytest.fixture
def world(settings):
    """The platform, and the source whose settlements a test may hide."""
    clock = SimulatedClock(NOW)
    truth = SimulatedSource(settings.config.sandbox.seed, clock=clock)
    source = HoledSource(truth)
    with Sandbox(source) as sandbox, dg.DagsterInstance.ephemeral() as instance:
        yield Platform(settings, sandbox, instance, clock), source


def shown(source: HoledSource, lost: datetime) -> int:
    """The stamp with which the stand-in settled near an instant."""
    near = source.settlements_from(
        "DOGEUSDT",
        start=stamp_of(lost) - 60_000,
        end=stamp_of(lost) + 60_000,
        now=stamp_of(NOW),
    )
    [settlement] = near
    return settlement.time


def gaps(platform: Platform, dataset: str) -> list[tuple]:
    found = platform.lake.read(DataGaps).filter(dataset=dataset)
    return found.select("symbol", "ts", "end_ts", "cause", "status", "transports_asked").rows()


def look(platform: Platform, *, repair: bool = True):
    config = {"ops": {"data_gaps": {"config": {"repair": repair, "again": False}}}}
    result = platform.materialise(["data_gaps"], DAYS[1], run_config=config)
    assert result.success, messages(result)


class TestSettlements:
    def test_one_that_rest_lacks_is_a_gap_of_its_interval_and_comes_from_the_archive(self, world):
        platform, source = world
        assert platform.materialise(["instruments", "funding_rate"], *DAYS).success
        whole = platform.read("funding_rate", *DAYS).drop("ingested_at")
        interval = int(whole.filter(symbol=SYMBOL)["interval_hours"].mode()[0])
        lost = next(
            ts
            for ts in whole.filter(symbol=SYMBOL)["ts"]
            if ts.date() == DAY and ts.hour >= interval
        )
        without(platform, FundingRate, lost, lost + timedelta(minutes=1))
        source.unsettled_rest = frozenset({("DOGEUSDT", shown(source, lost))})
        look(platform, repair=False)
        gap = (SYMBOL, lost - timedelta(hours=interval), lost, "unknown", "open", None)
        assert gaps(platform, "funding_rate") == [gap]
        look(platform)
        assert [row[4] for row in gaps(platform, "funding_rate")] == ["repaired"]
        after = platform.read("funding_rate", *DAYS).drop("ingested_at")
        assert_frame_equal(after, whole, check_exact=True)
        seen = platform.instance.fetch_observations(dg.AssetKey("funding_rate"), limit=5).records
        assert [each.partition_key for each in seen] == [str(DAY)]

    def test_one_that_nobody_has_is_explained_and_asked_for_no_more(self, world):
        platform, source = world
        lost = instant(8)
        stamp = shown(source, lost)
        source.unsettled_rest = source.unsettled_archive = frozenset({("DOGEUSDT", stamp)})
        assert platform.materialise(["instruments", "funding_rate"], *DAYS).success
        look(platform)
        [(symbol, start, end, *said)] = gaps(platform, "funding_rate")
        assert (symbol, end) == (SYMBOL, lost)
        assert start < lost
        assert said == ["source_hole", "explained", "rest, archive_month"]
        asked = platform.sandbox.calls.copy()
        platform.now += timedelta(hours=3)
        look(platform)
        assert (platform.sandbox.calls - asked)["binance", "fundingRate"] == 0

    def test_settlements_that_are_not_yet_due_are_not_missing(self, platform):
        assert platform.materialise(["instruments", "funding_rate"], "2026-03-09").success
        assert platform.materialise(["funding_rate"], "2026-03-10").success
        look(platform)
        assert gaps(platform, "funding_rate") == []


class TestOpenInterest:
    @pytest.mark.parametrize("day", [date(2026, 3, 5), date(2026, 1, 20)])
    def test_hours_that_were_lost_here_come_again_as_they_were(self, platform, day):
        assert platform.materialise(["instruments", "open_interest"], str(day)).success
        whole = platform.read("open_interest", str(day)).drop("ingested_at")
        start, end = instant(5, day=day), instant(7, day=day)
        without(platform, OpenInterest, start, end)
        look(platform, repair=False)
        assert gaps(platform, "open_interest") == [(SYMBOL, start, end, "unknown", "open", None)]
        look(platform)
        assert [row[4] for row in gaps(platform, "open_interest")] == ["repaired"]
        after = platform.read("open_interest", str(day)).drop("ingested_at")
        assert_frame_equal(after, whole, check_exact=True)

    @pytest.mark.parametrize(
        ("match", "day", "said"),
        [
            ("DOGEUSDT-metrics-2026-01-20", date(2026, 1, 20), "archive_day: not published"),
            (
                "openInterestHist.*DOGEUSDT|DOGEUSDT-metrics",
                date(2026, 3, 5),
                "rest: not usable, archive_day: not published",
            ),
        ],
        ids=["the archive alone tells", "both tell"],
    )
    def test_a_gap_tells_what_each_way_said_when_its_day_was_collected(
        self, platform, match, day, said
    ):
        with platform.sandbox.suffering(Fault(match=match, kind="status", value=404)) as plan:
            assert platform.materialise(["instruments", "open_interest"], str(day)).success
        assert plan.met
        look(platform, repair=False)
        start, end = instant(0, day=day), instant(24, day=day)
        assert gaps(platform, "open_interest") == [(SYMBOL, start, end, "unknown", "open", said)]
        look(platform)
        assert [row[4] for row in gaps(platform, "open_interest")] == ["repaired"]


def without(platform: Platform, table, start: datetime, end: datetime) -> None:
    """Lose the rows of the contract at our venue from start until end."""
    rows = platform.lake.scan(table, start.date(), start.date()).collect()
    lost = (
        (pl.col("symbol") == SYMBOL)
        & (pl.col("venue") == "binance")
        & pl.col("ts").is_between(pl.lit(start), pl.lit(end), closed="left")
    )
    platform.lake.replace(table, rows.filter(~lost), start.date(), force=True)
