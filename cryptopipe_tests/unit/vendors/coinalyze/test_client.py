"""Coinalyze's series. The vendor is a function; the recorded day begins at 2026-02-03 00:00."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from cryptopipe_assets.vendors.coinalyze.client import Coinalyze
from cryptopipe_assets.vendors.coinalyze.parse_markets import read_markets
from cryptopipe_assets.vendors.coinalyze.parse_rows import FUNDING_BAR_SCHEMA, LIQUIDATION_SCHEMA
from cryptopipe_assets.vendors.http.client import Budget
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, asked, mocked

sent = Payloads("coinalyze").json
KEY = "k3y-that-nobody-may-see"
DAY = datetime(2026, 2, 3, tzinfo=UTC)
HOUR, MS = timedelta(hours=1), timedelta(milliseconds=1)
TWO_HOURS = {"start": DAY, "end": DAY + 2 * HOUR}
TWO_DAYS = {"start": DAY - timedelta(days=1), "end": DAY + timedelta(days=1)}


MARKETS = read_markets(sent("future_markets.json")).frame
THREE = ["1000PEPEUSDT_PERP.A", "BTCUSDT_PERP.A", "BTCUSD_PERP.A"]


def chosen(*vendor_symbols: str) -> pl.DataFrame:
    return MARKETS.filter(pl.col("vendor_symbol").is_in(vendor_symbols))


def ask(
    vendor: Vendor,
    work: Callable[[Coinalyze], Awaitable[pl.DataFrame]],
    **options: Any,
) -> pl.DataFrame:
    given = {"clock": lambda: DAY + timedelta(days=2), "attempts": 2, **options}
    client = mocked(
        Coinalyze,
        vendor,
        base_url="https://coinalyze.test/v1",
        api_key=SecretStr(KEY),
        **given,
    )
    return asked(client, work)


def history(request: httpx.Request) -> httpx.Response:
    """Answer with the recorded open interest, of the symbols that were asked for."""
    is_usd = request.url.params["convert_to_usd"] == "true"
    recorded = sent(f"open_interest_history_{'usd' if is_usd else 'native'}.json")
    asked = request.url.params["symbols"].split(",")
    return httpx.Response(200, json=[each for each in recorded if each["symbol"] in asked])


def test_the_list_of_markets_is_asked_with_the_key_in_a_header():
    def vendor(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "https://coinalyze.test/v1/future-markets"
        assert request.headers["api_key"] == KEY
        return httpx.Response(200, json=sent("future_markets.json"))

    assert ask(vendor, lambda c: c.markets()).equals(MARKETS)


def test_open_interest_asks_for_the_half_open_window_and_keeps_the_close():
    asked: list[httpx.QueryParams] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params)
        return history(request)

    frame = ask(vendor, lambda c: c.open_interest(chosen(*THREE), **TWO_HOURS))
    assert {(each["from"], each["to"], each["interval"]) for each in asked} == {
        ("1770076800", "1770083999", "1hour")
    }
    assert frame.schema == OPEN_INTEREST_SCHEMA
    btc = frame.filter(symbol="BTC-USDT-PERP")
    assert btc["ts"].to_list() == [DAY, DAY + HOUR]
    assert btc["available_at"].to_list() == [DAY + HOUR + MS, DAY + 2 * HOUR + MS]
    assert btc["open_interest_usd"].to_list() == [7_123_456_789.0, 7_190_000_000.0]
    assert btc["open_interest_base"].to_list() == [91326.4, 92179.5]
    assert frame["open_interest_contracts"].null_count() == 6
    assert frame.equals(frame.sort("venue", "symbol", "ts"))


def test_the_base_amount_is_asked_only_where_the_market_is_counted_in_it():
    asked: dict[str, str] = {}

    def vendor(request: httpx.Request) -> httpx.Response:
        asked[request.url.params["convert_to_usd"]] = request.url.params["symbols"]
        return history(request)

    frame = ask(vendor, lambda c: c.open_interest(chosen(*THREE), **TWO_HOURS))
    assert asked["true"] == ",".join(sorted(THREE))
    assert "BTCUSD_PERP.A" not in asked["false"]
    inverse = frame.filter(symbol="BTC-USD-PERP")
    assert inverse["margin_type"].unique().to_list() == ["inverse"]
    assert inverse["open_interest_base"].null_count() == 2


def test_a_daily_close_is_the_last_hour_of_its_day():
    frame = ask(
        lambda request: httpx.Response(200, json=sent("open_interest_history_daily.json")),
        lambda c: c.open_interest(chosen("BTCUSD_PERP.A"), **TWO_DAYS, interval="daily"),
    )
    assert frame["ts"].to_list() == [DAY - HOUR, DAY + 23 * HOUR]
    assert frame["available_at"].to_list() == [DAY + MS, DAY + timedelta(days=1) + MS]
    assert frame["open_interest_usd"].to_list() == [713_650_900.0, 718_741_000.0]


def test_the_forming_bar_is_not_kept():
    frame = ask(
        history,
        lambda c: c.open_interest(chosen(*THREE), **TWO_HOURS),
        clock=lambda: DAY + 2 * HOUR - MS,
    )
    assert frame["ts"].unique().to_list() == [DAY]


def test_bars_outside_the_window_are_not_kept():
    window = {"start": DAY + HOUR, "end": DAY + 2 * HOUR}
    frame = ask(history, lambda c: c.open_interest(chosen(*THREE), **window))
    assert frame["ts"].unique().to_list() == [DAY + HOUR]


def test_twenty_symbols_go_into_a_request_and_each_costs_one_unit():
    many = pl.concat(
        chosen("BTCUSD_PERP.A").with_columns(
            vendor_symbol=pl.lit(f"C{n:02d}USD_PERP.A"), symbol=pl.lit(f"C{n:02d}-USD-PERP")
        )
        for n in range(45)
    )
    sizes: list[int] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        asked = request.url.params["symbols"].split(",")
        sizes.append(len(asked))
        bars = [{"t": 1770076800, "o": 1, "h": 1, "l": 1, "c": 1}]
        return httpx.Response(200, json=[{"symbol": each, "history": bars} for each in asked])

    async def all_of_them(client: Coinalyze) -> pl.DataFrame:
        frame = await client.open_interest(many, **TWO_HOURS)
        with pytest.raises(TimeoutError):  # 45 of 50 units are spent, six more have to wait
            await asyncio.wait_for(client.open_interest(many.head(6), **TWO_HOURS), 0.05)
        return frame

    budget = Budget(family="symbols", units=50, per_seconds=60)
    assert ask(vendor, all_of_them, budgets=[budget]).height == 45
    assert sorted(sizes) == [5, 20, 20]


def test_the_current_reading_is_of_its_hour_and_known_a_millisecond_later():
    frame = ask(
        lambda request: httpx.Response(200, json=sent("open_interest.json")),
        lambda c: c.open_interest_now(chosen("BTCUSDT_PERP.A", "BTCUSD_PERP.A")),
        clock=lambda: DAY + 2 * HOUR,
    )
    assert frame.schema == OPEN_INTEREST_SCHEMA
    linear = frame.filter(symbol="BTC-USDT-PERP").row(0, named=True)
    assert linear["ts"] == DAY + HOUR
    assert linear["available_at"] == datetime(2026, 2, 3, 1, 23, 45, 465_000, tzinfo=UTC)
    assert linear["open_interest_usd"] == 7_123_456_789.5


def test_funding_is_in_percent_at_the_vendor_and_a_fraction_here():
    frame = ask(
        lambda request: httpx.Response(200, json=sent("funding_rate_history.json")),
        lambda c: c.funding_rates(chosen("BTCUSDT_PERP.A", "kPEPE.H"), **TWO_DAYS),
    )
    assert frame.schema == FUNDING_BAR_SCHEMA
    btc = frame.filter(symbol="BTC-USDT-PERP")
    assert btc["funding_rate"].to_list() == pytest.approx([0.00004117, -0.000012], rel=1e-12)
    assert btc["funding_rate_high"].to_list() == pytest.approx([0.0001, 0.000056], rel=1e-12)
    assert btc["funding_rate_low"].to_list() == pytest.approx([0.00003, -0.000021], rel=1e-12)
    assert btc["ts"].to_list() == [DAY - timedelta(days=1), DAY]
    assert btc["available_at"].to_list() == [DAY + MS, DAY + timedelta(days=1) + MS]
    assert frame.filter(coin="PEPE")["venue"].unique().to_list() == ["hyperliquid"]


def test_liquidations_are_of_longs_and_of_shorts_and_quiet_hours_have_no_row():
    frame = ask(
        lambda request: httpx.Response(200, json=sent("liquidation_history.json")),
        lambda c: c.liquidations(chosen("BTCUSDT_PERP.A"), start=DAY, end=DAY + 3 * HOUR),
    )
    assert frame.schema == LIQUIDATION_SCHEMA
    assert frame["ts"].to_list() == [DAY, DAY + 2 * HOUR]
    assert frame["long_liquidations_usd"].to_list() == [1_250_000.5, 0.0]
    assert frame["short_liquidations_usd"].to_list() == [90_210.25, 3_300.0]
