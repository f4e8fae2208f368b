"""CoinGecko's charts and candles. The vendor is a function; now is 2026-02-03 12:00."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import polars as pl
import pytest

from cryptopipe_assets.core.errors import PayloadChanged, RequestError
from cryptopipe_assets.vendors.coingecko.client import CoinGecko
from cryptopipe_assets.vendors.coingecko.parsing import OHLC_SCHEMA
from cryptopipe_assets.vendors.parsing.market_cap import MARKET_CAP_SCHEMA
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, answering, asked, mocked

sent = Payloads("coingecko").json
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
MS = timedelta(milliseconds=1)
KEY = "CG-that-nobody-may-see"


def ask(vendor: Vendor, work: Callable[[CoinGecko], Awaitable[Any]], **options: Any) -> Any:
    client = mocked(CoinGecko, vendor, clock=lambda: NOON, **{"attempts": 2, **options})
    return asked(client, work)


def test_a_daily_chart_is_of_midnights_and_not_of_now():
    def vendor(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v3/coins/bitcoin/market_chart"
        assert dict(request.url.params) == {"vs_currency": "usd", "days": "365"}
        return httpx.Response(200, json=sent("market_chart_daily.json"))

    frame = ask(vendor, lambda g: g.market_chart("bitcoin", 365, coin="BTC", name="Bitcoin"))
    midnight = datetime(2026, 2, 3, tzinfo=UTC)
    assert frame.schema == MARKET_CAP_SCHEMA
    assert frame["ts"].to_list() == [midnight - timedelta(days=n) for n in (2, 1, 0)]
    assert frame["available_at"].to_list() == [each + MS for each in frame["ts"]]
    assert frame["market_cap_usd"].to_list() == [None, 1.54e12, 1.56e12]
    assert frame["volume_24h_usd"].to_list() == [3.0e10, 2.9e10, 3.1e10]
    assert frame["coin"].unique().to_list() == ["BTC"]
    assert frame["circulating_supply"].null_count() == 3


def test_an_hourly_chart_keeps_every_instant():
    body = sent("market_chart_daily.json")
    frame = ask(answering(body), lambda g: g.market_chart("bitcoin", 30, coin="BTC"))
    assert frame.height == 4
    assert frame["ts"][-1] == datetime(2026, 2, 3, 12, 3, 4, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prices": [[1770076800001, 1.0], [1770076800002, 1.0]]}, "expected points at 00:00"),
        ({"prices": [[1770076800000, 1.0], [1770076800000, 2.0]]}, "the instant occurs twice"),
        ({"prices": [[1770076800000, -1.0]]}, "an amount is negative"),
        ({"prices": [[1770076800000]]}, r"prices\.0\.1: Field required"),
        ({"total_volumes": None}, "total_volumes"),
    ],
)
def test_a_chart_that_breaks_a_promise_is_a_changed_payload(change, said):
    body = {**sent("market_chart_daily.json"), **change}
    with pytest.raises(PayloadChanged, match=rf"market_chart bitcoin: .*{said}"):
        ask(answering(body), lambda g: g.market_chart("bitcoin", 365, coin="BTC"))


def test_candles_are_named_by_their_open_and_the_forming_one_is_left_out():
    def vendor(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v3/coins/bitcoin/ohlc"
        return httpx.Response(200, json=sent("ohlc_30m.json"))

    frame = ask(vendor, lambda g: g.ohlc("bitcoin", 1))
    ten = datetime(2026, 2, 3, 10, tzinfo=UTC)
    half = timedelta(minutes=30)
    assert frame.schema == OHLC_SCHEMA
    assert frame["ts"].to_list() == [ten - half, ten, ten + half]
    assert frame["available_at"].to_list() == [ten + MS, ten + half + MS, ten + 2 * half + MS]
    assert frame["close"].to_list() == [78000.0, 78100.5, 78050.0]
    assert frame["coin_id"].unique().to_list() == ["coingecko:bitcoin"]


def test_a_candle_that_closes_later_than_now_is_left_out():
    stamp = int(NOON.timestamp() * 1000)
    candles = [[stamp, 1, 2, 1, 2], [stamp + 1_800_000, 2, 2, 1, 1]]
    assert ask(answering(candles), lambda g: g.ohlc("bitcoin", 1))["close"].to_list() == [2.0]


@pytest.mark.parametrize(("days", "hours"), [(1, 0.5), (30, 4), (90, 96), (365, 96)])
def test_the_width_of_a_candle_follows_from_the_days_asked_for(days, hours):
    midnight = [int(NOON.timestamp() * 1000) - 43_200_000, 1, 2, 1, 2]
    [candle] = ask(answering([midnight]), lambda g: g.ohlc("bitcoin", days)).iter_rows(named=True)
    assert candle["available_at"] - MS - candle["ts"] == timedelta(hours=hours)


@pytest.mark.parametrize("days", [0, 2, 366])
def test_candles_of_days_that_the_vendor_does_not_know_are_not_asked_for(days):
    with pytest.raises(RequestError, match=rf"not for {days}"):
        ask(answering([]), lambda g: g.ohlc("bitcoin", days))


@pytest.mark.parametrize(
    ("candles", "said"),
    [
        ([[1770112800001, 1, 2, 1, 2], [1770114600000, 1, 2, 1, 2]], "close at a whole 0:30:00"),
        ([[1770112800000, 1, 2, 1, 2], [1770112800000, 1, 3, 1, 2]], "has two versions"),
        ([[1770112800000, 0, 2, 0, 2]], "not positive"),
        ([[1770112800000, 1, 2, 1, 3]], "high is not"),
        ([[1770112800000, 1, 2, 1.5, 2]], "low is not"),
        ([[1770112800000, 1, 2, 1]], "Field required"),
        ({"error": "coin not found"}, "valid list"),
    ],
)
def test_candles_that_break_a_promise_are_a_changed_payload(candles, said):
    with pytest.raises(PayloadChanged, match=rf"ohlc bitcoin: .*{said}"):
        ask(answering(candles), lambda g: g.ohlc("bitcoin", 1))


def test_an_id_cannot_leave_its_place_in_the_address():
    paths: list[bytes] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path)
        return httpx.Response(200, json=[])

    with pytest.raises(PayloadChanged, match="expected candles up to now, got none"):
        ask(vendor, lambda g: g.ohlc("../ping?x=1", 1))
    assert paths == [b"/api/v3/coins/..%2Fping%3Fx%3D1/ohlc?vs_currency=usd&days=1"]


def test_frames_of_both_ways_to_ask_can_be_stacked():
    frames = [
        ask(answering(sent("coins_markets.json")), lambda g: g.markets()),
        ask(
            answering(sent("market_chart_daily.json")),
            lambda g: g.market_chart("bitcoin", 365, coin="BTC"),
        ),
    ]
    assert pl.concat(frames).height == 6
