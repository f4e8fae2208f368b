"""The table of open interest, filled through Dagster from the stand-in over real HTTP."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from cryptopipe_assets.collect.open_interest import Gathered, from_coinalyze
from cryptopipe_assets.config.source_choice import SourceChoice
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.core.errors import VendorUnavailable
from cryptopipe_assets.sandbox.faults.plan import Fault
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_assets.tables.collected.open_interest import OpenInterest
from cryptopipe_assets.vendors.keys import Keys

TABLES = ["instruments", "open_interest"]
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
HOUR_MS = 3_600_000


def failure(result) -> str:
    """Everything that a failed run says, causes included."""
    texts = []
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None)
        while error is not None:
            texts.append(error.message)
            error = error.cause
    return "\n".join(texts)


def verdicts(result) -> dict[str, bool]:
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


def metadata(platform) -> dict:
    event = platform.instance.get_latest_materialization_event(dg.AssetKey("open_interest"))
    return {key: each.value for key, each in event.asset_materialization.metadata.items()}


def value(rows: pl.DataFrame, venue: str, symbol: str, ts: datetime) -> float:
    return rows.row(
        by_predicate=(pl.col("venue") == venue)
        & (pl.col("symbol") == symbol)
        & (pl.col("ts") == ts),
        named=True,
    )["open_interest_usd"]


def test_a_past_day_has_every_hour_of_every_contract_of_the_venues_with_history(platform):
    result = platform.materialise(TABLES, "2026-03-09")
    assert result.success
    assert all(verdicts(result).values())
    rows = platform.read("open_interest", "2026-03-09")
    hours = rows.group_by("coin", "venue", "symbol").len().sort("coin", "venue", "symbol")
    assert hours.rows() == [
        ("BTC", "binance", "BTC-USDT-PERP", 24),
        ("BTC", "bybit", "BTC-USD-PERP", 24),
        ("BTC", "bybit", "BTC-USDT-PERP", 24),
        ("DOGE", "binance", "DOGE-USDT-PERP", 24),
        ("DOGE", "bybit", "DOGE-USDT-PERP", 24),
        ("PEPE", "binance", "1000PEPE-USDT-PERP", 24),
        ("PEPE", "bybit", "1000PEPE-USDT-PERP", 24),
    ]
    assert (rows["available_at"] - rows["ts"]).unique().to_list() == [
        timedelta(hours=1, milliseconds=1)
    ]
    assert rows.filter(pl.col("source") != pl.col("venue")).is_empty()


def test_the_values_are_what_the_venues_say_of_the_end_of_the_hour(platform):
    assert platform.materialise(TABLES, "2026-03-09").success
    rows = platform.read("open_interest", "2026-03-09")
    end = int(NOON.timestamp() * 1000) + HOUR_MS
    with httpx.Client(base_url=platform.sandbox.url, verify=False) as client:
        window = {"startTime": end, "endTime": end}
        [point] = client.get(
            "/binance/futures/data/openInterestHist",
            params={"symbol": "DOGEUSDT", "period": "1h", "limit": 5, **window},
        ).json()
        bybit = {"category": "linear", "symbol": "DOGEUSDT"}
        [size] = client.get(
            "/bybit/v5/market/open-interest", params={**bybit, "intervalTime": "1h", **window}
        ).json()["result"]["list"]
        [mark] = client.get(
            "/bybit/v5/market/mark-price-kline",
            params={**bybit, "interval": "60", "start": end - HOUR_MS, "end": end - 1},
        ).json()["result"]["list"]
    binance = value(rows, "binance", "DOGE-USDT-PERP", NOON)
    assert binance == float(point["sumOpenInterestValue"])
    one_side = float(size.get("singleOpenInterest") or float(size["openInterest"]) / 2)
    assert value(rows, "bybit", "DOGE-USDT-PERP", NOON) == pytest.approx(one_side * float(mark[4]))


def test_today_has_the_hours_that_are_over_and_the_present_of_all_venues(platform):
    assert platform.materialise(TABLES, "2026-03-10").success
    rows = platform.read("open_interest", "2026-03-10")
    newest = dict(rows.group_by("venue").agg(pl.max("ts")).rows())
    eight, nine = (datetime(2026, 3, 10, hour, tzinfo=UTC) for hour in (8, 9))
    assert newest == {
        "binance": eight,
        "bybit": eight,
        "okx": nine,
        "hyperliquid": nine,
        "gate": nine,
    }
    now = rows.filter(pl.col("ts") == nine)
    assert set(now["coin"]) == {"BTC", "DOGE", "PEPE"}
    assert now["available_at"].max() <= platform.now + timedelta(milliseconds=1)
    assert "1000PEPE-USDC-PERP" in set(now["symbol"])


def test_a_later_look_in_the_same_hour_replaces_the_value_seen_before(platform):
    assert platform.materialise(TABLES, "2026-03-10").success
    first = platform.read("open_interest", "2026-03-10")
    platform.now += timedelta(minutes=15)
    assert platform.materialise(TABLES, "2026-03-10").success
    second = platform.read("open_interest", "2026-03-10")
    key = ["symbol", "ts", "venue"]
    assert first.select(key).equals(second.select(key))
    later = second.filter(venue="hyperliquid")["available_at"] - timedelta(minutes=15)
    assert later.to_list() == first.filter(venue="hyperliquid")["available_at"].to_list()


def test_a_day_before_bybits_reach_comes_from_the_archive_alone(platform):
    assert platform.materialise(TABLES, "2025-07-01").success
    rows = platform.read("open_interest", "2025-07-01")
    assert rows["venue"].unique().to_list() == ["binance"]
    assert rows["ts"].dt.date().unique().to_list() == [date(2025, 7, 1)]
    assert platform.sandbox.calls["bybit", "market/open-interest"] == 0


def test_a_range_in_one_run_is_bit_identical_to_its_days_in_two(platform, tmp_path):
    assert platform.materialise(TABLES, "2026-02-27", "2026-03-02").success
    at_once = platform.files()
    platform.settings = platform.settings.with_environment(warehouse=tmp_path / "daily")
    assert platform.materialise(TABLES, "2026-02-27").success
    assert platform.materialise(TABLES, "2026-02-28", "2026-03-02").success
    assert platform.files() == at_once


def test_the_source_and_the_reason_are_in_the_metadata(platform):
    assert platform.materialise(TABLES, "2026-03-09").success
    told = metadata(platform)
    assert told["source"] == "exchanges"
    assert "COINALYZE_API_KEY is not given" in told["source_reason"]
    assert told["symbols"] == 4
    assert told["api_calls/okx"] == 0


def test_the_checks_warn_of_a_lost_venue_a_jump_and_a_position_of_nothing(platform):
    assert platform.materialise(TABLES, "2026-03-08").success
    hours = [datetime(2026, 3, 8, hour, tzinfo=UTC) for hour in (0, 1, 2)]
    template = platform.read("open_interest", "2026-03-08").drop("date", strict=False).head(3)
    planted = template.with_columns(
        venue=pl.lit("kraken"),
        ts=pl.Series(hours, dtype=pl.Datetime("ms", "UTC")),
        open_interest_usd=pl.Series([1e6, 5.1e6, 0.0]),
    )
    platform.lake.upsert(OpenInterest, OpenInterest.conform(planted), date(2026, 3, 8))
    again = platform.materialise(TABLES, "2026-03-08", "2026-03-09")
    assert again.success
    assert {name for name, passed in verdicts(again).items() if not passed} == {
        "open_interest_covers_the_universe",
        "open_interest_has_no_jumps",
        "open_interest_is_positive",
        "open_interest_is_valued_alike",  # the planted values are of another price, too
    }


class TestVendorFailure:
    """A venue that fails is named, takes no other one down, and is asked again."""

    def test_the_others_are_stored_and_the_one_that_failed_comes_with_the_next_run(self, platform):
        fault = Fault(match="bybit/v5/market/open-interest", kind="status", value=503)
        with platform.sandbox.suffering(fault):
            result = platform.materialise(TABLES, "2026-03-09")
        assert result.success
        rows = platform.read("open_interest", "2026-03-09")
        assert rows["venue"].unique().to_list() == ["binance"]
        assert rows.height == 3 * 24
        told = metadata(platform)
        assert told["venues_failed"] == 1
        assert "HTTP 503" in told["venues_failed/bybit"]
        assert not verdicts(result)["open_interest_came_from_everyone"]
        platform.now += timedelta(hours=1)  # the circuit rests a while
        again = platform.materialise(TABLES, "2026-03-09")
        assert again.success
        assert verdicts(again)["open_interest_came_from_everyone"]
        rows = platform.read("open_interest", "2026-03-09")
        assert set(rows["venue"]) == {"binance", "bybit"}

    def test_if_every_venue_fails_the_run_does_and_writes_nothing(self, platform):
        assert platform.materialise(["instruments"], "2026-03-09").success
        with platform.sandbox.suffering(Fault(match=".", kind="status", value=503)):
            result = platform.materialise(["open_interest"], "2026-03-09")
        assert not result.success
        assert "HTTP 503" in failure(result)
        assert platform.read("open_interest", "2026-03-09").is_empty()


class TestCoinalyze:
    """With a key, one vendor tells all venues."""

    @pytest.fixture
    def settings(self, settings):
        return settings.with_config(tiers={"one": Tier(every_minutes=60, coins=("PEPE",))})

    @pytest.fixture
    def vendors(self, platform):
        return replace(platform.vendors, keys=Keys(coinalyze=SecretStr("mine")))

    def test_with_a_key_it_is_asked_first_and_knows_more_venues(self, platform, vendors):
        result = platform.materialise(TABLES, "2026-03-09", vendors=vendors)
        assert result.success
        rows = platform.read("open_interest", "2026-03-09")
        assert set(rows["source"]) == {"coinalyze"}
        assert {"binance", "bybit", "okx", "hyperliquid", "gate"} == set(rows["venue"])
        assert rows.group_by("venue", "symbol").len()["len"].unique().to_list() == [24]
        assert metadata(platform)["source_reason"] == "COINALYZE_API_KEY is given"

    def test_it_agrees_with_the_exchange(self, platform, vendors):
        assert platform.materialise(TABLES, "2026-03-09", vendors=vendors).success
        theirs = platform.read("open_interest", "2026-03-09")
        assert platform.materialise(TABLES, "2026-03-09").success
        own = platform.read("open_interest", "2026-03-09")
        name = ("binance", "1000PEPE-USDT-PERP", NOON)
        assert value(theirs, *name) == pytest.approx(value(own, *name), rel=0.01)

    def test_of_days_whose_hours_it_no_longer_keeps_the_close_is_read(self, platform, vendors):
        assert platform.materialise(TABLES, "2026-01-05", vendors=vendors).success
        closes = platform.read("open_interest", "2026-01-05")
        last_hour = datetime(2026, 1, 5, 23, tzinfo=UTC)
        assert closes["ts"].unique().to_list() == [last_hour]
        assert closes["available_at"].unique().to_list() == [
            last_hour + timedelta(hours=1, milliseconds=1)
        ]
        assert {"binance", "bybit", "okx", "hyperliquid", "gate"} == set(closes["venue"])
        assert platform.materialise(TABLES, "2026-01-05").success
        name = ("binance", "1000PEPE-USDT-PERP", last_hour)
        own = platform.read("open_interest", "2026-01-05")
        assert value(closes, *name) == pytest.approx(value(own, *name), rel=0.01)

    def test_a_range_across_that_boundary_has_closes_before_and_hours_after(
        self, platform, vendors
    ):
        assert platform.materialise(TABLES, "2026-01-05", "2026-01-08", vendors=vendors).success
        rows = platform.read("open_interest", "2026-01-05", "2026-01-08")
        of_one = rows.filter(venue="binance").group_by(pl.col("ts").dt.date()).len().sort("ts")
        assert of_one["len"].to_list() == [1, 1, 24, 24]

    def test_a_contract_of_which_there_were_values_and_none_came_is_named_beside_the_others(
        self, platform, vendors
    ):
        day = date(2025, 5, 25)  # HYPE is listed since the 30th: there is nothing of it
        platform.now = datetime(2025, 6, 5, 9, 30, 20, tzinfo=UTC)
        had = ("binance", "HYPE-USDT-PERP")

        async def asked(*coins: str) -> Gathered:
            return await from_coinalyze(
                vendors, coins, [day], known={had}, registry=Instruments.empty_frame()
            )

        found = asyncio.run(asked("BTC", "HYPE"))
        assert found.rows["coin"].unique().to_list() == ["BTC"]
        [(name, why)] = found.contracts_failed.items()
        assert "HYPE" in name
        assert why == "it had values before, and the response has none of these hours"
        with pytest.raises(VendorUnavailable, match="not one value of the 1 contracts that it had"):
            asyncio.run(asked("HYPE"))

    def test_without_a_usable_source_the_variable_to_set_is_named(self, platform):
        only = SourceChoice(open_interest=("coinalyze",))
        vendors = replace(platform.vendors, sources=only)
        result = platform.materialise(TABLES, "2026-03-09", vendors=vendors)
        assert not result.success
        assert "set COINALYZE_API_KEY" in failure(result)
