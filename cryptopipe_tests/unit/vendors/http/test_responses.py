"""What a response's status, headers and body mean, each on its own."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from cryptopipe_assets.core.errors import VendorRejected
from cryptopipe_assets.vendors.http.ban import BANNED
from cryptopipe_assets.vendors.http.envelope import Envelope
from cryptopipe_assets.vendors.http.limits import SECONDS, RequestLimits
from cryptopipe_assets.vendors.http.responses import (
    RATE_LIMITED,
    Banned,
    Request,
    judge,
    seconds_to_wait,
)
from cryptopipe_assets.vendors.http.retry import Retryable
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape

NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
CODES = Envelope(
    code="code", message="msg", too_often=frozenset({"50011"}), broken=frozenset({"50001"})
)


def opened(status: int = 200, **body: object) -> None:
    response = httpx.Response(status, json=body, request=httpx.Request("GET", "http://x/candles"))
    CODES.open(response, vendor="acme", redact=str)


def test_an_envelope_is_opened_for_code_zero_and_left_to_others_for_another_status():
    opened(code="0", data=[])
    opened(code=0, data=[])
    opened(503, code="50011")
    opened(400, nothing="at all")


@pytest.mark.parametrize(
    ("code", "is_outage", "is_limit"), [("50001", True, False), ("50011", False, True)]
)
def test_a_code_that_passes_is_an_outage_or_a_limit(code, is_outage, is_limit):
    with pytest.raises(Retryable, match=f"code {code}: busy") as caught:
        opened(code=code, msg="busy")
    assert (caught.value.is_outage, caught.value.is_limit) == (is_outage, is_limit)


def test_any_other_code_is_a_refusal_and_no_code_is_a_change_of_shape():
    with pytest.raises(VendorRejected, match="/candles: code 51000: no such symbol"):
        opened(code="51000", msg="no such symbol")
    with pytest.raises(UnexpectedShape, match="expected an object with code"):
        opened(data=[])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("90", 90), ("1.5", 1.5), ("Tue, 03 Feb 2026 12:01:00 GMT", 60), ("soon", 0), ("", 0)],
)
def test_a_wait_is_read_off_the_header_as_seconds_or_a_date(header, seconds):
    response = httpx.Response(429, headers={"Retry-After": header})
    assert seconds_to_wait(response, now=NOW) == seconds


def test_a_wait_is_read_off_the_body_in_milliseconds_since_1970():
    until = int((NOW + timedelta(minutes=3)).timestamp() * 1000)
    response = httpx.Response(418, text=f"IP banned until {until}. Use websockets")
    assert seconds_to_wait(response, now=NOW) == 180


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (httpx.Response(418), BANNED),
        (httpx.Response(429, headers={"Retry-After": "7200"}), RATE_LIMITED),
        (httpx.Response(429, text="banned until 1999999999999"), BANNED),
        (
            httpx.Response(
                429,
                headers={"Retry-After": "7200"},
                text=f"banned until {int(NOW.timestamp() * 1000) + 500}",
            ),
            BANNED,
        ),
    ],
    ids=["418", "429 for two hours", "429 that says banned", "banned for half a second more"],
)
def test_a_ban_and_a_long_wait_are_told_apart(response, why):
    request = Request(path="/prices", params={}, family="weight", cost=1, label="prices")
    with pytest.raises(Banned) as caught:
        judge(response, request, vendor="acme", redact=str, now=NOW)
    assert caught.value.why == why


def test_windows_last_as_long_as_they_are_called():
    units = {"s": 1, "second": 1, "min": 60, "minute": 60, "day": 86_400, "month": 30 * 86_400}
    assert {
        name: int(number or 1) * units[unit]
        for name in SECONDS
        for number, _, unit in [name.rpartition(" ")]
    } == SECONDS


@pytest.mark.parametrize(("limit", "units"), [(1_000, 800), (100, 80), (1, 1), (0, 1)])
def test_our_share_of_a_limit_is_four_fifths_and_at_least_one(limit, units):
    assert RequestLimits().planned(limit) == units
