"""Binance's open interest by REST: no page edge loses a point, and a month is all there is."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pytest

from cryptopipe_assets.core.errors import (
    PayloadChanged,
    RequestError,
    VendorRejected,
    VendorUnavailable,
)
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.open_interest import open_interest_history
from cryptopipe_assets.vendors.http.rate_limit import Budget
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, asked, mocked

BINANCE = Payloads("binance")
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOUR_MS = 3_600_000
BTC = {"BTCUSDT": "BTC-USDT-PERP"}
PERIODS = {"1h": 1, "4h": 4, "1d": 24}

T = TypeVar("T")


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


class Exchange:
    """Answers openInterestHist on a grid; ``keeps`` says which end survives a page's cap."""

    def __init__(self, *, cap: int = 500, keeps: str = "oldest", missing: range = range(0)) -> None:
        self.cap, self.keeps, self.missing = cap, keeps, missing
        self.asked: list[httpx.QueryParams] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/futures/data/openInterestHist"
        asked = request.url.params
        self.asked.append(asked)
        step = PERIODS[asked["period"]] * HOUR_MS
        first, last = int(asked["startTime"]), min(int(asked["endTime"]), ms(NOON))
        stamps = [
            t for t in range(-(-first // step) * step, last + 1, step) if t not in self.missing
        ]
        cap = min(self.cap, int(asked["limit"]))
        page = stamps[:cap] if self.keeps == "oldest" else stamps[-cap:]
        rows = [
            {
                "symbol": asked["symbol"],
                "sumOpenInterest": str(t // HOUR_MS),
                "sumOpenInterestValue": "2.5",
                "timestamp": t,
            }
            for t in page
        ]
        return httpx.Response(200, json=rows)


def ask(vendor: Vendor, work: Callable[[Binance], Awaitable[T]], **settings: Any) -> T:
    return asked(mocked(Binance, vendor, base_url="https://binance.test", **settings), work)


def history(vendor: Callable[[httpx.Request], httpx.Response], **asked: Any) -> Measured:
    arguments: dict[str, Any] = {"start": NOON - 2 * HOUR, "end": NOON, "now": NOON, **asked}
    symbols = arguments.pop("symbols", BTC)
    return ask(vendor, lambda binance: open_interest_history(binance, symbols, **arguments))


def recorded(request: httpx.Request) -> httpx.Response:
    return BINANCE.response("open_interest_hist.json")


def test_a_point_is_the_end_of_the_hour_before_its_stamp():
    found = history(recorded)
    assert found.frame.schema == OPEN_INTEREST_SCHEMA
    assert found.frame["ts"].to_list() == [NOON - 2 * HOUR, NOON - HOUR]
    assert found.frame.row(1, named=True) == {
        "ts": NOON - HOUR,
        "available_at": NOON + timedelta(milliseconds=1),
        "venue": "binance",
        "symbol": "BTC-USDT-PERP",
        "coin": "BTC",
        "margin_type": "linear",
        "open_interest_contracts": None,
        "open_interest_base": 109_098.5,
        "open_interest_usd": 8_727_880_000.0,
    }


def test_the_coin_of_a_multiplied_contract_is_without_its_multiplier():
    found = history(Exchange(), symbols={"1000PEPEUSDT": "1000PEPE-USDT-PERP"})
    assert found.frame["coin"].unique().to_list() == ["PEPE"]


def test_twenty_days_of_hours_take_one_call():
    exchange = Exchange()
    found = history(exchange, start=NOON - 480 * HOUR)
    assert found.frame.height == 480
    [asked] = exchange.asked
    assert (asked["limit"], asked["period"]) == ("500", "1h")


@pytest.mark.parametrize("keeps", ["oldest", "newest"])
@pytest.mark.parametrize("cap", [500, 499, 100, 30])
def test_a_page_cut_at_either_end_loses_nothing(cap, keeps):
    exchange = Exchange(cap=cap, keeps=keeps)
    found = history(exchange, start=NOON - timedelta(days=27))
    assert found.frame.height == 27 * 24
    expected = [ms(NOON) // HOUR_MS - n for n in reversed(range(27 * 24))]
    assert found.frame["open_interest_base"].to_list() == expected


def test_a_hole_is_no_error_and_makes_no_further_call_in_the_middle():
    hole = range(ms(NOON - 10 * HOUR), ms(NOON - 5 * HOUR))
    exchange = Exchange(missing=hole)
    found = history(exchange, start=NOON - 20 * HOUR)
    assert (found.frame.height, len(exchange.asked)) == (15, 1)


def test_points_of_four_hours_are_the_last_hour_of_theirs():
    found = history(Exchange(), start=NOON - 12 * HOUR, period="4h")
    assert found.frame["ts"].to_list() == [NOON - n * HOUR for n in (9, 5, 1)]


def test_the_future_is_not_asked_for():
    exchange = Exchange()
    found = history(exchange, end=NOON + 9 * HOUR, now=NOON + timedelta(minutes=3))
    assert found.frame["ts"].max() == NOON - HOUR
    assert [asked["endTime"] for asked in exchange.asked] == [str(ms(NOON) + 180_000)]


def test_several_symbols_take_a_call_each_and_come_sorted():
    symbols = {"ETHUSDT": "ETH-USDT-PERP", **BTC}
    exchange = Exchange()
    found = history(exchange, symbols=symbols)
    assert found.frame["symbol"].to_list() == ["BTC-USDT-PERP"] * 2 + ["ETH-USDT-PERP"] * 2
    assert Counter(asked["symbol"] for asked in exchange.asked) == {"BTCUSDT": 1, "ETHUSDT": 1}


def test_calls_are_paid_from_their_own_budget():
    budgets = (Budget(family="futures_data", units=2, per_seconds=0.3),)
    symbols = {f"C{n}USDT": f"C{n}-USDT-PERP" for n in range(3)}
    loop_times: list[float] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        loop_times.append(asyncio.get_running_loop().time())
        return Exchange()(request)

    window = {"start": NOON - HOUR, "end": NOON, "now": NOON}
    ask(vendor, lambda b: open_interest_history(b, symbols, **window), budgets=budgets)
    assert loop_times[2] - loop_times[0] >= 0.2


def test_more_than_a_month_back_is_refused_with_the_way_out():
    with pytest.raises(RequestError, match=r"from 2026-01-06 12:00 on, or take the archive"):
        history(Exchange(), start=NOON - timedelta(days=29))


@pytest.mark.parametrize("asked", [{"symbols": {}}, {"start": NOON}], ids=["no symbol", "no time"])
def test_nothing_asked_is_an_empty_frame_without_a_call(asked):
    exchange = Exchange()
    assert history(exchange, **asked).frame.schema == OPEN_INTEREST_SCHEMA
    assert exchange.asked == []


def page(**changed: Any) -> list[dict[str, Any]]:
    rows = BINANCE.json("open_interest_hist.json")
    return [rows[0], {**rows[1], **changed}]


def without(name: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in each.items() if k != name} for each in page()]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        *((without(name), name) for name in ("symbol", "sumOpenInterest", "timestamp")),
        (without("sumOpenInterestValue"), "sumOpenInterestValue"),
        (page(symbol="ETHUSDT"), "asked for BTCUSDT, got"),
        (page(timestamp=ms(NOON) - 60_000), "not a whole hour"),
        (page(timestamp=ms(NOON) + HOUR_MS), "asked for .* got"),
        (page(timestamp=ms(NOON) - HOUR_MS), "the hour has two values"),
        (page(sumOpenInterest="-1"), "negative"),
        (page(sumOpenInterestValue="nan"), "finite number"),
        (page(sumOpenInterest=""), "sumOpenInterest"),
        ({"code": 0}, "list"),
    ],
)
def test_points_that_break_a_promise_are_a_changed_payload(rows, fault):
    answers = iter([rows, []])
    with pytest.raises(PayloadChanged, match=rf"openInterestHist BTCUSDT: .*({fault})"):
        history(lambda request: httpx.Response(200, json=next(answers, [])))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(400, json={"code": -1121, "msg": "Invalid symbol."}), VendorRejected),
        (httpx.Response(403, text="<html>"), VendorRejected),
        (httpx.Response(200, text="<html>"), PayloadChanged),
    ],
)
def test_one_symbol_that_is_refused_is_named_and_the_others_come(answer, error):
    def vendor(request: httpx.Request) -> httpx.Response:
        return answer if request.url.params["symbol"] == "BADUSDT" else Exchange()(request)

    found = history(vendor, symbols={**BTC, "BADUSDT": "BAD-USDT-PERP"})
    assert found.frame.equals(history(Exchange(), symbols=BTC).frame)
    assert found.failed["BADUSDT"].coin == "BAD"
    assert found.failed["BADUSDT"].reason.startswith("binance: ")
    assert found.left_out["failed"] == 1
    with pytest.raises(error, match="binance"):
        history(vendor, symbols={"BADUSDT": "BAD-USDT-PERP"})


@pytest.mark.parametrize("answer", [httpx.Response(429), httpx.Response(503)])
def test_a_venue_that_is_unavailable_is_so_for_every_symbol(answer):
    def vendor(request: httpx.Request) -> httpx.Response:
        return answer if request.url.params["symbol"] == "BADUSDT" else Exchange()(request)

    with pytest.raises(VendorUnavailable, match="binance"):
        history(vendor, symbols={**BTC, "BADUSDT": "BAD-USDT-PERP"})
