"""The session that all vendors share. The vendor is a function; nothing of ours is replaced."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from cryptopipe_assets.core.errors import (
    NotPublished,
    PayloadChanged,
    VendorRejected,
    VendorUnavailable,
)
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_assets.vendors.http.retry import RetriesExhausted, Retryable, RetryPolicy
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape
from cryptopipe_tests.unit.vendors.conftest import answers
from cryptopipe_tests.unit.vendors.http.acme import acme, ask

NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)


def test_a_json_answer_is_decoded_and_counted():
    client = acme(answers(httpx.Response(200, json={"price": "1.5"})))
    assert ask(client) == {"price": "1.5"}
    assert client.calls == {"/prices": 1}


@pytest.mark.parametrize(
    "failure",
    [
        httpx.Response(408),
        httpx.Response(429),
        httpx.Response(500),
        httpx.Response(503, text="<html>busy</html>"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("too slow"),
        httpx.RemoteProtocolError("peer closed connection"),
        httpx.Response(200, text='[{"price": "1.'),
        httpx.Response(200, text=""),
    ],
    ids=str,
)
def test_what_may_pass_is_asked_again_and_then_answered(failure):
    client = acme(answers(failure, httpx.Response(200, json=[1])))
    assert ask(client) == [1]
    assert client.calls["/prices"] == 2


@pytest.mark.parametrize(
    ("failure", "seen"),
    [
        (httpx.Response(503, text="down for repair"), "HTTP 503: down for repair"),
        (httpx.ConnectTimeout("no route"), "ConnectTimeout"),
        (httpx.Response(200, text='[{"price": "1.'), "cut off after 14 bytes"),
    ],
)
def test_after_the_last_attempt_the_error_says_what_was_asked_and_what_to_do(failure, seen):
    client = acme(answers(failure), attempts=4)
    with pytest.raises(VendorUnavailable) as caught:
        ask(client)
    said = str(caught.value)
    assert said.startswith("acme: /prices?symbol=BTC: no usable response in 4 attempts")
    assert seen in said
    assert said.endswith("Nothing was written; run again later")
    assert client.calls["/prices"] == 4


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "check symbols and dates"),
        (401, "key is missing or wrong"),
        (402, "credits"),
        (403, "check the key"),
        (404, "no such thing"),
        (451, "does not serve this location"),
    ],
)
def test_a_refusal_is_never_asked_again_and_carries_the_vendors_words(status, advice):
    body = {"code": -1121, "msg": "Invalid symbol."}
    client = acme(answers(httpx.Response(status, json=body)))
    with pytest.raises(
        VendorRejected, match=rf"HTTP {status}: Invalid symbol\. \(code -1121\)"
    ) as e:
        ask(client)
    assert advice in str(e.value)
    assert client.calls["/prices"] == 1


def test_a_message_nested_in_a_status_is_found():
    body = {"status": {"error_code": 1002, "error_message": "API key missing."}}
    with pytest.raises(VendorRejected, match=r"API key missing\. \(code 1002\)"):
        ask(acme(answers(httpx.Response(401, json=body))))


@pytest.mark.parametrize(("asked_to_wait", "least"), [(0.0, 0.05), (0.2, 0.2)])
def test_waits_double_and_are_never_shorter_than_the_vendor_asks(asked_to_wait, least):
    sent: list[float] = []

    async def send() -> bytes:
        sent.append(time.monotonic())
        raise Retryable("busy", wait_seconds=asked_to_wait if len(sent) == 1 else 0.0)

    with pytest.raises(RetriesExhausted, match="busy") as caught:
        asyncio.run(RetryPolicy(attempts=3, backoff_seconds=0.05).run(send))
    assert caught.value.sent == len(sent) == 3
    assert least <= sent[1] - sent[0] < 1.1 * least + 0.1
    assert 0.1 <= sent[2] - sent[1] < 0.11 + 0.1


@pytest.mark.parametrize(
    ("refusal", "clock"),
    [
        (httpx.Response(429, headers={"Retry-After": "0.2"}), NOW),
        (
            httpx.Response(
                429,
                json={
                    "code": -1003,
                    "msg": "Way too many requests; IP(1.2.3.4) banned until "
                    f"{int(NOW.timestamp() * 1000) + 200}. Please use the websocket.",
                },
            ),
            NOW,
        ),
        (
            httpx.Response(429, headers={"Retry-After": "Tue, 03 Feb 2026 12:00:01 GMT"}),
            NOW + timedelta(milliseconds=800),
        ),
    ],
    ids=["seconds", "body", "date"],
)
def test_a_429_waits_as_long_as_the_vendor_asks_and_so_does_everybody_else(refusal, clock):
    sent: list[float] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        sent.append(time.monotonic())
        return refusal if len(sent) == 1 else httpx.Response(200, json=1)

    async def two(client: VendorClient) -> list[int]:
        first = asyncio.create_task(client.get_json("/a", {}, family="x"))
        await asyncio.sleep(0.05)
        return [await client.get_json("/b", {}, family="x"), await first]

    assert ask(acme(vendor, clock=lambda: clock), two) == [1, 1]
    assert len(sent) == 3
    assert min(sent[1], sent[2]) - sent[0] >= 0.19


def test_a_418_names_its_end_and_nothing_is_sent_before_it_by_any_process(tmp_path):
    ban = httpx.Response(418, json={"code": -1003, "msg": "banned until 1770121200000."})
    client = acme(answers(ban), clock=lambda: NOW, state_folder=tmp_path)

    async def twice(client: VendorClient) -> None:
        for _ in range(2):
            with pytest.raises(VendorUnavailable, match="until 2026-02-03 12:20:00 UTC"):
                await client.get_json("/prices", {}, family="weight")

    ask(client, twice)
    assert client.calls["/prices"] == 1

    other = acme(answers(httpx.Response(200, json=1)), clock=lambda: NOW, state_folder=tmp_path)
    with pytest.raises(VendorUnavailable, match="12:20:00"):
        ask(other)
    assert not other.calls

    later = NOW + timedelta(minutes=20)
    freed = acme(answers(httpx.Response(200, json=1)), clock=lambda: later, state_folder=tmp_path)
    assert ask(freed) == 1


def test_a_wait_beyond_patience_ends_at_once():
    refusal = httpx.Response(429, headers={"Retry-After": "7200"})
    client = acme(answers(refusal), clock=lambda: NOW)
    with pytest.raises(VendorUnavailable, match="until 2026-02-03 14:00:00 UTC"):
        ask(client)
    assert client.calls["/prices"] == 1


@pytest.mark.parametrize(
    "body", ["<!DOCTYPE html><html>" + "x" * 5000, "\n <?xml?>", "not json", '{"a": nope}']
)
def test_an_answer_that_is_not_json_is_a_changed_payload_with_a_short_sample(body):
    client = acme(answers(httpx.Response(200, text=body)))
    with pytest.raises(PayloadChanged, match=r"acme.*expected JSON") as caught:
        ask(client)
    assert len(str(caught.value)) < 400
    assert client.calls["/prices"] == 1


def test_a_redirect_is_not_followed():
    client = acme(answers(httpx.Response(302, headers={"Location": "https://elsewhere.test"})))
    with pytest.raises(PayloadChanged, match="HTTP 302, expected 200"):
        ask(client)
    assert client.calls["/prices"] == 1


def test_a_missing_file_is_not_published():
    client = acme(answers(httpx.Response(404, text="<Error><Code>NoSuchKey</Code></Error>")))
    with pytest.raises(NotPublished, match=r"there is no /2026/02\.zip \(yet\)"):
        ask(client, lambda c: c.get_bytes("/2026/02.zip", family="months"))
    assert client.calls == {"months": 1}


def test_a_promise_that_is_not_kept_names_the_place_and_a_fault_of_ours_passes_through():
    client = acme(answers(httpx.Response(200)))
    with (
        pytest.raises(PayloadChanged, match="acme: /prices BTC: expected a price"),
        client.promised("/prices BTC"),
    ):
        raise UnexpectedShape("expected a price")
    with (
        pytest.raises(PayloadChanged, match=r"/prices BTC: .* \(OverflowError: int too large"),
        client.promised("/prices BTC"),
    ):
        float(10**400)
    with pytest.raises(AssertionError), client.promised("/prices BTC"):
        raise AssertionError


def test_a_broken_promise_is_shown_with_the_response_of_its_own_task(tmp_path):
    def vendor(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"coin": request.url.params["symbol"]})

    async def price(client: VendorClient, symbol: str) -> None:
        await client.get_json("/prices", {"symbol": symbol}, family="weight")
        await asyncio.sleep(0.05 if symbol == "SLOW" else 0.02)
        with client.promised(f"/prices {symbol}"):
            if symbol == "BAD":
                raise UnexpectedShape("expected a price")

    with pytest.raises(PayloadChanged, match=r"/prices BAD: expected a price.* A sample"):
        ask(
            acme(vendor, records=Records(folder=tmp_path)),
            lambda client: all_or_nothing(price(client, each) for each in ("SLOW", "BAD", "FINE")),
        )
    (file,) = tmp_path.rglob("acme-prices-BAD-*.txt")
    sample = file.read_text(encoding="utf-8")
    assert '{"coin":"BAD"}' in sample
    assert "SLOW" not in sample
    assert "FINE" not in sample
