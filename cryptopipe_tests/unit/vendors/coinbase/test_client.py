"""Coinbase's daily candles: pages of 300 days, newest first, made into prices of market_cap."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import polars as pl
import pytest

from cryptopipe_assets.core.errors import PayloadChanged, VendorUnavailable
from cryptopipe_assets.vendors.coinbase.client import Coinbase
from cryptopipe_assets.vendors.parsing.market_cap import MARKET_CAP_SCHEMA
from cryptopipe_tests.unit.vendors.conftest import Vendor, asked, mocked

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PRODUCTS = [
    {"id": "BTC-USD", "base_currency": "BTC", "quote_currency": "USD", "status": "online"},
    {"id": "BTC-EUR", "base_currency": "BTC", "quote_currency": "EUR", "status": "online"},
    {"id": "ETH-USD", "base_currency": "ETH", "quote_currency": "USD", "status": "online"},
]


def candle(day: datetime, close: float = 100.0) -> list[float]:
    return [int(day.timestamp()), close - 2, close + 1, close - 1, close, 3.0]


def ask(vendor: Vendor, question: str, *args: Any, **kw: Any) -> Any:
    client = mocked(Coinbase, vendor, base_url="https://coinbase.test", clock=lambda: NOW)
    return asked(client, lambda coinbase: getattr(coinbase, question)(*args, **kw))


def closes(vendor: Callable[[httpx.Request], httpx.Response], days: int) -> pl.DataFrame:
    return ask(vendor, "daily_closes", {"BTC": "BTC-USD"}, start=START, end=START + days * DAY)


def answered(body: Any) -> pl.DataFrame:
    return closes(lambda request: httpx.Response(200, json=body), 10)


def test_products_in_dollars_are_named_by_their_base():
    found = ask(lambda request: httpx.Response(200, json=PRODUCTS), "dollar_products")
    assert found == {"BTC": "BTC-USD", "ETH": "ETH-USD"}


def test_a_close_is_a_price_at_the_end_of_its_day_and_known_a_millisecond_later():
    rows = answered([candle(START + DAY, 50.0), candle(START, 40.0)])
    assert rows.schema == MARKET_CAP_SCHEMA
    assert rows.row(0, named=True) == {
        "ts": START + DAY,
        "available_at": START + DAY + timedelta(milliseconds=1),
        "coin_id": "coinbase:BTC-USD",
        "coin": "BTC",
        "name": "BTC-USD",
        "rank": None,
        "price_usd": 40.0,
        "market_cap_usd": None,
        "circulating_supply": None,
        "total_supply": None,
        "max_supply": None,
        "volume_24h_usd": 120.0,
    }


def test_a_long_window_is_asked_in_pages_of_300_days_without_an_overlap():
    windows: list[tuple[str, str]] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/products/BTC-USD/candles"
        assert request.url.params["granularity"] == "86400"
        windows.append((request.url.params["start"][:10], request.url.params["end"][:10]))
        return httpx.Response(200, json=[])

    assert closes(vendor, 1000).is_empty()
    # The day that is not over, the first of January, is never asked for.
    assert windows == [("2024-01-01", "2024-10-26"), ("2024-10-27", "2024-12-31")]


def test_nothing_is_asked_of_days_that_are_not_over():
    def vendor(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    today = NOW.replace(hour=0)
    rows = ask(vendor, "daily_closes", {"BTC": "BTC-USD"}, start=today, end=today + DAY)
    assert rows.is_empty()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"message": "?"}, "list"),
        ([[1, 2, 3]], "the response|0"),
        ([candle(START + timedelta(hours=1))], "not a UTC day"),
        ([candle(START - DAY)], "not of the days asked for"),
        ([[int(START.timestamp()), 1.0, 2.0, 1.5, 9.0, 3.0]], "outside of low and high"),
        ([candle(START), candle(START)], "two values at one instant"),
    ],
)
def test_another_shape_is_never_taken_for_prices(body, why):
    with pytest.raises(PayloadChanged, match=why):
        answered(body)


def test_a_failure_is_never_answered_with_no_prices():
    with pytest.raises(VendorUnavailable, match="coinbase"):
        closes(lambda request: httpx.Response(503), 10)
