"""The graph through Dagster, against the stand-in over real HTTP."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.sandbox.faults.plan import Fault, FaultPlan

COLLECTED = ["instruments", "ohlcv_1m", "funding_rate"]
ALL = [*COLLECTED, "microstructure_1h", "factors_1h"]


def messages(result) -> str:
    """Everything that a failed run says, causes included."""
    texts = []
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None)
        while error is not None:
            texts.append(error.message)
            error = error.cause
    return "\n".join(texts)


def test_a_day_has_every_minute_of_every_followed_instrument(platform):
    assert platform.materialise(COLLECTED, "2026-03-09").success
    bars = platform.read("ohlcv_1m", "2026-03-09")
    assert bars["symbol"].unique().sort().to_list() == [
        "1000PEPE-USDT-PERP",
        "BTC-USDT-PERP",
        "DOGE-USDT-PERP",
    ]
    assert bars.height == 3 * 1440
    late = bars["available_at"] - bars["ts"]
    assert late.unique().dt.total_milliseconds().to_list() == [60_001]


def test_the_forming_minute_and_the_forming_hour_are_never_stored(platform):
    assert platform.materialise(ALL[:4], "2026-03-10").success
    bars = platform.read("ohlcv_1m", "2026-03-10")
    hours = platform.read("microstructure_1h", "2026-03-10")
    assert bars["ts"].max() == datetime(2026, 3, 10, 9, 29, tzinfo=UTC)
    assert hours["ts"].max() == datetime(2026, 3, 10, 8, tzinfo=UTC)
    assert hours["n_minutes"].unique().to_list() == [60]


RANGE = [f"2026-02-{day}" for day in range(26, 29)] + [f"2026-03-{day:02}" for day in range(1, 10)]
PARTS = [*RANGE[:2], RANGE[2:10], *RANGE[10:]]


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(PARTS, id="in five runs"),
        pytest.param(RANGE, id="one by one", marks=pytest.mark.nightly),
    ],
)
def test_a_range_in_one_run_is_bit_identical_to_its_days_in_several(platform, tmp_path, parts):
    assert platform.materialise(ALL, RANGE[0], RANGE[-1]).success
    at_once = platform.files()
    platform.settings = platform.settings.with_environment(warehouse=tmp_path / "daily")
    for part in parts:
        first, *_, last = (part, part) if isinstance(part, str) else part
        assert platform.materialise(ALL, first, last).success
    one_by_one = platform.files()
    assert at_once.keys() == one_by_one.keys()
    assert any(path.startswith("factors_1h/date=2026-03-09") for path in at_once)
    changed = [path for path in at_once if at_once[path] != one_by_one[path]]
    assert changed == []


def test_a_second_run_changes_no_byte_and_asks_for_no_bar(platform):
    assert platform.materialise(ALL, "2026-03-07", "2026-03-09").success
    before = platform.files()
    asked = platform.sandbox.calls.copy()
    assert platform.materialise(ALL, "2026-03-07", "2026-03-09").success
    assert platform.files() == before
    again = platform.sandbox.calls - asked
    assert again["binance", "klines"] == again["binance-archive", "klines"] == 0


def test_a_hole_in_a_stored_day_is_asked_for_again_and_closed(platform):
    assert platform.materialise(COLLECTED, "2026-03-09").success
    path = platform.lake.path("ohlcv_1m", datetime(2026, 3, 9, tzinfo=UTC).date())
    whole = pl.read_parquet(path, hive_partitioning=False)
    whole.filter(~pl.int_range(pl.len()).is_between(100, 200)).write_parquet(path)
    assert platform.materialise(["ohlcv_1m"], "2026-03-09").success
    repaired = pl.read_parquet(path, hive_partitioning=False)
    assert_frame_equal(repaired, whole, check_exact=True)


def test_every_table_is_an_asset_with_rows_checks_and_columns_in_its_materialisation(platform):
    result = platform.materialise(ALL, "2026-03-01", "2026-03-09")
    assert result.success
    passed = {
        (each.asset_key.to_user_string(), each.check_name): each.passed
        for each in result.get_asset_check_evaluations()
    }
    assert all(passed.values()), passed
    assert {(name, "contract") for name in ALL} <= passed.keys()
    for name in ALL:
        event = platform.instance.get_latest_materialization_event(dg.AssetKey(name))
        metadata = event.asset_materialization.metadata
        assert metadata["rows"].value > 0
        assert metadata["preview"].value.startswith("| ")


def test_the_first_168_hours_of_the_table_have_no_factors_and_the_reason_is_counted(platform):
    assert platform.materialise(ALL, "2026-03-01", "2026-03-09").success
    factors = platform.read("factors_1h", "2026-03-01", "2026-03-09")
    assert factors["ts"].min() == datetime(2026, 3, 8, tzinfo=UTC)
    event = platform.instance.get_latest_materialization_event(dg.AssetKey("factors_1h"))
    metadata = event.asset_materialization.metadata
    assert metadata["rows_dropped"].value == 7 * 24 * 3
    by_reason = {
        name.removeprefix("dropped/"): value.value
        for name, value in metadata.items()
        if name.startswith("dropped/")
    }
    # 23 hours lack a day of volume; the 24th has no true range for its first hour; then a week
    # must pass before the close of 168 hours ago exists. Three instruments.
    assert by_reason == {
        "missing_turnover_ratio": 23 * 3,
        "missing_atr_24h": 1 * 3,
        "missing_returns_168h": (168 - 24) * 3,
    }


class TestVendorFailure:
    """A venue that fails is a failed partition that everyone sees, never a thinner table."""

    @pytest.fixture
    def faults(self) -> FaultPlan:
        return FaultPlan([Fault(match="fapi.*klines", kind="status", value=503)])

    def test_a_venue_that_fails_for_all_fails_the_partition_and_writes_nothing(self, platform):
        result = platform.materialise(COLLECTED, "2026-03-09")
        assert not result.success
        assert "binance" in messages(result)
        assert platform.read("ohlcv_1m", "2026-03-09").is_empty()
        materialised = platform.instance.get_materialized_partitions(dg.AssetKey("ohlcv_1m"))
        assert materialised == set()

    def test_what_the_archive_has_of_days_before_is_stored(self, platform):
        assert platform.materialise(COLLECTED, "2026-03-07", "2026-03-09").success
        assert platform.read("ohlcv_1m", "2026-03-07", "2026-03-08").height == 3 * 2 * 1440
        assert platform.read("ohlcv_1m", "2026-03-09").is_empty()
        event = platform.instance.get_latest_materialization_event(dg.AssetKey("ohlcv_1m"))
        assert event.asset_materialization.metadata["contracts_failed"].value == 3


class TestOneContractWithoutBars:
    """A contract that trades and has no bar is a hole, and takes nobody else down."""

    @pytest.fixture
    def faults(self) -> FaultPlan:
        return FaultPlan(
            [
                Fault(match="klines.*DOGEUSDT-1m", kind="status", value=404),
                Fault(match="klines.*symbol=DOGEUSDT", kind="empty"),
            ]
        )

    def test_it_is_named_by_an_error_and_the_others_are_stored(self, platform):
        result = platform.materialise(COLLECTED, "2026-03-08", "2026-03-09")
        assert result.success
        bars = platform.read("ohlcv_1m", "2026-03-08", "2026-03-09")
        assert dict(bars.group_by("symbol").len().iter_rows()) == {
            "1000PEPE-USDT-PERP": 2 * 1440,
            "BTC-USDT-PERP": 2 * 1440,
        }
        checks = {each.check_name: each for each in result.get_asset_check_evaluations()}
        lacking = checks["ohlcv_1m_has_every_contract"]
        assert not lacking.passed
        assert lacking.severity == dg.AssetCheckSeverity.ERROR
        assert lacking.metadata["instrument_days_without_bars"].value == 2
        assert "| DOGE-USDT-PERP | 2026-03-08 |" in str(lacking.metadata["first"].value)


class TestNoContractHasBars:
    """A venue that says nothing of anybody is an outage, not a day without trading."""

    @pytest.fixture
    def faults(self) -> FaultPlan:
        return FaultPlan(
            [
                Fault(match="klines.*USDT-1m", kind="status", value=404),
                Fault(match="klines.*symbol=", kind="empty"),
            ]
        )

    def test_it_fails_the_run_and_nothing_is_written(self, platform):
        result = platform.materialise(COLLECTED, "2026-03-08", "2026-03-09")
        assert not result.success
        assert "not one bar of 1000PEPE-USDT-PERP on 2026-03-08" in messages(result)
        assert platform.read("ohlcv_1m", "2026-03-08", "2026-03-09").is_empty()


class TestBarsThatAreNotToBeBelieved:
    """Rows that every rule of a bar allows, of a market that trades and is said to stand still."""

    @pytest.mark.parametrize(
        ("kind", "check", "counted", "count"),
        [
            # A day by REST has three pages, and each of them stands still for 20 minutes.
            ("still_rows", "ohlcv_1m_has_no_silent_stretches", "silent_stretches", 3),
            ("tradeless_row", "ohlcv_1m_volume_has_trades", "contradictory_minutes", 3),
        ],
    )
    def test_they_are_stored_and_a_warning_names_them(self, platform, kind, check, counted, count):
        with platform.sandbox.suffering(Fault(match="klines.*symbol=BTCUSDT", kind=kind)):
            result = platform.materialise(COLLECTED, "2026-03-09")
        assert result.success
        assert platform.read("ohlcv_1m", "2026-03-09").height == 3 * 1440
        failed = [each for each in result.get_asset_check_evaluations() if not each.passed]
        assert [each.check_name for each in failed] == [check]
        assert failed[0].severity == dg.AssetCheckSeverity.WARN
        assert failed[0].metadata[counted].value == count
        assert "BTC-USDT-PERP" in str(failed[0].metadata["first"].value)

    def test_where_only_the_archive_has_them_rest_is_believed(self, platform):
        with platform.sandbox.suffering(Fault(match="BTCUSDT-1m-.*zip$", kind="still_rows")):
            result = platform.materialise(COLLECTED, "2026-03-07")
        assert all(each.passed for each in result.get_asset_check_evaluations())
        event = platform.instance.get_latest_materialization_event(dg.AssetKey("ohlcv_1m"))
        metadata = event.asset_materialization.metadata
        assert metadata["minutes_settled_by_rest"].value == 20
        assert "the archive has 20 minutes of BTC-USDT-PERP" in str(metadata["decisions"].value)


def test_a_frame_that_breaks_its_contract_leaves_the_old_file_and_fails_the_gate(
    platform, monkeypatch
):
    from cryptopipe_assets.defs.features import microstructure_1h as module

    assert platform.materialise(ALL[:4], "2026-03-09").success
    before = platform.files()
    honest = module.hourly_microstructure

    def negative_volume(*inputs):
        return honest(*inputs).with_columns(volume_base=-pl.col("volume_base"))

    monkeypatch.setattr(module, "hourly_microstructure", negative_volume)
    result = platform.materialise(["microstructure_1h"], "2026-03-09")
    assert not result.success
    gates = [each.passed for each in result.get_asset_check_evaluations()]
    assert gates == [False]
    assert platform.files() == before


def test_features_before_instruments_say_what_to_materialise_first(platform):
    result = platform.materialise(["ohlcv_1m"], "2026-03-09")
    assert "materialise `instruments` first" in messages(result)


def test_simulated_rows_are_refused_by_a_warehouse_of_live_ones(platform):
    platform.settings.warehouse.mkdir(parents=True)
    (platform.settings.warehouse / ".origin").write_text("live\n")
    result = platform.materialise(["instruments"], "2026-03-09")
    assert "holds live rows and this run would add simulated ones" in messages(result)


def test_a_changed_instrument_gets_a_new_version_and_keeps_the_old_one(platform):
    assert platform.materialise(["instruments"], "2026-03-09").success
    first = pl.read_parquet(platform.lake.path("instruments"))
    platform.settings = platform.settings.with_config(
        tiers={"slow": platform.settings.config.tiers["all"]}
    )
    platform.now += timedelta(minutes=1)
    assert platform.materialise(["instruments"], "2026-03-09").success
    versions = pl.read_parquet(platform.lake.path("instruments"))
    assert versions.height == first.height + 3
    btc = versions.filter(symbol="BTC-USDT-PERP", venue="binance").sort("ts")
    assert btc["tier"].to_list() == ["all", "slow"]


def test_materialising_the_registry_again_without_news_appends_nothing(platform):
    assert platform.materialise(["instruments"], "2026-03-09").success
    before = platform.files()
    assert platform.materialise(["instruments"], "2026-03-10").success
    assert platform.files() == before
