"""One contract's whole past joins the day files, and the others' rows stay as they are."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.collect.gaps.table_survey import GapSurvey, to_table
from cryptopipe_assets.defs.partitions import SYMBOLS
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.runtime.resources import universe, warehouse
from cryptopipe_assets.runtime.simulated_clock import SimulatedClock
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.faults.holes import Hole, HoledSource
from cryptopipe_assets.sandbox.faults.plan import Fault
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_assets.tables.history.symbol_history import SymbolHistory
from cryptopipe_assets.tables.quality.data_gaps import DataGaps
from cryptopipe_tests.conftest import QUIET, Platform
from cryptopipe_tests.integration.tables.test_pipeline import messages

HYPE = "HYPE-USDT-PERP"
LISTED = datetime(2025, 5, 30, 13, 30, tzinfo=UTC)
NOW = datetime(2025, 7, 10, 9, 30, 20, tzinfo=UTC)
"""HYPE is six weeks old: a month from the archive's monthly file, days, and the rest by REST."""


def history(platform: Platform, symbol: str) -> dg.ExecuteInProcessResult:
    platform.instance.add_dynamic_partitions(str(SYMBOLS.name), [symbol])
    definitions = build(platform.settings, vendors=platform.vendors)
    return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=platform.instance,
        asset_selection=[dg.AssetKey("symbol_history")],
        partition_key=symbol,
        run_config=QUIET,
        raise_on_error=False,
    )


@pytest.fixture
def holes() -> dict[str, list[Hole]]:
    return {}


@pytest.fixture
def young(settings, holes):
    clock = SimulatedClock(NOW)
    source = HoledSource(SimulatedSource(settings.config.sandbox.seed, clock=clock), **holes)
    with Sandbox(source) as sandbox, dg.DagsterInstance.ephemeral() as instance:
        platform = Platform(settings, sandbox, instance, clock)
        assert platform.materialise(["instruments"], "2025-07-09").success
        yield platform


def coverage(platform: Platform) -> dict[str, object]:
    return platform.lake.read(SymbolHistory).sort("ts").row(-1, named=True)


def test_a_contract_gets_every_minute_since_its_listing_and_its_coverage_says_so(young):
    result = history(young, HYPE)
    assert result.success, messages(result)
    calls = young.sandbox.calls
    assert calls["binance-archive", "klines"] > 0
    bars = young.read("ohlcv_1m", "2025-05-01", "2025-07-10")
    minutes = int((NOW.replace(second=0) - LISTED).total_seconds() // 60)
    assert bars.height == minutes
    assert (bars["ts"].min(), bars["ts"].max()) == (
        LISTED,
        datetime(2025, 7, 10, 9, 29, tzinfo=UTC),
    )
    found = coverage(young)
    assert found["first_bar"] == LISTED
    assert (found["minutes_stored"], found["minutes_missing"]) == (minutes, 0)
    assert found["missing_causes"] is None
    # HYPE settles every hour: 40 days and 20 hours, all of them over.
    assert found["settlements_stored"] == minutes // 60
    assert young.read("funding_rate", "2025-05-30", "2025-07-10").height == minutes // 60


def test_the_other_contracts_rows_stay_bit_identical(young):
    assert young.materialise(["ohlcv_1m", "funding_rate"], "2025-07-01", "2025-07-03").success
    before = {
        table: young.read(table, "2025-07-01", "2025-07-03")
        for table in ("ohlcv_1m", "funding_rate")
    }
    assert history(young, HYPE).success
    for table, rows in before.items():
        after = young.read(table, "2025-07-01", "2025-07-03")
        assert after["symbol"].n_unique() == 4
        others = after.filter(pl.col("symbol") != HYPE)
        assert_frame_equal(others, rows, check_exact=True)


def test_a_second_run_asks_for_nothing_that_is_stored_and_changes_no_byte(young):
    assert history(young, HYPE).success
    before, asked = young.files(), young.sandbox.calls.copy()
    assert history(young, HYPE).success
    assert young.files() == before
    again = young.sandbox.calls - asked
    for endpoint in (
        ("binance", "klines"),
        ("binance-archive", "klines"),
        ("binance", "fundingRate"),
    ):
        assert again[endpoint] == 0, endpoint


def test_a_contract_that_no_registry_knows_is_an_error_that_says_what_to_do(young):
    result = history(young, "NOPE-USDT-PERP")
    assert not result.success
    assert "no NOPE-USDT-PERP among" in messages(result)
    assert 'cryptopipe sql "FROM instruments"' in messages(result)


class TestHoles:
    @pytest.fixture
    def holes(self) -> dict[str, list[Hole]]:
        first = stamp_of(datetime(2025, 6, 15, 4, tzinfo=UTC))
        hole = Hole("HYPEUSDT", first, first + 7 * 60_000)
        return {"archive": [hole], "rest": [hole]}

    def test_what_is_missing_is_counted_with_its_cause(self, young):
        assert history(young, HYPE).success
        found = coverage(young)
        assert (found["minutes_missing"], found["missing_causes"]) == (7, "unknown 7")

    def test_what_a_repair_found_out_of_it_is_known(self, young):
        assert history(young, HYPE).success
        no_runs = pl.DataFrame(
            schema={"day": pl.Date, "at": pl.Datetime("ms", "UTC"), "tier": pl.String}
        )
        own = young.settings
        survey = GapSurvey(lambda _: no_runs, warehouse(own), universe(own))
        seen = survey.look_at(young.lake.read(Instruments).filter(symbol=HYPE), now=NOW).gaps
        hole = seen.filter(symbol=HYPE, cause="unknown").with_columns(
            cause=pl.lit("source_hole"), status=pl.lit("explained"), attempts=pl.lit(1, pl.Int64)
        )
        young.lake.replace(DataGaps, DataGaps.conform(to_table(hole)), at=NOW)
        young.now += timedelta(minutes=1)
        assert history(young, HYPE).success
        assert coverage(young)["missing_causes"] == "source_hole 7"


@pytest.mark.slow
@pytest.mark.nightly
def test_a_delisted_contract_ends_with_its_last_minute(settings):
    clock = SimulatedClock(datetime(2022, 6, 2, 12, tzinfo=UTC))
    with (
        Sandbox(SimulatedSource(settings.config.sandbox.seed, clock=clock)) as sandbox,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        platform = Platform(settings, sandbox, instance, clock)
        tiers = settings.config.tiers
        btc = tiers["all"].model_copy(update={"coins": ("BTC", "DOGE")})
        platform.settings = settings.with_config(tiers={"all": btc})
        assert platform.materialise(["instruments"], "2022-06-01").success
        result = history(platform, "LUNA-USDT-PERP")
        assert result.success, messages(result)
        found = coverage(platform)
    assert found["last_bar"] == datetime(2022, 5, 13, 0, 8, tzinfo=UTC)
    assert found["delisted_at"] == datetime(2022, 5, 13, 0, 9, tzinfo=UTC)
    assert found["minutes_missing"] == 0
    assert found["first_bar"] == datetime(2021, 3, 2, 7, tzinfo=UTC)


class TestDaysThatFail:
    """What fails of a contract's past keeps nothing else of it from being fetched."""

    def test_a_day_that_no_way_has_is_named_and_the_days_around_it_are_fetched(self, young):
        files = Fault(match="HYPEUSDT-1m-2025-06", kind="not_a_zip")
        # A page that begins on 15 June, which is 1,749,945,600,000 to 1,750,031,999,999 ms.
        that_day = r"(1749945[6-9]|174994[6-9]|17499[5-9]|17500[0-2]|175003[01])\d*"
        rest = Fault(match=f"v1/klines.*HYPEUSDT.*startTime={that_day}&", kind="status", value=400)
        with young.sandbox.suffering(rest, files) as plan:
            result = history(young, HYPE)
        assert any("v1/klines" in each for each in plan.met)
        assert result.success, messages(result)
        bars = young.read("ohlcv_1m", "2025-05-01", "2025-07-10")
        june = bars.filter(pl.col("ts").dt.month() == 6)
        assert june.height == 29 * 1440
        assert june.filter(pl.col("ts").dt.day() == 15).is_empty()
        assert bars.filter(pl.col("ts").dt.month() == 7).height == 9 * 1440 + 9 * 60 + 30
        assert coverage(young)["minutes_missing"] == 1440
        checks = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
        assert not checks["every_past_is_whole"]
        assert history(young, HYPE).success
        assert coverage(young)["minutes_missing"] == 0

    def test_a_past_of_which_nothing_comes_is_a_failed_run(self, young):
        everything = Fault(match="klines", kind="status", value=400)
        with young.sandbox.suffering(everything):
            result = history(young, HYPE)
        assert not result.success
        assert "HTTP 400" in messages(result)
