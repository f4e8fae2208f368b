"""Bybit's open interest of the past: sizes by cursor, prices backward, no hour lost."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from cryptopipe_assets.core.errors import PayloadChanged
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

WINDOW = {"start": NOON - 3 * HOUR, "end": NOON}


def history(exchange: Exchange, **window: Any) -> Measured:
    return ask_bybit(exchange, lambda bybit: bybit.open_interest(BTC, **{**WINDOW, **window}))


def test_history_is_paged_by_cursor_and_valued_at_the_close_of_the_mark_price():
    exchange = Exchange()
    found = history(exchange)
    # 11:00 opens the hour that ends at noon: 30,500.25 at 80,000; and so on backward.
    assert found.frame.select("ts", "open_interest_base", "open_interest_usd").rows() == [
        (NOON - 3 * HOUR, 29_500.0, 29_500 * 79_000),
        (NOON - 2 * HOUR, 30_000.0, 30_000 * 79_500),
        (NOON - HOUR, 30_500.25, 2_440_020_000.0),
    ]
    last = found.frame["available_at"][-1]
    assert last == NOON + timedelta(milliseconds=1)
    points = [url.params for url in exchange.asked if url.path.endswith("open-interest")]
    assert [asked.get("cursor") for asked in points] == [None, "lastid%3D7"]
    assert {asked["intervalTime"] for asked in points} == {"1h"}


def test_history_of_an_inverse_contract_is_in_dollars():
    contract = CONTRACTS["BTCUSD"]

    def vendor(request: httpx.Request) -> httpx.Response:
        name = "mark_price_kline" if "mark-price" in request.url.path else "open_interest_2"
        answer = sent(f"{name}.json")
        answer["result"]["category"] = "inverse"
        return httpx.Response(200, json=answer)

    found = ask_bybit(vendor, lambda bybit: bybit.open_interest({"BTCUSD": contract}, **WINDOW))
    [row] = found.frame.rows(named=True)
    assert (row["open_interest_contracts"], row["open_interest_usd"]) == (29_500.0, 29_500.0)
    assert row["open_interest_base"] == pytest.approx(29_500 / 79_000)


def test_a_point_without_a_mark_price_is_left_out_and_counted():
    def shorter(body: Any) -> Any:
        body["result"]["list"] = body["result"]["list"][:1]
        return body

    pages = iter([shorter, lambda body: {**body, "result": {"list": []}}])
    found = history(Exchange(mark_price_kline=lambda body: next(pages)(body)))
    assert found.frame.height == 1
    assert found.left_out == {"without_a_mark_price": 2}


class Prices:
    """Hourly mark prices, newest first and at most ``cap`` a page, as Bybit sends them."""

    def __init__(self, hours: int, *, cap: int) -> None:
        last = round(NOON.timestamp() * 1000)
        self.opened = [last - n * HOUR_MS for n in range(1, hours + 1)]
        self.cap = cap

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        if "mark-price" in request.url.path:
            first, last = int(asked["start"]), int(asked["end"])
            rows: list[Any] = [
                [str(t), "1", "2", "1", "2"] for t in self.opened if first <= t <= last
            ]
        else:
            first, last = int(asked["startTime"]), int(asked["endTime"])
            skipped = int(asked.get("cursor", "0"))
            stamps = [t + HOUR_MS for t in self.opened if first <= t + HOUR_MS <= last][skipped:]
            rows = [{"openInterest": "10", "timestamp": str(t)} for t in stamps]
        page = rows[: self.cap]
        cursor = "" if len(page) == len(rows) else str(int(asked.get("cursor", "0")) + len(page))
        result = {"category": "linear", "list": page, "nextPageCursor": cursor}
        return httpx.Response(200, json={"retCode": 0, "retMsg": "", "result": result, "time": 1})


@pytest.mark.parametrize("cap", [200, 50, 7])
def test_a_page_that_is_shorter_than_asked_loses_nothing(cap):
    found = ask_bybit(
        Prices(300, cap=cap),
        lambda bybit: bybit.open_interest(BTC, start=NOON - 250 * HOUR, end=NOON),
    )
    assert found.frame.height == 250
    assert found.frame["open_interest_usd"].unique().to_list() == [10.0]
    assert found.left_out == {}


def test_a_cursor_that_leads_to_itself_is_a_changed_payload():
    def circle(body: Any) -> Any:
        body["result"]["nextPageCursor"] = "lastid%3D7"
        return body

    with pytest.raises(PayloadChanged, match="the cursor 'lastid%3D7' leads to itself"):
        history(Exchange(open_interest=circle))


def test_no_contract_and_no_time_are_an_empty_answer_without_a_call():
    exchange = Exchange()
    assert history(exchange, start=NOON).frame.schema == OPEN_INTEREST_SCHEMA
    nothing = ask_bybit(exchange, lambda bybit: bybit.open_interest_now({}))
    assert (nothing.frame.height, exchange.asked) == (0, [])
