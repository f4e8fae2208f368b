"""Statuses, headers and bodies of failures: usable, to be retried, a ban, or a named error."""

import asyncio
import json
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from cryptopipe_assets.vendors.catalog import VENDORS
from cryptopipe_assets.vendors.coingecko.plans import Demo, PlanSession
from cryptopipe_assets.vendors.http.ban import Ban, read_bans
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.responses import LONGEST_WAIT, Banned, Request, judge
from cryptopipe_assets.vendors.http.retry import Retryable
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape
from cryptopipe_tests.chaos.questions import NOW, Asking
from cryptopipe_tests.fuzz.inputs import fuzzed, outcome, source
from cryptopipe_tests.fuzz.mutations import ODD_BYTES, ODD_VALUES, hostile_bytes, hostile_json
from cryptopipe_tests.places import PAYLOADS

pytestmark = pytest.mark.slow

INPUTS = 400
NOWHERE = "http://127.0.0.1:9"
STATUSES = (200, 204, 301, 400, 401, 403, 404, 408, 418, 429, 451, 500, 503, 599)
BODIES = (
    {"code": -1003, "msg": "Way too many requests; IP banned until 1773135000000."},
    {"status": {"error_code": 1008, "error_message": "too often", "credit_count": 1}, "data": []},
    {"status": {"error_code": 10011, "error_message": "demo key"}},
    {"code": "50011", "msg": "Too Many Requests", "data": []},
    {"retCode": 10006, "retMsg": "Too many visits!", "result": {}},
    {"error": {"status": {"error_code": 10005}}},
    {"label": "TOO_MANY_REQUESTS", "message": "slow down"},
    [],
)
NAMES = ("Retry-After", "Age", "Content-Type", "X-MBX-USED-WEIGHT-1M", "Date", "X-Bapi-Limit")
VALUES = (
    "9" * 400,
    "9" * 400 + ".5",
    "0.0000000001",
    "-1",
    "1e400",
    "nan",
    "\N{ARABIC-INDIC DIGIT THREE}",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Fri, 99 Foo 2026 99:99:99 GMT",
    format_datetime(NOW, usegmt=True),
    "application/json; charset=utf-7",
    "application/json; charset=klingon",
    'application/json; charset="\x00"',
    "text/html; charset=idna",
    "application/json; charset=base64",
    "",
)
REQUEST = Request(path="/x", params={"symbol": "BTCUSDT"}, family="weight", cost=1, label="x")


def session_of(vendor: str) -> VendorClient:
    """A client that is not open; CoinGecko has one a plan."""
    if vendor == PlanSession.vendor:
        return Demo(base_url=NOWHERE)
    return Asking(NOWHERE).client(vendor)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_hostile_failure_is_a_named_one_and_no_wait_is_longer_than_a_day(vendor):
    errors = [json.loads(path.read_bytes()) for path in (PAYLOADS / vendor).glob("error_*.json")]
    bodies = [*BODIES, *errors]
    with asyncio.Runner() as runner:
        client = session_of(vendor)
        runner.run(client.__aenter__())

        @fuzzed(INPUTS)
        def fed(seed: int, steps: int) -> None:
            rng = source(seed)
            body = hostile_json(rng, rng.choice(bodies), steps=steps)
            headers = [
                (name.encode(), rng.choice(VALUES).encode("utf-8"))
                for name in rng.sample(NAMES, rng.randrange(3))
            ]
            if rng.random() < 0.1:
                headers.append((b"Retry-After", hostile_bytes(rng, rng.choice(ODD_BYTES))))

            def read() -> Any:
                response = httpx.Response(
                    rng.choice(STATUSES),
                    headers=headers,
                    content=body,
                    request=httpx.Request("GET", f"{NOWHERE}/x"),
                )
                with client.promised("/x"):
                    client.screen(response)
                    return judge(response, REQUEST, vendor=vendor, redact=client.redact, now=NOW)

            said = outcome(read, repr(headers).encode() + body, Retryable, Banned, UnexpectedShape)
            if isinstance(said, Banned):
                assert NOW < said.until <= NOW + LONGEST_WAIT
            if isinstance(said, Retryable):
                assert 0 <= said.wait_seconds <= 2 * LONGEST_WAIT.total_seconds()

        try:
            fed()
        finally:
            runner.run(client.__aexit__())


def test_an_answer_that_is_no_number_gives_no_credit_back():
    with asyncio.Runner() as runner:
        client: Any = Asking(NOWHERE).client("coinmarketcap")
        runner.run(client.__aenter__())
        for odd in (*ODD_VALUES, -5, -(10**40)):
            status = {"error_code": 0, "error_message": None, "credit_count": odd}
            body = json.dumps({"status": status, "data": []})
            asked = httpx.Request("GET", f"{NOWHERE}/x")
            client.screen(httpx.Response(200, content=body, request=asked))
            assert all(each >= 0 for each in client.credits.values())
        runner.run(client.__aexit__())


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"soon\n", b"9999-99-99\n", b"9" * 400])
def test_a_damaged_note_of_a_ban_is_no_ban(tmp_path, content):
    Ban("okx", state_folder=tmp_path).begin(NOW.replace(hour=23))
    (tmp_path / "okx.banned-until").write_bytes(content)
    assert read_bans(tmp_path, now=NOW) == {}
    assert Ban("okx", state_folder=tmp_path).until(NOW) is None
