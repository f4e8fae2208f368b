"""Prices that no other source confirms, and figures that are old under a new list, are named."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import polars as pl
import pytest

from cryptopipe_assets.core.coin_names import coin_names
from cryptopipe_assets.panels.prices_by_source import prices_by_source
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.market_cap import MarketCap
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.collected.open_interest import OpenInterest
from cryptopipe_tests.conftest import Platform

DAY = date(2026, 3, 9)
MIDNIGHT = datetime(2026, 3, 9, tzinfo=UTC)
BARS, JUMPS = "ohlcv_1m_prices_are_near_others", "ohlcv_1m_has_no_jumps"
CAPS = "market_cap_prices_are_near_others"
LIST, MOVE = "market_cap_figures_are_of_their_list", "market_cap_prices_move"


def at(hour: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


def put(lake: Lake, contract, rows: list[dict]) -> None:
    """Store rows in the files of their days, under the columns that every row shares."""
    trace = {"source": "binance", "ingested_at": at(48)}
    columns = dict.fromkeys(contract.columns())
    frame = pl.DataFrame([{**columns, **trace, **row} for row in rows], infer_schema_length=None)
    for (day,), part in frame.group_by(pl.col("ts").dt.date()):
        lake.upsert(contract, contract.conform(part), day)


def bar(until: datetime, price: float, symbol: str = "1000PEPE-USDT-PERP") -> dict:
    return {
        "ts": until - timedelta(minutes=1),
        "available_at": until + timedelta(milliseconds=1),
        "venue": "binance",
        "symbol": symbol,
        **dict.fromkeys(("open", "high", "low", "close"), price),
        "volume_base": 1.0,
    }


def position(until: datetime, price: float, venue: str = "bybit") -> dict:
    return {
        "ts": until - timedelta(hours=1),
        "available_at": until + timedelta(milliseconds=1),
        "venue": venue,
        "source": venue,
        "symbol": "1000PEPE-USDT-PERP",
        "coin": "PEPE",
        "margin_type": "linear",
        "open_interest_base": 50.0,
        "open_interest_usd": 50.0 * price,
    }


def listed(ts: datetime, price: float, coin_id: str = "coingecko:pepe", **more: object) -> dict:
    return {
        "ts": ts,
        "available_at": ts + timedelta(milliseconds=1),
        "coin_id": coin_id,
        "source": coin_id.partition(":")[0],
        "coin": "PEPE",
        "name": "Pepe",
        "kind": "coin",
        "price_usd": price,
        "market_cap_usd": price * 1e6,
        **more,
    }


def verdicts(platform: Platform) -> dict[str, bool]:
    """Whether each of the checks passed, run by itself."""
    keys = {
        *(dg.AssetCheckKey(dg.AssetKey("ohlcv_1m"), name) for name in (BARS, JUMPS)),
        *(dg.AssetCheckKey(dg.AssetKey("market_cap"), name) for name in (CAPS, LIST, MOVE)),
    }
    job = build(platform.settings).resolve_implicit_global_asset_job_def()
    result = job.get_subset(asset_selection=set(), asset_check_selection=keys).execute_in_process(
        instance=platform.instance
    )
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


SOUND = dict.fromkeys((BARS, JUMPS, CAPS, LIST, MOVE), True)
HOURS = (0, 1, 2, 3)


@pytest.fixture
def quoted(platform) -> Platform:
    """A coin of which bars, two venues' positions and a list tell at four hours of a day.

    The contracts are of 1,000 coins at 2 dollars, and the list has the price of one coin.
    """
    put(platform.lake, Ohlcv1m, [bar(at(hour), 2.0 + hour / 100) for hour in HOURS])
    for venue in ("binance", "bybit"):
        put(platform.lake, OpenInterest, [position(at(hour), 2.0, venue) for hour in HOURS])
    prices = [listed(at(hour), 0.002 + hour / 1e5) for hour in HOURS]
    put(platform.lake, MarketCap, prices)
    return platform


def test_every_source_is_there_in_dollars_of_one_coin(quoted):
    found = prices_by_source(quoted.lake, [DAY], names=coin_names()).filter(ts=at(0))
    assert found.select("coin", "source", pl.col("price_usd").round(9)).rows() == [
        ("PEPE", "bars of binance", 0.002),
        ("PEPE", "coingecko", 0.002),
        ("PEPE", "open interest of binance", 0.002),
        ("PEPE", "open interest of bybit", 0.002),
    ]
    assert verdicts(quoted) == SOUND


def test_bars_in_another_unit_are_named_and_what_is_right_is_not(quoted):
    put(quoted.lake, Ohlcv1m, [bar(at(2), 2000.0)])
    assert verdicts(quoted) == SOUND | {BARS: False, JUMPS: False}


def test_bars_that_are_in_another_unit_from_a_midnight_on_jump_there(quoted):
    # The newest seven days are looked at, of which the first begins here.
    first = at(-6 * 24)
    put(quoted.lake, Ohlcv1m, [bar(first, 2000.0), bar(first + timedelta(minutes=1), 2.0)])
    assert verdicts(quoted) == SOUND | {JUMPS: False}


def test_a_list_that_means_another_coin_is_named(quoted):
    put(quoted.lake, MarketCap, [listed(at(2), 0.37)])
    assert verdicts(quoted) == SOUND | {CAPS: False}


def test_a_small_coin_that_shares_the_ticker_says_nothing(quoted):
    small = [
        listed(at(0), 7.0, "coingecko:pepe-of-somebody", market_cap_usd=12.0),
        listed(at(0), 7.0, "coingecko:pepe-of-nobody", market_cap_usd=None),
    ]
    put(quoted.lake, MarketCap, small)
    assert verdicts(quoted) == SOUND


def test_a_coin_that_the_vendor_lists_and_updates_no_longer_is_named(quoted):
    btc = [listed(at(hour), 60_000.0 + hour, "coingecko:bitcoin", coin="BTC") for hour in (0, 9)]
    put(quoted.lake, MarketCap, btc)
    assert verdicts(quoted) == SOUND | {LIST: False}


def test_a_price_that_never_moves_under_new_stamps_is_named(quoted):
    frozen = [listed(at(24 + hour), 0.00201) for hour in (0, 6, 12, 18, 24)]
    put(quoted.lake, MarketCap, frozen)
    assert verdicts(quoted) == SOUND | {MOVE: False}
    pegged = [{**each, "kind": "stable"} for each in frozen]
    put(quoted.lake, MarketCap, pegged)
    assert verdicts(quoted) == SOUND
