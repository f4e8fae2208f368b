"""CoinGecko's coins, charts and candles. The vendor is a function; now is 2026-02-03 12:00."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from cryptopipe_assets.core.errors import (
    PayloadChanged,
    RequestError,
    VendorRejected,
    VendorUnavailable,
)
from cryptopipe_assets.vendors.coingecko.client import CoinGecko
from cryptopipe_assets.vendors.parsing.market_cap import MARKET_CAP_SCHEMA
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, answering, asked, mocked

sent = Payloads("coingecko").json
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
MS = timedelta(milliseconds=1)
KEY = "CG-that-nobody-may-see"


def ask(vendor: Vendor, work: Callable[[CoinGecko], Awaitable[Any]], **options: Any) -> Any:
    client = mocked(CoinGecko, vendor, clock=lambda: NOON, **{"attempts": 2, **options})
    return asked(client, work)


def test_coins_become_rows_by_the_vendors_id():
    def vendor(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v3/coins/markets"
        assert request.url.params["per_page"] == "250"
        assert request.url.params["vs_currency"] == "usd"
        return httpx.Response(200, json=sent("coins_markets.json"))

    frame = ask(vendor, lambda g: g.markets())
    assert frame.schema == MARKET_CAP_SCHEMA
    assert frame.row(0, named=True) == {
        "ts": datetime(2026, 2, 3, 11, 59, 31, 248_000, tzinfo=UTC),
        "available_at": datetime(2026, 2, 3, 11, 59, 31, 249_000, tzinfo=UTC),
        "coin_id": "coingecko:bitcoin",
        "coin": "BTC",
        "name": "Bitcoin",
        "rank": 1,
        "price_usd": 78000.5,
        "market_cap_usd": 1_560_010_000_000.0,
        "circulating_supply": 20_000_000.0,
        "total_supply": 21_000_000.0,
        "max_supply": 21_000_000.0,
        "volume_24h_usd": 31_000_000_000.0,
    }


def test_what_is_unknown_is_null_and_what_is_no_observation_is_left_out(caplog):
    frame = ask(answering(sent("coins_markets.json")), lambda g: g.markets())
    assert frame["coin"].to_list() == ["BTC", "ETH", "SOMI"]
    somnia = frame.row(2, named=True)
    assert (somnia["market_cap_usd"], somnia["circulating_supply"]) == (None, None)
    assert frame["max_supply"].to_list() == [21_000_000.0, None, 1_000_000_000.0]
    assert "of price and supply: coingecko:forgotten" in caplog.text


def many(first: int, last: int) -> list[dict[str, Any]]:
    coin = sent("coins_markets.json")[0]
    return [{**coin, "id": f"coin-{n:04d}", "market_cap_rank": n} for n in range(first, last + 1)]


def test_the_largest_are_asked_page_by_page():
    def vendor(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"])
        return httpx.Response(200, json=many(250 * page - 249, min(250 * page, 600)))

    frame = ask(vendor, lambda g: g.markets(pages=5), share=1)
    assert frame["rank"].to_list() == list(range(1, 601))


def test_a_coin_that_changed_its_rank_between_two_pages_is_there_once():
    def vendor(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"])
        return httpx.Response(200, json=many(249 * page - 248, 249 * page + 1))

    frame = ask(vendor, lambda g: g.markets(pages=2))
    assert frame["rank"].to_list() == list(range(1, 500))


def test_a_short_page_before_another_one_is_a_changed_payload():
    def vendor(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"])
        return httpx.Response(200, json=many(250 * page - 249, 250 * page - 150))

    with pytest.raises(PayloadChanged, match="expected 250 coins on page 1, got 100"):
        ask(vendor, lambda g: g.markets(pages=2))


def test_ids_are_asked_250_at_a_time_and_the_missing_are_named():
    sizes: list[int] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        ids = request.url.params["ids"].split(",")
        sizes.append(len(ids))
        coins = [each for each in many(1, 300) if each["id"] in ids and each["id"] != "coin-0007"]
        return httpx.Response(200, json=coins)

    ids = [f"coin-{n:04d}" for n in range(1, 301)]
    frame = ask(vendor, lambda g: g.markets(ids, allow_missing={"coin-0007"}))
    assert sizes == [250, 50]
    assert frame.height == 299
    with pytest.raises(VendorUnavailable, match=r"got none with the ids \['coin-0007'\]"):
        ask(vendor, lambda g: g.markets(ids))


def test_ten_coins_cost_one_call_and_none_cost_none():
    async def work(gecko: CoinGecko) -> tuple[int, int]:
        assert (await gecko.markets([])).schema == MARKET_CAP_SCHEMA
        before = gecko.calls.total()
        await gecko.markets([f"coin-{n:04d}" for n in range(1, 11)])
        return before, gecko.calls["/coins/markets"]

    assert ask(answering(many(1, 10)), work) == (0, 1)


METHODS: dict[str, Callable[[CoinGecko], Awaitable[Any]]] = {
    "ping": lambda g: g.ping(),
    "markets": lambda g: g.markets(),
    "markets by id": lambda g: g.markets(["bitcoin"]),
    "market_chart": lambda g: g.market_chart("bitcoin", 365, coin="BTC"),
    "ohlc": lambda g: g.ohlc("bitcoin", 1),
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: httpx.Response(401, json={"error": f"key {KEY}?"}), VendorRejected),
        (lambda: httpx.Response(404, json={"error": "coin not found"}), VendorRejected),
        (lambda: httpx.Response(429, json=sent("error_429.json")), VendorUnavailable),
        (lambda: httpx.Response(503), VendorUnavailable),
        (lambda: httpx.Response(200, text="<html>"), PayloadChanged),
        (lambda: httpx.Response(200, json=[{"id": "bitcoin"}]), PayloadChanged),
        (lambda: httpx.Response(200, json={"status": f"hello {KEY}"}), PayloadChanged),
    ],
    ids=["401", "404", "429", "503", "html", "missing fields", "object"],
)
@pytest.mark.parametrize("plan", ["none", "demo"])
def test_a_failure_is_never_an_empty_frame_and_never_shows_the_key(
    method, answer, error, plan, caplog
):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(error, match="coingecko") as caught:
        ask(lambda request: answer(), method, plan=plan, api_key=SecretStr(KEY))
    said = [repr(caught.value), repr(caught.value.__cause__), *caplog.messages]
    assert not [each for each in said if KEY in each]


@pytest.mark.parametrize(
    "work",
    [
        lambda g: g.markets(pages=0),
        lambda g: g.market_chart("bitcoin", 0, coin="BTC"),
    ],
)
def test_a_question_for_nothing_is_not_asked(work):
    with pytest.raises(RequestError, match="at least one"):
        ask(answering([]), work)


def test_a_list_without_coins_is_no_list():
    with pytest.raises(PayloadChanged, match="got an empty list"):
        ask(answering([]), lambda g: g.markets())
