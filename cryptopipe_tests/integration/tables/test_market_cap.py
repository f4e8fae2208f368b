"""The table of market caps, filled through Dagster from the stand-in over real HTTP."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from cryptopipe_assets.collect.market_cap_coingecko import ids_of
from cryptopipe_assets.config.source_choice import SourceChoice
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.sandbox.faults.plan import Fault, FaultPlan
from cryptopipe_assets.tables.collected.market_cap import MarketCap
from cryptopipe_assets.vendors.keys import Keys

TABLES = ["instruments", "market_cap"]
MIDNIGHT = datetime(2026, 3, 9, tzinfo=UTC)
QUALITY = [
    "market_cap_ranks_are_unique",
    "market_cap_is_price_times_supply",
    "market_cap_covers_the_universe",
]
SUPPLIES = ["circulating_supply", "total_supply", "max_supply"]


def failure(result) -> str:
    """Everything that a failed run says, causes included."""
    texts = []
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None)
        while error is not None:
            texts.append(error.message)
            error = error.cause
    return "\n".join(texts)


def checks_passed(result) -> dict[str, bool]:
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


def metadata(platform) -> dict:
    event = platform.instance.get_latest_materialization_event(dg.AssetKey("market_cap"))
    return {key: each.value for key, each in event.asset_materialization.metadata.items()}


@pytest.fixture
def with_key(platform):
    """Clients of somebody who has a key of CoinMarketCap."""
    return replace(platform.vendors, keys=Keys(coinmarketcap=SecretStr("mine")))


def test_a_past_day_has_the_close_of_the_day_before_of_every_followed_coin(platform):
    result = platform.materialise(TABLES, "2026-03-09")
    assert result.success
    assert all(checks_passed(result).values())
    rows = platform.read("market_cap", "2026-03-09")
    assert rows["coin_id"].to_list() == [
        "coingecko:bitcoin",
        "coingecko:dogecoin",
        "coingecko:pepe",
    ]
    assert rows["ts"].unique().to_list() == [MIDNIGHT]
    assert rows.select(pl.col("rank", *SUPPLIES).is_null().all()).row(0) == (True,) * 4
    chart = httpx.get(
        f"{platform.sandbox.url}/coingecko/api/v3/coins/dogecoin/market_chart",
        params={"vs_currency": "usd", "days": 120},
        verify=False,
    ).json()
    stamp = int(MIDNIGHT.timestamp() * 1000)
    [doge] = rows.filter(coin="DOGE").to_dicts()
    assert doge["price_usd"] == dict(chart["prices"])[stamp]
    assert doge["market_cap_usd"] == dict(chart["market_caps"])[stamp]


def test_today_has_every_large_coin_with_supply_rank_and_kind(platform):
    assert platform.materialise(TABLES, "2026-03-10").success
    rows = platform.read("market_cap", "2026-03-10")
    assert rows.height == 250
    kinds = {
        name: kind
        for name, kind in rows.select("coin_id", "kind").rows()
        if name.removeprefix("coingecko:")
        in ("bitcoin", "tether", "usd-coin", "wrapped-bitcoin", "staked-ether")
    }
    assert kinds == {
        "coingecko:bitcoin": "coin",
        "coingecko:tether": "stable",
        "coingecko:usd-coin": "stable",
        "coingecko:wrapped-bitcoin": "wrapped",
        "coingecko:staked-ether": "staked",
    }
    [bitcoin] = rows.filter(coin="BTC").to_dicts()
    assert (bitcoin["rank"], bitcoin["max_supply"]) == (1, 21e6)
    product = bitcoin["price_usd"] * bitcoin["circulating_supply"]
    assert bitcoin["market_cap_usd"] == pytest.approx(product)


def test_snapshots_of_a_day_gather_in_its_file(platform):
    assert platform.materialise(TABLES, "2026-03-10").success
    first = platform.read("market_cap", "2026-03-10")
    platform.now += timedelta(minutes=15)
    result = platform.materialise(TABLES, "2026-03-10")
    assert result.success
    assert all(checks_passed(result).values())
    both = platform.read("market_cap", "2026-03-10")
    assert both["ts"].unique().sort().to_list() == [
        datetime(2026, 3, 10, 9, 30, tzinfo=UTC),
        datetime(2026, 3, 10, 9, 45, tzinfo=UTC),
    ]
    second = both.filter(pl.col("ts") > first["ts"].max())
    assert second["coin"].to_list() == ["BTC", "DOGE", "PEPE"], "the followed coins, each time"
    assert second["circulating_supply"].null_count() == 0
    assert metadata(platform)["coins"] == first.height


def test_a_second_run_of_past_days_changes_no_byte(platform):
    assert platform.materialise(TABLES, "2026-03-06", "2026-03-09").success
    before = platform.files()
    platform.now += timedelta(minutes=15)
    assert platform.materialise(["market_cap"], "2026-03-06", "2026-03-09").success
    assert platform.files() == before


def test_a_close_that_is_stored_is_not_asked_for_again(platform):
    assert platform.materialise(TABLES, "2026-03-06", "2026-03-09").success
    asked = platform.sandbox.calls.copy()
    assert platform.materialise(["market_cap"], "2026-03-06", "2026-03-09").success
    assert dict(platform.sandbox.calls - asked) == {("coingecko", "coins/markets"): 1}
    path = platform.lake.path("market_cap", date(2026, 3, 7))
    whole = pl.read_parquet(path)
    whole.filter(pl.col("coin") != "DOGE").write_parquet(path)
    asked = platform.sandbox.calls.copy()
    assert platform.materialise(["market_cap"], "2026-03-06", "2026-03-09").success
    assert (platform.sandbox.calls - asked)["coingecko", "coins/market_chart"] == 1
    again = platform.read("market_cap", "2026-03-07").drop("ingested_at")
    assert again.equals(whole.drop("ingested_at").select(again.columns))


def test_todays_midnight_comes_with_the_past_and_closes_yesterday(platform):
    tables = [*TABLES, "dilution_metrics"]
    assert platform.materialise(tables, "2026-03-08", "2026-03-10").success
    midnight = datetime(2026, 3, 10, tzinfo=UTC)
    today = platform.read("market_cap", "2026-03-10").filter(pl.col("ts") == midnight)
    assert today["coin"].to_list() == ["BTC", "DOGE", "PEPE"]
    closed = platform.read("dilution_metrics", "2026-03-09")
    assert closed["coin"].to_list() == ["BTC", "DOGE", "PEPE"]
    assert closed["supply_asof"].unique().to_list() == [midnight]
    assert closed["available_at"].unique().to_list() == [midnight + timedelta(milliseconds=1)]
    assert platform.read("dilution_metrics", "2026-03-10").is_empty()


class TestCoinWithoutContract:
    """A tier may take part in some tables only, and a market cap needs no contract."""

    @pytest.fixture
    def settings(self, settings):
        tiers = {
            "traded": Tier(every_minutes=60, coins=("BTC",)),
            "valued": Tier(every_minutes=60, tables=("market_cap",), coins=("USDT",)),
        }
        return settings.with_config(tiers=tiers)

    def test_tether_has_a_market_cap_and_no_bars(self, platform):
        assert platform.materialise([*TABLES, "ohlcv_1m"], "2026-03-09").success
        assert platform.read("market_cap", "2026-03-09")["coin"].to_list() == ["BTC", "USDT"]
        bars = platform.read("ohlcv_1m", "2026-03-09")
        assert bars["symbol"].unique().to_list() == ["BTC-USDT-PERP"]


def test_a_quarter_of_an_hour_costs_one_call(platform):
    assert platform.materialise(TABLES, "2026-03-10").success
    asked = platform.sandbox.calls.copy()
    platform.now += timedelta(minutes=15)
    assert platform.materialise(["market_cap"], "2026-03-10").success
    spent = platform.sandbox.calls - asked
    assert dict(spent) == {("coingecko", "coins/markets"): 1}


def test_with_a_key_the_whole_listing_of_past_days_is_there_with_its_supplies(platform, with_key):
    result = platform.materialise(TABLES, "2026-03-09", vendors=with_key)
    assert result.success
    assert all(checks_passed(result).values())
    rows = platform.read("market_cap", "2026-03-09")
    assert rows["ts"].unique().to_list() == [MIDNIGHT]
    assert set(rows["source"]) == {"coinmarketcap"}
    assert rows.height > 250
    [bitcoin] = rows.filter(coin="BTC").to_dicts()
    assert bitcoin["coin_id"] == "cmc:1"
    assert bitcoin["circulating_supply"] > 19e6
    told = metadata(platform)
    assert (told["source"], told["source_reason"]) == ("coinmarketcap", "CMC_API_KEY is given")
    assert told["credits"] > 0


def test_both_vendors_mean_the_same_instant(platform, with_key):
    assert platform.materialise(TABLES, "2026-03-08", "2026-03-09").success
    assert platform.materialise(TABLES, "2026-03-08", "2026-03-09", vendors=with_key).success
    rows = platform.read("market_cap", "2026-03-08", "2026-03-09").filter(coin="BTC")
    prices = rows.pivot("source", index="ts", values="price_usd").sort("ts")
    ratio = prices["coingecko"] / prices["coinmarketcap"]
    assert ratio.to_list() == pytest.approx([1.0, 1.0], rel=2e-3)
    moved = prices["coingecko"][1] / prices["coingecko"][0] - 1
    assert abs(moved) > 2e-3, "the day's move must be large enough to tell the days apart"


@pytest.mark.parametrize(("key", "plan"), [("CG-mine", "demo"), ("CG-pro", "pro")])
def test_a_key_of_coingecko_is_used_on_the_plan_that_it_is_of(platform, key, plan):
    vendors = replace(platform.vendors, keys=Keys(coingecko=SecretStr(key)))
    assert platform.materialise(TABLES, "2026-03-10", vendors=vendors).success
    assert "coinmarketcap is passed over" in metadata(platform)["source_reason"]

    async def answering() -> str:
        async with vendors.coingecko() as client:
            return await client.ping()

    assert asyncio.run(answering()) == plan


def test_a_past_that_nobody_tells_without_a_key_is_refused_with_advice(platform):
    result = platform.materialise(TABLES, "2025-03-01")
    assert not result.success
    assert "without a paid plan it gives 365 days" in failure(result)
    assert "set CMC_API_KEY" in failure(result)
    assert platform.read("market_cap", "2025-03-01").is_empty()


def test_without_a_usable_source_the_variable_to_set_is_named(platform):
    vendors = replace(platform.vendors, sources=SourceChoice(market_cap=("coinmarketcap",)))
    result = platform.materialise(TABLES, "2026-03-09", vendors=vendors)
    assert not result.success
    assert "set CMC_API_KEY" in failure(result)


def test_the_checks_warn_of_shared_ranks_a_wrong_cap_and_a_missing_coin(platform):
    assert platform.materialise(TABLES, "2026-03-10").success
    day = date(2026, 3, 10)
    snapshot = platform.read("market_cap", "2026-03-10").select(MarketCap.columns())
    second = pl.col("rank") == 2
    planted = snapshot.filter(pl.col("rank") <= 2, pl.col("coin") != "DOGE").with_columns(
        ts=pl.lit(datetime(2026, 3, 9, 1, tzinfo=UTC)).dt.cast_time_unit("ms"),
        rank=pl.lit(1, dtype=pl.Int64),
        market_cap_usd=pl.when(second)
        .then(pl.col("market_cap_usd") * 1.03)
        .otherwise("market_cap_usd"),
    )
    platform.lake.upsert(MarketCap, MarketCap.conform(planted), day - timedelta(days=1))
    job = build(platform.settings).resolve_implicit_global_asset_job_def()
    checks = {dg.AssetCheckKey(dg.AssetKey("market_cap"), name) for name in QUALITY}
    result = job.get_subset(asset_selection=set(), asset_check_selection=checks).execute_in_process(
        instance=platform.instance
    )
    assert checks_passed(result) == dict.fromkeys(QUALITY, False)


def test_of_coins_that_share_a_ticker_the_highest_ranked_is_meant():
    listed = pl.DataFrame(
        {
            "coin_id": ["coingecko:based-pepe", "coingecko:pepe", "coingecko:x", "coingecko:y"],
            "coin": ["PEPE", "PEPE", "X", "X"],
            "name": ["Based Pepe", "Pepe", "X", "Y"],
            "rank": [900, 40, None, 700],
        }
    )
    assert ids_of(listed, ["PEPE", "X", "ABSENT"]).rows() == [
        ("PEPE", "pepe", "Pepe"),
        ("X", "y", "Y"),
    ]


def test_a_coin_whose_id_is_known_is_that_one_or_nobody():
    listed = pl.DataFrame(
        {
            "coin_id": ["coingecko:beam", "coingecko:beam-2", "coingecko:x"],
            "coin": ["BEAM", "BEAMCOIN", "X"],
            "name": ["Beam", "Beam", "X"],
            "rank": [100, 250, 700],
        }
    )
    known = {"BEAM": "beam-2", "X": "other-x"}
    assert ids_of(listed, ["BEAM", "X"], known).rows() == [("BEAMCOIN", "beam-2", "Beam")]


class TestVendorFailure:
    """A chart that does not come fails the days, it does not thin them."""

    @pytest.fixture
    def faults(self) -> FaultPlan:
        return FaultPlan([Fault(match="coins/dogecoin/market_chart", kind="status", value=503)])

    def test_one_failing_coin_fails_the_days_and_writes_nothing(self, platform):
        result = platform.materialise(TABLES, "2026-03-08", "2026-03-09")
        assert not result.success
        assert "coingecko" in failure(result)
        assert platform.read("market_cap", "2026-03-08", "2026-03-09").is_empty()


class TestFirstSourceDown:
    """The next source answers for one that is down, and everybody can see that it did."""

    @pytest.fixture
    def faults(self) -> FaultPlan:
        return FaultPlan([Fault(match="coinmarketcap", kind="status", value=503)])

    def test_the_next_one_is_asked_and_the_log_and_the_metadata_say_why(self, platform, with_key):
        result = platform.materialise(TABLES, "2026-03-09", vendors=with_key)
        assert result.success
        assert set(platform.read("market_cap", "2026-03-09")["source"]) == {"coingecko"}
        told = metadata(platform)
        assert told["source"] == "coingecko"
        assert "coinmarketcap is not available" in told["source_reason"]
        assert told["decisions/fallback"] == 1
        assert told["decisions/retry"] > 0
        logged = " ".join(each.user_message for each in platform.instance.all_logs(result.run_id))
        assert ". Fallback to coingecko" in logged
        assert "HTTP 503" in logged
        assert "mine" not in logged + str(told)


@pytest.mark.parametrize(("status", "why"), [(401, "HTTP 401"), (429, "HTTP 429")])
class TestFirstSourceRefuses:
    """A refused key or a limit is for a person to see; nothing is quietly taken elsewhere."""

    @pytest.fixture
    def faults(self, status) -> FaultPlan:
        return FaultPlan([Fault(match="coinmarketcap", kind="status", value=status)])

    def test_the_day_fails(self, platform, with_key, why):
        result = platform.materialise(TABLES, "2026-03-09", vendors=with_key)
        assert not result.success
        assert why in failure(result)
        assert platform.read("market_cap", "2026-03-09").is_empty()
