"""Holes at one transport are filled from the other; what neither has is explained."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.defs.quality.data_gaps import open_gaps
from cryptopipe_assets.runtime.simulated_clock import SimulatedClock
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.faults.holes import Hole, HoledSource
from cryptopipe_assets.sandbox.faults.plan import Fault, FaultPlan
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.tables.quality.data_gaps import DataGaps
from cryptopipe_tests.conftest import NOW, Platform
from cryptopipe_tests.integration.tables.test_pipeline import messages

BARS = ["instruments", "ohlcv_1m"]
DAY = date(2026, 3, 5)
"""Long enough ago for the archive to have its file, and in a month that is not over."""


def instant(hour: int, minute: int = 0, *, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def hole(symbol: str, start: datetime, minutes: int) -> Hole:
    first = stamp_of(start)
    return Hole(symbol, first, first + minutes * 60_000)


@pytest.fixture
def holes() -> dict[str, list[Hole]]:
    return {}


@pytest.fixture
def holed(settings, holes, faults):
    """The platform on a stand-in whose holes a test chooses, and may fill later."""
    clock = SimulatedClock(NOW)
    truth = SimulatedSource(settings.config.sandbox.seed, clock=clock)
    source = HoledSource(truth, **holes)
    with Sandbox(source, faults=faults) as sandbox, dg.DagsterInstance.ephemeral() as instance:
        yield Platform(settings, sandbox, instance, clock), source


def ledger(platform: Platform) -> list[tuple]:
    rows = platform.lake.read(DataGaps)
    shown = rows.select(
        "symbol", "ts", "minutes", "cause", "status", "attempts", "transports_asked"
    )
    return shown.rows()


def look(platform: Platform, *, repair: bool = True, again: bool = False):
    config = {"ops": {"data_gaps": {"config": {"repair": repair, "again": again}}}}
    return platform.materialise(["data_gaps"], str(DAY), run_config=config)


def truth_of(platform: Platform, symbol: str) -> pl.DataFrame:
    """The day as a warehouse has it that never met a hole."""
    with Sandbox(
        SimulatedSource(platform.settings.config.sandbox.seed, clock=platform.clock)
    ) as whole:
        other = Platform(
            platform.settings.with_environment(warehouse=platform.settings.warehouse / "whole"),
            whole,
            platform.instance,
            platform.clock,
        )
        assert other.materialise(BARS, str(DAY)).success
        return other.read("ohlcv_1m", str(DAY)).filter(symbol=symbol).drop("ingested_at")


LACKING = [
    hole("DOGEUSDT", instant(4, 10), 3),
    hole("DOGEUSDT", instant(6, 0), 70),
    hole("BTCUSDT", instant(23, 50), 10),
]


class TestTheArchiveLacksMinutes:
    """The usual way of a past day is the archive; REST has what it lacks."""

    @pytest.fixture
    def holes(self) -> dict[str, list[Hole]]:
        return {"archive": LACKING}

    def test_a_day_that_is_collected_has_them_from_rest_at_once(self, holed):
        platform, _ = holed
        result = platform.materialise(BARS, str(DAY))
        assert result.success
        told = platform.instance.get_latest_materialization_event(
            dg.AssetKey("ohlcv_1m")
        ).asset_materialization.metadata
        assert told["symbol_days_from_archive_day"].value == 1
        assert told["symbol_days_from_rest"].value == 2
        assert told["archive_day_not_whole"].value == 2
        assert "archive_day of DOGE-USDT-PERP is not whole" in str(told["decisions"].value)
        for symbol in ("DOGE-USDT-PERP", "BTC-USDT-PERP"):
            mine = platform.read("ohlcv_1m", str(DAY)).filter(symbol=symbol).drop("ingested_at")
            assert_frame_equal(mine, truth_of(platform, symbol), check_exact=True)


class TestRestHasWhatItLackedAtFirst:
    """Neither the archive nor REST had some minutes when the day was collected."""

    @pytest.fixture
    def holes(self) -> dict[str, list[Hole]]:
        return {"archive": LACKING, "rest": LACKING}

    def test_rest_fills_them_in_few_calls_and_the_day_is_bit_identical_to_the_truth(self, holed):
        platform, source = holed
        assert platform.materialise(BARS, str(DAY)).success
        assert look(platform, repair=False).success
        said = "rest, archive_day"
        assert {(*row[:1], *row[2:]) for row in ledger(platform)} == {
            ("DOGE-USDT-PERP", 3, "unknown", "open", 0, said),
            ("DOGE-USDT-PERP", 70, "unknown", "open", 0, said),
            ("BTC-USDT-PERP", 10, "unknown", "open", 0, said),
        }
        found = open_gaps(platform.lake)["ohlcv_1m"]
        assert (found.gaps, found.minutes, found.oldest) == (3, 83, instant(4, 10))
        source.rest = ()
        before = platform.sandbox.calls.copy()
        result = look(platform)
        assert result.success, messages(result)
        spent = platform.sandbox.calls - before
        # The two holes of DOGE are 113 minutes apart: one call has both.
        assert spent["binance", "klines"] == 2
        assert spent["binance-archive", "klines"] == 0
        assert {row[4] for row in ledger(platform)} == {"repaired"}
        assert open_gaps(platform.lake) == {}
        checks = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
        assert len(checks) == 3
        assert all(checks.values()), checks
        for symbol in ("DOGE-USDT-PERP", "BTC-USDT-PERP"):
            mine = platform.read("ohlcv_1m", str(DAY)).filter(symbol=symbol).drop("ingested_at")
            assert_frame_equal(mine, truth_of(platform, symbol), check_exact=True)

    def test_a_repaired_day_is_told_to_dagster_and_the_rest_of_the_file_is_untouched(self, holed):
        platform, source = holed
        assert platform.materialise(BARS, str(DAY)).success
        stored = platform.read("ohlcv_1m", str(DAY))
        source.rest = ()
        assert look(platform).success
        after = platform.read("ohlcv_1m", str(DAY))
        assert after.height == stored.height + 83
        assert_frame_equal(after.join(stored, on=["symbol", "ts"], how="semi"), stored)
        seen = platform.instance.fetch_observations(dg.AssetKey("ohlcv_1m"), limit=5).records
        assert [each.partition_key for each in seen] == [str(DAY)]
        before = platform.files()
        assert look(platform).success
        assert platform.files() == before, "a second look has nothing to do"


class TestRestLacksMinutes:
    """The way of a young day is REST; once the archive has the day, it fills the hole."""

    YOUNG = date(2026, 3, 9)

    @pytest.fixture
    def holes(self) -> dict[str, list[Hole]]:
        return {"rest": [hole("DOGEUSDT", instant(4, 10, day=self.YOUNG), 30)]}

    def test_the_archive_fills_them_as_soon_as_it_has_the_day(self, holed):
        platform, _ = holed
        assert platform.materialise(BARS, str(self.YOUNG)).success
        assert look(platform).success
        assert ledger(platform) == [
            ("DOGE-USDT-PERP", instant(4, 10, day=self.YOUNG), 30, "unknown", "open", 1, "rest")
        ]
        asked = platform.sandbox.calls.copy()
        assert look(platform).success
        assert (platform.sandbox.calls - asked)["binance", "klines"] == 0, "an hour must pass first"
        platform.now += timedelta(days=2)
        assert look(platform).success
        assert [row[4] for row in ledger(platform)] == ["repaired"]
        bars = platform.read("ohlcv_1m", str(self.YOUNG)).filter(symbol="DOGE-USDT-PERP")
        assert bars.height == 1440


class TestNobodyHasTheMinutes:
    @pytest.fixture
    def holes(self, settings) -> dict[str, list[Hole]]:
        lines = SimulatedSource(settings.config.sandbox.seed, clock=lambda: NOW).archived_klines(
            "1000PEPEUSDT",
            "1m",
            start=stamp_of(DAY),
            end=stamp_of(DAY + timedelta(days=1)),
            now=stamp_of(NOW),
        )
        quiet = next(int(line.split(",")[0]) for line in lines if line.split(",")[8] == "0")
        both = [
            Hole("1000PEPEUSDT", quiet, quiet + 60_000),
            hole("DOGEUSDT", instant(4, 10), 2),
        ]
        return {"rest": both, "archive": both}

    def test_quiet_minutes_are_told_from_lost_ones_by_the_hourly_bar(self, holed):
        platform, source = holed
        assert platform.materialise(BARS, str(DAY)).success
        assert look(platform).success
        assert {(row[0], *row[3:]) for row in ledger(platform)} == {
            ("1000PEPE-USDT-PERP", "no_trades", "explained", 1, "rest, archive_day"),
            ("DOGE-USDT-PERP", "source_hole", "explained", 1, "rest, archive_day"),
        }
        asked = platform.sandbox.calls.copy()
        platform.now += timedelta(hours=2)
        assert look(platform).success
        spent = platform.sandbox.calls - asked
        assert spent["binance", "klines"] == spent["binance-archive", "klines"] == 0
        # The venue finds its bars after all: whoever asks again gets them.
        source.rest = ()
        assert look(platform, again=True).success
        assert {row[4] for row in ledger(platform)} == {"repaired"}


class TestEveryContractIsSilent:
    @pytest.fixture
    def holes(self) -> dict[str, list[Hole]]:
        every = [hole(each, instant(4, 10), 20) for each in ("BTCUSDT", "DOGEUSDT", "1000PEPEUSDT")]
        return {"rest": every, "archive": every}

    def test_it_is_a_halt_until_the_venues_own_hours_count_trades_in_it(self, holed):
        platform, _ = holed
        assert platform.materialise(BARS, str(DAY)).success
        assert look(platform, repair=False).success
        assert {row[3:5] for row in ledger(platform)} == {("exchange_halt", "open")}
        assert look(platform).success
        assert {row[3:5] for row in ledger(platform)} == {("source_hole", "explained")}


def test_days_that_nobody_asked_for_are_our_outage_and_come_from_the_archive(platform):
    assert platform.materialise(BARS, "2026-03-03").success
    assert platform.materialise(BARS, "2026-03-06").success
    config = {"ops": {"data_gaps": {"config": {"repair": False}}}}
    assert platform.materialise(["data_gaps"], "2026-03-06", run_config=config).success
    assert {(row[2], *row[3:5]) for row in ledger(platform)} == {(2 * 1440, "our_outage", "open")}
    before = platform.sandbox.calls.copy()
    assert platform.materialise(["data_gaps"], "2026-03-06").success
    spent = platform.sandbox.calls - before
    assert spent["binance", "klines"] == 0
    assert spent["binance-archive", "klines"] == 3 * 2
    assert platform.read("ohlcv_1m", "2026-03-03", "2026-03-06").height == 4 * 3 * 1440


class TestAVendorThatFails:
    @pytest.fixture
    def holes(self) -> dict[str, list[Hole]]:
        return {"archive": [hole("DOGEUSDT", instant(4, 10), 3)]}

    @pytest.fixture
    def faults(self) -> FaultPlan:
        return FaultPlan([Fault(match="fapi/v1/klines", kind="status", value=503)])

    def test_the_run_fails_and_the_ledger_still_says_what_was_found(self, holed):
        platform, _ = holed
        assert platform.materialise(BARS, str(DAY)).success
        before = platform.lake.path("ohlcv_1m", DAY).read_bytes()
        assert not look(platform).success
        assert [row[2:6] for row in ledger(platform)] == [(3, "unknown", "open", 0)]
        assert platform.lake.path("ohlcv_1m", DAY).read_bytes() == before


class TestOneContractThatFails:
    """What is wrong with one contract, or with one of its files, holds up no other gap."""

    @pytest.fixture
    def holes(self) -> dict[str, list[Hole]]:
        both = [hole("DOGEUSDT", instant(4, 10), 3), hole("BTCUSDT", instant(5, 10), 4)]
        return {"rest": both, "archive": both}

    @pytest.mark.parametrize(
        ("fault", "said"),
        [
            (
                Fault(match="fapi/v1/klines.*DOGEUSDT", kind="status", value=400),
                "archive_day, rest: not usable",
            ),
            (
                Fault(match="fapi/v1/klines.*DOGEUSDT", kind="status", value=503),
                "archive_day, rest: no response",
            ),
            (
                Fault(match="DOGEUSDT-1m-2026-03-05.zip$", kind="not_a_zip"),
                "rest, archive_day: not usable",
            ),
            (
                Fault(match="DOGEUSDT-1m-2026-03-05.zip.CHECKSUM", kind="status", value=404),
                "rest, archive_day: not usable",
            ),
            (
                Fault(match="DOGEUSDT-1m-2026-03-05.zip", kind="status", value=503),
                "rest, archive_day: no response",
            ),
        ],
        ids=["refused", "rest is silent", "damaged", "without a checksum", "archive is silent"],
    )
    def test_its_gap_stays_open_with_what_was_said_and_the_others_are_repaired(
        self, holed, fault, said
    ):
        platform, source = holed
        assert platform.materialise(BARS, str(DAY)).success
        source.rest = (source.rest[0],)
        with platform.sandbox.suffering(fault) as plan:
            result = look(platform)
        assert plan.met
        assert result.success, messages(result)
        shown = {row[0]: row[4:] for row in ledger(platform)}
        assert shown["BTC-USDT-PERP"][0] == "repaired"
        assert shown["DOGE-USDT-PERP"] == ("open", 1, said)
        platform.now += timedelta(hours=2)
        source.rest = ()
        assert look(platform).success
        assert {row[4] for row in ledger(platform)} == {"repaired"}

    def test_a_file_that_is_not_usable_a_week_after_its_time_is_a_response(self, holed):
        platform, source = holed
        assert platform.materialise(BARS, str(DAY)).success
        source.rest = (source.rest[0],)
        platform.now += timedelta(days=8)
        damaged = Fault(match="DOGEUSDT-1m-2026-03-05.zip$", kind="not_a_zip")
        with platform.sandbox.suffering(damaged):
            assert look(platform).success
        shown = {row[0]: row[3:] for row in ledger(platform)}
        assert shown["DOGE-USDT-PERP"] == (
            "source_hole", "explained", 1, "rest, archive_day, archive_day: not usable"
        )  # fmt: skip

    def test_a_gap_whose_hour_the_venue_does_not_tell_stays_open(self, holed):
        platform, source = holed
        assert platform.materialise(BARS, str(DAY)).success
        source.rest = (source.rest[0],)
        hourly = Fault(match="fapi/v1/klines.*interval=1h", kind="status", value=503)
        with platform.sandbox.suffering(hourly) as plan:
            result = look(platform)
        assert plan.met
        assert result.success, messages(result)
        shown = {row[0]: row[3:5] for row in ledger(platform)}
        assert shown["BTC-USDT-PERP"][1] == "repaired"
        assert shown["DOGE-USDT-PERP"] == ("unknown", "open")
