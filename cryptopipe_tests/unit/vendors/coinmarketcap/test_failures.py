"""CoinMarketCap's verdicts: what is waited for, what ends the day, what a person has to do."""

import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from cryptopipe_assets.core.errors import PayloadChanged, VendorRejected, VendorUnavailable
from cryptopipe_assets.vendors.coinmarketcap.client import CoinMarketCap
from cryptopipe_assets.vendors.coinmarketcap.status import act_on, read_status
from cryptopipe_assets.vendors.http.retry import Retryable
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, asked, mocked

sent = Payloads("coinmarketcap").json
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
KEY = "k3y-that-nobody-may-see"


def refusal(code: Any, http: int = 200, said: str = "no", **more: Any) -> httpx.Response:
    status = {"error_code": code, "error_message": said, "credit_count": 0}
    body = {"status": status, **more}
    request = httpx.Request("GET", "https://cmc.test/v1/cryptocurrency/listings/latest")
    return httpx.Response(http, json=body, request=request)


METHODS: dict[str, Callable[[CoinMarketCap], Awaitable[pl.DataFrame]]] = {
    "listings_latest": lambda c: c.listings_latest(4),
    "quotes_latest": lambda c: c.quotes_latest([1, 1027]),
    "listings_historical": lambda c: c.listings_historical(date(2020, 1, 1), 2),
}
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def ask(
    vendor: Vendor,
    method: Callable[[CoinMarketCap], Awaitable[pl.DataFrame]] = METHODS["listings_latest"],
    **options: Any,
) -> pl.DataFrame:
    client = mocked(
        CoinMarketCap,
        vendor,
        base_url="https://cmc.test",
        api_key=SecretStr(KEY),
        **{"attempts": 1, "clock": lambda: NOON, **options},
    )
    return asked(client, method)


@pytest.mark.parametrize("http", [200, None])
@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        (1001, 401, "CMC_API_KEY"),
        (1002, 401, "CMC_API_KEY"),
        (1003, 402, "activate"),
        (1004, 402, "renew"),
        (1005, 403, "CMC_API_KEY"),
        (1006, 403, "upgrade"),
        (1007, 403, "support"),
        (400, 400, "parameter"),
        (4711, 418, "not documented"),
    ],
)
def test_a_refusal_says_what_to_do_whatever_the_http_status_is(code, status, advice, http):
    with pytest.raises(VendorRejected, match=rf"coinmarketcap: .*\(code {code}\).*{advice}"):
        ask(lambda request: refusal(str(code) if http else code, http or status))


@pytest.mark.parametrize("code", [1008, 1011])
@pytest.mark.parametrize(("header", "wait"), [({}, 60.0), ({"Retry-After": "90"}, 90.0)])
def test_a_limit_that_passes_is_asked_again_after_a_minute_or_longer(code, header, wait):
    response = httpx.Response(429, headers=header, json=refusal(code).json())
    check_result = read_status(response)
    assert check_result is not None
    with pytest.raises(Retryable, match=f"code {code}") as caught:
        act_on(check_result, response, said="slower", now=NOON)
    assert caught.value.wait_seconds == wait


@pytest.mark.parametrize("http", [200, 500])
def test_a_server_that_failed_is_asked_again(http):
    left = [refusal(500, http), httpx.Response(200, json=sent("listings_latest.json"))]
    assert ask(lambda request: left.pop(0), attempts=2).height == 3


@pytest.mark.parametrize(("code", "which"), [(1009, "daily"), (1010, "monthly")])
def test_used_up_credits_end_the_day_for_every_process(code, which, tmp_path):
    sent_to_vendor: list[httpx.Request] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        sent_to_vendor.append(request)
        return refusal(code, 429)

    said = rf"{which} quota used up.*2026-02-04 00:00 UTC"
    with pytest.raises(VendorUnavailable, match=said):
        ask(vendor, attempts=4, state_folder=tmp_path)
    with pytest.raises(VendorUnavailable, match="until 2026-02-04 00:00:00 UTC"):
        ask(vendor, state_folder=tmp_path)
    assert len(sent_to_vendor) == 1
    midnight = datetime(2026, 2, 4, tzinfo=UTC)
    text = json.dumps(sent("listings_latest.json")).replace("2026-02-03T11:", "2026-02-03T23:")
    answer = httpx.Response(200, text=text)
    assert ask(lambda request: answer, state_folder=tmp_path, clock=lambda: midnight).height == 3


@every_method
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: httpx.Response(401, json=sent("error_1001.json")), VendorRejected),
        (lambda: httpx.Response(429, json=sent("error_1008.json")), VendorUnavailable),
        (lambda: httpx.Response(429), VendorUnavailable),
        (lambda: httpx.Response(503), VendorUnavailable),
        (lambda: httpx.Response(200, text="<html>"), PayloadChanged),
        (lambda: httpx.Response(200, json=[]), PayloadChanged),
        (lambda: httpx.Response(200, json={"data": []}), PayloadChanged),
        (lambda: httpx.Response(200, json={"status": {"error_code": 0}}), PayloadChanged),
        (lambda: refusal(0, 200, data={KEY: 1}), PayloadChanged),
        (lambda: refusal(1001, 401, said=f"The key {KEY} is wrong"), VendorRejected),
    ],
    ids=["401", "1008", "429", "503", "html", "list", "no status", "no data", "keyed data", "echo"],
)
def test_a_failure_is_never_an_empty_frame_and_never_shows_the_key(method, answer, error, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(error, match="coinmarketcap") as caught:
        ask(lambda request: answer(), method)
    said = [repr(caught.value), repr(caught.value.__cause__), *caplog.messages]
    assert not [each for each in said if KEY in each]


@pytest.mark.parametrize("name", ["id", "symbol", "circulating_supply", "max_supply", "quote"])
def test_a_coin_without_a_promised_field_is_a_changed_payload(name):
    body = sent("listings_latest.json")
    del body["data"][1][name]
    with pytest.raises(PayloadChanged, match=rf"data\.1\.{name}: Field required"):
        ask(lambda request: httpx.Response(200, json=body))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"market_cap": -1.0}, "an amount is negative"),
        ({"price": "much"}, r"quote\.USD\.price"),
        ({"last_updated": "2026-02-03T11:59:00"}, "last_updated"),
    ],
)
def test_a_quote_that_breaks_a_promise_is_a_changed_payload(change, said):
    body = sent("listings_latest.json")
    body["data"][0]["quote"]["USD"].update(change)
    with pytest.raises(PayloadChanged, match=said):
        ask(lambda request: httpx.Response(200, json=body))


def test_an_id_that_occurs_twice_is_a_changed_payload():
    body = sent("listings_latest.json")
    body["data"].append(body["data"][0])
    with pytest.raises(PayloadChanged, match=r"listed twice: \['cmc:1'\]"):
        ask(lambda request: httpx.Response(200, json=body))


def test_new_fields_do_not_break_the_listing():
    body = sent("listings_latest.json")
    body["data"][0]["quote"]["USD"]["tvl"] = None
    body["data"][0]["new"] = {"a": 1}
    assert ask(lambda request: httpx.Response(200, json=body)).height == 3
