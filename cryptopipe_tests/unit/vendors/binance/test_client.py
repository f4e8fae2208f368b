"""Klines by REST. The vendor is a function that keeps, or breaks, Binance's rules."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import polars as pl
import pytest

from cryptopipe_assets.core.errors import PayloadChanged, VendorRejected, VendorUnavailable
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.parse_klines import BAR_SCHEMA
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, asked, mocked

payload = Payloads("binance").response
BTC = {"BTCUSDT": "BTC-USDT-PERP"}
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
MINUTE = 60_000


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def ask(
    vendor: Vendor, work: Callable[[Binance], Awaitable[pl.DataFrame]], now: datetime = NOON
) -> pl.DataFrame:
    client = mocked(Binance, vendor, base_url="https://binance.test", clock=lambda: now)
    return asked(client, work)


class Exchange:
    """Answers klines as Binance does, from a listing to a clock, and notes what was asked."""

    def __init__(
        self,
        *,
        now: datetime,
        listed: datetime = datetime(2020, 1, 1, tzinfo=UTC),
        cap: int = 1500,
        missing: range = range(0),
    ) -> None:
        self.now, self.listed, self.cap, self.missing = ms(now), ms(listed), cap, missing
        self.asked: list[httpx.QueryParams] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/time"):
            return httpx.Response(200, json={"serverTime": self.now})
        params = request.url.params
        self.asked.append(params)
        assert params["interval"] == "1m"
        first, last = int(params["startTime"]), min(int(params["endTime"]), self.now)
        first = -(-max(first, self.listed) // MINUTE) * MINUTE
        stamps = [t for t in range(first, last + 1, MINUTE) if t not in self.missing]
        rows = [self.row(t) for t in stamps[: min(int(params["limit"]), self.cap)]]
        return httpx.Response(200, content=json.dumps(rows, separators=(",", ":")))

    @staticmethod
    def row(t: int) -> list[Any]:
        level = 100 + t // MINUTE % 1440
        price, value = str(level), str(2 * level)
        return [t, price, price, price, price, "2", t + MINUTE - 1, value, 1, "1", "4", "0"]


def bars(exchange: Exchange, start: datetime, end: datetime, symbols=BTC) -> pl.DataFrame:
    return ask(exchange, lambda b: b.klines(symbols, start=start, end=end))


def test_a_recorded_page_becomes_bars():
    def vendor(request: httpx.Request) -> httpx.Response:
        return payload("time.json" if request.url.path.endswith("/time") else "klines_1m.json")

    end = NOON + timedelta(minutes=3)
    frame = ask(vendor, lambda b: b.klines(BTC, start=NOON, end=end))
    assert frame.schema == BAR_SCHEMA
    assert frame["close"].to_list() == [101.75, 101.75, 103.0]
    assert frame["ts"].to_list() == [NOON + timedelta(minutes=n) for n in range(3)]


def test_fifteen_minutes_cost_one_request_of_weight_one():
    exchange = Exchange(now=NOON)
    frame = bars(exchange, NOON - timedelta(minutes=15), NOON)
    assert frame.height == 15
    [asked] = exchange.asked
    assert (asked["limit"], asked["endTime"]) == ("15", str(ms(NOON) - 1))


def test_the_forming_bar_and_the_future_are_not_even_asked_for():
    exchange = Exchange(now=NOON + timedelta(seconds=30))
    frame = bars(exchange, NOON - timedelta(minutes=5), NOON + timedelta(hours=12))
    assert frame["ts"].max() == NOON - timedelta(minutes=1)
    assert [asked["limit"] for asked in exchange.asked] == ["5"]


def test_a_bar_that_closes_as_the_clock_strikes_is_closed():
    exchange = Exchange(now=NOON)  # the last bar's close_time is 11:59:59.999
    frame = bars(exchange, NOON - timedelta(minutes=2), NOON + timedelta(minutes=2))
    assert frame["ts"].max() == NOON - timedelta(minutes=1)


def test_a_day_takes_the_cheapest_pages():
    exchange = Exchange(now=NOON)
    frame = bars(exchange, NOON - timedelta(days=1), NOON)
    assert frame.height == 1440
    # 2 + 2 + 2 of weight; one page of 1,440 would weigh 10.
    assert [asked["limit"] for asked in exchange.asked] == ["499", "499", "442"]


@pytest.mark.parametrize("cap", [1, 7, 100, 498])
def test_a_silent_page_cap_loses_nothing(cap):
    minutes = min(1440, 12 * cap)
    exchange = Exchange(now=NOON, cap=cap)
    frame = bars(exchange, NOON - timedelta(minutes=minutes), NOON)
    assert frame.height == minutes
    assert frame["ts"].is_unique().all()


def test_a_hole_in_the_middle_and_a_late_listing_are_no_error():
    hole = range(ms(NOON - timedelta(hours=3)), ms(NOON - timedelta(hours=2)))
    exchange = Exchange(now=NOON, listed=NOON - timedelta(hours=5), missing=hole)
    frame = bars(exchange, NOON - timedelta(days=2), NOON)
    assert frame.height == 4 * 60
    assert frame["ts"].min() == NOON - timedelta(hours=5)


def test_several_symbols_are_sorted_by_symbol_and_time():
    symbols = {"ETHUSDT": "ETH-USDT-PERP", **BTC}
    frame = bars(Exchange(now=NOON), NOON - timedelta(minutes=3), NOON, symbols)
    assert frame.height == 6
    assert frame.equals(frame.sort("symbol", "ts"))
    assert frame["symbol"].unique().sort().to_list() == ["BTC-USDT-PERP", "ETH-USDT-PERP"]


@pytest.mark.parametrize(
    ("symbols", "start", "end"),
    [
        ({}, NOON - timedelta(hours=1), NOON),
        (BTC, NOON, NOON),
        (BTC, NOON + timedelta(hours=1), NOON + timedelta(hours=2)),
        (BTC, datetime(2019, 1, 1, tzinfo=UTC), datetime(2019, 1, 2, tzinfo=UTC)),
    ],
    ids=["no symbols", "no time", "the future", "before listing"],
)
def test_nothing_to_find_is_an_empty_frame_of_the_full_schema(symbols, start, end):
    frame = bars(Exchange(now=NOON), start, end, symbols)
    assert frame.is_empty()
    assert frame.schema == BAR_SCHEMA


CONTRADICTION = [*Exchange.row(ms(NOON) - MINUTE)[:8], 2, "1", "4", "0"]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([Exchange.row(ms(NOON) - 10 * MINUTE)], "outside|newest"),
        ([Exchange.row(ms(NOON) - MINUTE), CONTRADICTION], "occurs twice"),
        ([Exchange.row(ms(NOON) - MINUTE)[:9]], "rows of nine numbers"),
        ([[*Exchange.row(ms(NOON) - MINUTE)[:9], "5", "4", "0"]], "takers bought more"),
        ({"code": 0}, "array of arrays"),
    ],
)
def test_rows_that_break_a_promise_are_a_changed_payload(rows, fault):
    def vendor(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/time"):
            return httpx.Response(200, json={"serverTime": ms(NOON)})
        return httpx.Response(200, json=rows)

    with pytest.raises(PayloadChanged, match=rf"binance: /fapi/v1/klines.*({fault})"):
        ask(vendor, lambda b: b.klines(BTC, start=NOON - timedelta(minutes=3), end=NOON))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(400, json={"code": -1121, "msg": "Invalid symbol."}), VendorRejected),
        (httpx.Response(503), VendorUnavailable),
        (httpx.Response(200, text="<html>"), PayloadChanged),
    ],
)
def test_one_symbol_that_fails_fails_them_all(answer, error):
    exchange = Exchange(now=NOON)

    def vendor(request: httpx.Request) -> httpx.Response:
        return answer if request.url.params.get("symbol") == "BADUSDT" else exchange(request)

    symbols = {**BTC, "BADUSDT": "BAD-USDT-PERP"}
    with pytest.raises(error, match="binance"):
        ask(vendor, lambda b: b.klines(symbols, start=NOON - timedelta(minutes=3), end=NOON))
