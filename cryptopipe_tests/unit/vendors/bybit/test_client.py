"""Bybit's perpetuals: contracts by cursor, all tickers in a call, one side only."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from cryptopipe_assets.core.errors import PayloadChanged, VendorRejected, VendorUnavailable
from cryptopipe_assets.vendors.bybit.client import Bybit
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured
from cryptopipe_tests.unit.vendors.bybit.exchange import (
    BTC,
    CONTRACTS,
    HOUR,
    HOUR_MS,
    NOON,
    Exchange,
    ask_bybit,
    sent,
)

ENDPOINTS = ["instruments-info", "tickers", "open-interest", "mark-price-kline"]
WINDOW = {"start": NOON - 3 * HOUR, "end": NOON}


def now(exchange: Exchange) -> Measured:
    return ask_bybit(exchange, lambda bybit: bybit.open_interest_now(CONTRACTS))


def test_perpetuals_of_coins_are_found_on_all_pages():
    exchange = Exchange()
    found = ask_bybit(exchange, lambda bybit: bybit.contracts())
    assert {name: (each.symbol, each.coin, each.margin_type) for name, each in found.items()} == {
        "1000PEPEUSDT": ("1000PEPE-USDT-PERP", "PEPE", "linear"),
        "BTCPERP": ("BTC-USDC-PERP", "BTC", "linear"),
        "BTCUSD": ("BTC-USD-PERP", "BTC", "inverse"),
        "BTCUSDT": ("BTC-USDT-PERP", "BTC", "linear"),
        "SHIB1000USDT": ("1000SHIB-USDT-PERP", "SHIB", "linear"),
    }
    assert {url.params["limit"] for url in exchange.asked} == {"1000"}
    assert len(exchange.asked) == 3


def test_all_open_interest_takes_a_call_for_each_kind_of_margin():
    exchange = Exchange()
    found = now(exchange)
    assert Counter(url.params["category"] for url in exchange.asked) == {"linear": 1, "inverse": 1}
    assert found.frame.schema == OPEN_INTEREST_SCHEMA
    assert found.frame["symbol"].to_list() == [
        "1000PEPE-USDT-PERP",
        "BTC-USD-PERP",
        "BTC-USDC-PERP",
        "BTC-USDT-PERP",
    ]
    assert found.frame.row(3, named=True) == {
        "ts": NOON,
        "available_at": NOON + timedelta(milliseconds=124),
        "venue": "bybit",
        "symbol": "BTC-USDT-PERP",
        "coin": "BTC",
        "margin_type": "linear",
        "open_interest_contracts": None,
        "open_interest_base": 30_500.25,
        "open_interest_usd": 2_440_020_000.0,
    }


def test_the_sum_of_both_sides_is_halved_where_one_side_is_not_said():
    pepe = now(Exchange()).frame.row(0, named=True)
    assert pepe["open_interest_base"] == 2e9  # of 4e9 thousands
    assert pepe["open_interest_usd"] == 1e7


def test_one_side_that_is_blank_is_not_taken_for_nothing():
    def blank(body: Any) -> Any:
        for each in body["result"]["list"]:
            each["singleOpenInterest"] = ""
        return body

    found = now(Exchange(tickers=blank))
    assert found.frame.row(3, named=True)["open_interest_base"] == 30_500.25


def test_an_inverse_contract_is_counted_in_dollars_and_valued_in_coins():
    inverse = now(Exchange()).frame.row(1, named=True)
    assert inverse["margin_type"] == "inverse"
    assert inverse["open_interest_contracts"] == 200_000_000.0
    assert inverse["open_interest_base"] == 2500.0
    assert inverse["open_interest_usd"] == 200_000_000.0


def test_futures_stocks_and_blanks_are_left_out_and_counted():
    assert now(Exchange()).left_out == {"not_a_listed_perpetual": 3, "blank": 1}


def test_a_listed_contract_without_a_ticker_is_counted():
    def shorter(body: Any) -> Any:
        rows = body["result"]["list"]
        body["result"]["list"] = [each for each in rows if each["symbol"] != "BTCPERP"]
        return body

    assert now(Exchange(tickers=shorter)).left_out["without_a_reading"] == 1


def test_a_value_in_another_unit_is_a_changed_payload():
    def in_dollars(body: Any) -> Any:
        for each in body["result"]["list"]:
            each["singleOpenInterestValue"] = "200000000"
        return body

    with pytest.raises(PayloadChanged, match=r"BTC\w+: .* different units"):
        now(Exchange(tickers=in_dollars))


def failing(code: int) -> httpx.Response:
    return httpx.Response(200, json={"retCode": code, "retMsg": "what Bybit says", "result": {}})


FAILURES = [
    (failing(10006), VendorUnavailable, "retCode 10006: what Bybit says"),
    (failing(10001), VendorRejected, "retCode 10001: what Bybit says"),
    (httpx.Response(429), VendorUnavailable, "HTTP 429"),
    (httpx.Response(403, text="the country is not served"), VendorRejected, "HTTP 403"),
    (
        httpx.Response(403, text="403, access too frequent"),
        VendorUnavailable,
        "banned by the vendor until",
    ),
    (httpx.Response(503), VendorUnavailable, "HTTP 503"),
    (httpx.Response(200, text="<html>"), PayloadChanged, "markup"),
    (httpx.Response(200, json={"result": {"list": []}}), PayloadChanged, "retCode"),
]
QUESTIONS: dict[str, Callable[[Bybit], Awaitable[Any]]] = {
    "instruments-info": lambda bybit: bybit.contracts(),
    "tickers": lambda bybit: bybit.open_interest_now(CONTRACTS),
    "open-interest": lambda bybit: bybit.open_interest(BTC, **WINDOW),
    "mark-price-kline": lambda bybit: bybit.open_interest(BTC, **WINDOW),
}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(("answer", "error", "said"), FAILURES)
def test_a_failure_is_never_an_empty_frame(endpoint, answer, error, said):
    exchange = Exchange()
    exchange.changes[endpoint] = lambda body: answer
    with pytest.raises(error, match=f"bybit: .*{said}"):
        ask_bybit(exchange, QUESTIONS[endpoint])


def test_too_frequent_access_is_followed_by_ten_minutes_of_silence(tmp_path):
    calls: list[httpx.Request] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(403, text="403, access too frequent")

    for _ in range(2):
        with pytest.raises(
            VendorUnavailable, match=r"banned by the vendor until 2026-02-03 12:10:00 UTC"
        ):
            ask_bybit(
                vendor,
                lambda bybit: bybit.open_interest(BTC, **WINDOW),
                state_folder=tmp_path,
            )
    assert len(calls) == 1


def test_too_many_visits_are_asked_again():
    answers = iter([failing(10006), httpx.Response(200, json=sent("tickers_linear.json"))])
    found = ask_bybit(lambda request: next(answers), lambda bybit: bybit.open_interest_now(BTC))
    assert found.frame.height == 1


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        *(("instruments-info", name) for name in ("symbol", "contractType", "baseCoin")),
        *(("tickers", name) for name in ("symbol", "markPrice", "openInterest")),
        ("tickers", "openInterestValue"),
        *(("open-interest", name) for name in ("openInterest", "timestamp")),
    ],
)
def test_a_row_without_a_field_is_a_changed_payload(endpoint, name):
    def without(body: Any) -> Any:
        for each in body["result"]["list"]:
            del each[name]
        return body

    exchange = Exchange()
    exchange.changes[endpoint] = without
    with pytest.raises(PayloadChanged, match=rf"bybit: /v5/market/{endpoint}.*{name}"):
        ask_bybit(exchange, QUESTIONS[endpoint])


def of_half_hours(body: Any) -> Any:
    for each in body["result"]["list"]:
        each["timestamp"] = str(int(each["timestamp"]) - HOUR_MS // 2)
    return body


def without_rows(body: Any) -> Any:
    return {**body, "result": {"list": [], "nextPageCursor": ""}}


def without_time(body: Any) -> Any:
    return {name: value for name, value in body.items() if name != "time"}


@pytest.mark.parametrize(
    ("endpoint", "change", "fault"),
    [
        ("instruments-info", without_rows, "got none"),
        ("tickers", without_rows, "got none"),
        ("tickers", without_time, "time"),
        ("open-interest", of_half_hours, "expected whole hours of"),
        ("mark-price-kline", without_rows, "no mark price for any of 3 points"),
        ("mark-price-kline", lambda body: {**body, "result": {"list": [["1", "2"]]}}, "0.2"),
    ],
)
def test_an_answer_that_cannot_be_is_a_changed_payload(endpoint, change, fault):
    exchange = Exchange()
    exchange.changes[endpoint] = change
    with pytest.raises(PayloadChanged, match=rf"bybit: .*{fault}"):
        ask_bybit(exchange, QUESTIONS[endpoint])
