"""What Coinalyze leaves out, refuses or breaks is a named error, never a thinner frame."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from cryptopipe_assets.core.errors import (
    PayloadChanged,
    RequestError,
    VendorRejected,
    VendorUnavailable,
)
from cryptopipe_assets.vendors.coinalyze.client import Coinalyze
from cryptopipe_assets.vendors.coinalyze.parse_markets import read_markets
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


METHODS: dict[str, Callable[[Coinalyze, pl.DataFrame, Any], Awaitable[pl.DataFrame]]] = {
    "open_interest": lambda c, m, a: c.open_interest(m, **TWO_HOURS, allow_missing=a),
    "open_interest_now": lambda c, m, a: c.open_interest_now(m, a),
    "funding_rates": lambda c, m, a: c.funding_rates(m, **TWO_DAYS, allow_missing=a),
    "liquidations": lambda c, m, a: c.liquidations(m, **TWO_HOURS, allow_missing=a),
}
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


@every_method
def test_a_symbol_that_is_left_out_is_an_error_unless_it_may_be_missing(method):
    def nothing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=[])

    markets = chosen("SOMIUSDT_PERP.A")
    with pytest.raises(VendorUnavailable, match=r"no series for 1 of 1 symbols: SOMIUSDT_PERP\.A"):
        ask(nothing, lambda c: method(c, markets, ()))
    allowed = ask(nothing, lambda c: method(c, markets, {"SOMIUSDT_PERP.A"}))
    assert allowed.is_empty()
    assert ask(nothing, lambda c: method(c, chosen("DAI-USD.8"), ())).is_empty()


@every_method
def test_no_markets_cost_no_request_and_give_the_whole_schema(method):
    def vendor(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    empty = ask(vendor, lambda c: method(c, MARKETS.clear(), ()))
    full = ask(
        lambda request: httpx.Response(200, json=[]),
        lambda c: method(c, chosen("BTCUSD_PERP.A"), ("BTCUSD_PERP.A",)),
    )
    assert empty.is_empty()
    assert empty.schema == full.schema


def test_a_window_without_a_closed_bar_costs_no_request():
    def vendor(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    future = {"start": DAY + timedelta(days=2), "end": DAY + timedelta(days=3)}
    assert ask(vendor, lambda c: c.open_interest(chosen(*THREE), **future)).is_empty()
    nothing = {"start": DAY, "end": DAY}
    assert ask(vendor, lambda c: c.open_interest(chosen(*THREE), **nothing)).is_empty()


@every_method
def test_nothing_is_asked_of_a_market_without_a_name_or_given_twice(method):
    def vendor(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    with pytest.raises(RequestError, match=r"without a name \['BTCUSDT_260327\.A'\]"):
        ask(vendor, lambda c: method(c, chosen("BTCUSDT_260327.A"), ()))
    twice = pl.concat([chosen("BTCUSD_PERP.A")] * 2)
    with pytest.raises(RequestError, match=r"twice \['BTCUSD_PERP\.A'\]"):
        ask(vendor, lambda c: method(c, twice, ()))


WITH_MARKETS = {
    "markets": lambda c, m, a: c.markets(),
    **METHODS,
}


@pytest.mark.parametrize("method", WITH_MARKETS.values(), ids=WITH_MARKETS)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: httpx.Response(401, json=sent("unauthorized.json")), VendorRejected),
        (lambda: httpx.Response(429, headers={"Retry-After": "0"}), VendorUnavailable),
        (lambda: httpx.Response(503), VendorUnavailable),
        (lambda: httpx.Response(200, text="<html>"), PayloadChanged),
        (lambda: httpx.Response(200, json={"message": f"hello {KEY}"}), PayloadChanged),
        (lambda: httpx.Response(200, json=[{"symbol": "BTCUSD_PERP.A"}]), PayloadChanged),
        (lambda: httpx.Response(200, json=[{"symbol": KEY}]), PayloadChanged),
    ],
    ids=["401", "429", "503", "html", "object", "missing fields", "another symbol"],
)
def test_a_failure_is_never_an_empty_frame_and_never_shows_the_key(method, answer, error, caplog):
    caplog.set_level("DEBUG")
    with pytest.raises(error, match="coinalyze") as caught:
        ask(lambda request: answer(), lambda c: method(c, chosen("BTCUSD_PERP.A"), ()))
    said = [repr(caught.value), repr(caught.value.__cause__), *caplog.messages]
    assert not [each for each in said if KEY in each]


def test_a_429_waits_as_long_as_the_vendor_asks_and_is_then_answered():
    calls: Counter[str] = Counter()

    def vendor(request: httpx.Request) -> httpx.Response:
        calls["all"] += 1
        if calls["all"] == 1:
            return httpx.Response(429, headers={"Retry-After": "0.01"})
        return httpx.Response(200, json=sent("open_interest.json"))

    frame = ask(
        vendor,
        lambda c: c.open_interest_now(chosen("BTCUSDT_PERP.A", "BTCUSD_PERP.A")),
        clock=lambda: DAY + timedelta(hours=2),
    )
    assert (frame.height, calls["all"]) == (2, 2)


@pytest.mark.parametrize(
    ("bar", "said"),
    [
        ({"t": 1770076800}, "one has no 'c'"),
        ({"t": 1770076800, "c": None}, "a number is missing"),
        ({"t": 1770076800, "c": "much"}, "one is no number"),
        ({"t": 1770076800, "c": -1}, "an amount is negative"),
        ({"t": None, "c": 1}, "no stamp"),
        ({"t": 1770076801, "c": 1}, "does not begin at a whole 1:00:00"),
        ({"t": 1770076800000, "c": 1}, "in milliseconds"),
    ],
)
def test_bars_that_break_a_promise_are_a_changed_payload(bar, said):
    payload = [{"symbol": "BTCUSD_PERP.A", "history": [bar]}]
    with pytest.raises(PayloadChanged, match=f"/open-interest-history: .*{said}"):
        ask(
            lambda request: httpx.Response(200, json=payload),
            lambda c: c.open_interest(chosen("BTCUSD_PERP.A"), **TWO_HOURS),
        )


def test_a_bar_or_a_symbol_that_occurs_twice_is_a_changed_payload():
    bar = {"t": 1770076800, "c": 1}
    for payload, said in (
        ([{"symbol": "BTCUSD_PERP.A", "history": [bar, bar]}], "the bar occurs twice"),
        ([{"symbol": "BTCUSD_PERP.A", "history": [bar]}] * 2, "occurs twice in the response"),
    ):
        with pytest.raises(PayloadChanged, match=said):
            ask(
                lambda request, payload=payload: httpx.Response(200, json=payload),
                lambda c: c.open_interest(chosen("BTCUSD_PERP.A"), **TWO_HOURS),
            )


@pytest.mark.parametrize("change", [{"update": 1770081825}, {"value": -1}, {"value": None}])
def test_a_reading_that_breaks_a_promise_is_a_changed_payload(change):
    payload = [{"symbol": "BTCUSD_PERP.A", "value": 1, "update": 1770081820012, **change}]
    with pytest.raises(PayloadChanged, match="/open-interest: "):
        ask(
            lambda request: httpx.Response(200, json=payload),
            lambda c: c.open_interest_now(chosen("BTCUSD_PERP.A")),
            clock=lambda: DAY + timedelta(hours=2),
        )
