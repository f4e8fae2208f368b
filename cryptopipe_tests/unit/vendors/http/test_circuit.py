"""Circuit breakers: when they open, for how long, who probes, what closes them."""

import asyncio
import gc
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from cryptopipe_assets.core.errors import (
    RateLimited,
    StorageError,
    VendorRejected,
    VendorUnavailable,
)
from cryptopipe_assets.vendors.http.circuit import FILE, Circuit, read_circuits
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_tests.unit.vendors.conftest import asked, mocked

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


def after(circuit: Circuit, *outages_at: float) -> Circuit:
    for at in outages_at:
        circuit = circuit.after_outage("HTTP 503", sent_at=at, now=at)
    return circuit


def test_five_outages_in_a_row_open_a_circuit_for_a_minute():
    four = after(Circuit("acme /p"), 1, 2, 3, 4)
    assert four.state(4) == "CLOSED"
    five = after(four, 5)
    assert [five.state(now) for now in (5, 64, 65)] == ["OPEN", "OPEN", "HALF_OPEN"]


def test_an_answer_begins_the_count_anew():
    four = after(Circuit("acme /p"), 1, 2, 3, 4)
    again = after(four.after_response(sent_at=5, now=5), 6, 7, 8, 9)
    assert again.state(9) == "CLOSED"
    assert after(again, 10).state(10) == "OPEN"


def test_requests_in_flight_together_are_one_outage():
    circuit = Circuit("acme /p")
    for now in (1.0, 1.1, 1.2, 1.3, 1.4, 1.5):
        circuit = circuit.after_outage("ReadError", sent_at=0.9, now=now)
    assert circuit.outages == 1


def test_each_failed_probe_doubles_the_pause_up_to_a_quarter_of_an_hour():
    circuit = after(Circuit("acme /p"), 1, 2, 3, 4, 5)
    pauses = []
    for _ in range(6):
        circuit = after(circuit, circuit.open_until)
        pauses.append(circuit.pause)
    assert pauses == [120, 240, 480, 900, 900, 900]


def test_an_answer_to_a_probe_closes_and_one_from_before_the_pause_does_not():
    circuit = after(Circuit("acme /p"), 1, 2, 3, 4, 5)
    assert circuit.after_response(sent_at=4.5, now=6).state(6) == "OPEN"
    assert circuit.after_response(sent_at=4.5, now=70).state(70) == "HALF_OPEN"
    assert circuit.after_response(sent_at=66, now=70) == Circuit("acme /p")
    assert circuit.after_outage("HTTP 503", sent_at=4.5, now=70) == circuit


# In a session


class Acme(VendorClient):
    vendor = "acme"


class Vendor:
    """Answers with a status that a test sets, and notes what it was asked."""

    def __init__(self, status: int = 503) -> None:
        self.status = status
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.status == 0:
            raise httpx.ConnectError("refused")
        return httpx.Response(self.status, json=1)


class Desk:
    """Clients that share a state folder, a clock that a test moves, and a journal."""

    def __init__(self, folder, vendor: Any) -> None:
        self.folder, self.vendor = folder, vendor
        self.now = NOON
        self.journal = Journal()

    def client(self, attempts: int = 1, **options: Any) -> Acme:
        return mocked(
            Acme,
            self.vendor,
            base_url="https://acme.test/v1",
            clock=lambda: self.now,
            state_folder=self.folder,
            attempts=attempts,
            records=Records(journal=self.journal),
            **options,
        )

    def ask(self, work: Callable[[Acme], Awaitable[Any]] | None = None, **options: Any) -> Any:
        return asked(
            self.client(**options),
            work or (lambda client: client.get_json("/p", {}, family="x")),
        )

    def fail(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises(VendorUnavailable):
                self.ask()


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path, Vendor())


def circuit_notes(journal: Journal) -> list[str]:
    return [each.what for each in journal.kept if each.kind == "circuit"]


@pytest.mark.parametrize("status", [0, 500, 503])
def test_an_open_circuit_refuses_without_asking_and_says_until_when(desk, status):
    desk.vendor.status = status
    desk.fail(5)
    assert len(desk.vendor.asked) == 5
    desk.vendor.status = 200
    with pytest.raises(
        VendorUnavailable,
        match=r"circuit open until 2026-02-03 12:01:00 UTC after 5 outages in a row",
    ) as caught:
        desk.ask()
    assert not isinstance(caught.value, RateLimited)
    assert len(desk.vendor.asked) == 5
    [told] = circuit_notes(desk.journal)
    assert "acme https://acme.test/v1 /p: circuit OPEN for 60 s after 5 outages in a row" in told
    [kept] = read_circuits(desk.folder)
    assert kept.state(NOON.timestamp()) == "OPEN"


def test_another_endpoint_is_not_held_by_it(desk):
    desk.fail(5)
    desk.vendor.status = 200
    assert desk.ask(lambda client: client.get_json("/q", {}, family="x")) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 429])
def test_a_refusal_is_an_answer(desk, status):
    desk.fail(4)
    desk.vendor.status = status
    for _ in range(6):
        with pytest.raises((VendorRejected, RateLimited)):
            desk.ask()
    desk.vendor.status = 503
    desk.fail(4)
    assert circuit_notes(desk.journal) == []


def test_the_retries_of_one_question_count_and_stop_when_the_circuit_opens(desk):
    with pytest.raises(VendorUnavailable, match="5 outages in a row"):
        desk.ask(attempts=9)
    assert len(desk.vendor.asked) == 5


def test_after_the_pause_one_question_probes_and_the_others_go_when_it_is_answered(desk):
    desk.fail(5)
    flying: list[int] = []
    most: list[int] = []

    async def back(request: httpx.Request) -> httpx.Response:
        flying.append(1)
        most.append(len(flying))
        await asyncio.sleep(0.02)
        flying.pop()
        return httpx.Response(200, json=1)

    desk.vendor = back
    desk.now += timedelta(seconds=60)

    async def six(client: Acme) -> list[int]:
        return await all_or_nothing(client.get_json("/p", {}, family="x") for _ in range(6))

    assert desk.ask(six) == [1] * 6
    assert most[0] == 1
    assert max(most[1:]) > 1  # once it is closed, all go at once
    assert [each.rsplit(": ", 1)[1] for each in circuit_notes(desk.journal)[1:]] == [
        "circuit HALF_OPEN, one request probes",
        "circuit CLOSED, the vendor responds again",
    ]
    assert read_circuits(desk.folder) == []


def test_a_failed_probe_refuses_the_others_and_opens_for_twice_as_long(desk):
    desk.fail(5)
    desk.now += timedelta(seconds=61)

    async def three(client: Acme) -> list[Any]:
        asked = (client.get_json("/p", {}, family="x") for _ in range(3))
        return await asyncio.gather(*asked, return_exceptions=True)

    failures = [str(each) for each in desk.ask(three)]
    assert len(desk.vendor.asked) == 6
    assert sum("UTC after 6 outages in a row" in each for each in failures) == 2
    assert sum("until 2026-02-03 12:03:01" in each for each in failures) == 2


def test_a_probe_that_is_cancelled_lets_the_next_one_probe(desk):
    desk.fail(5)
    desk.now += timedelta(seconds=60)

    async def never(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    desk.vendor = never

    async def give_up(client: Acme) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.get_json("/p", {}, family="x"), 0.05)

    desk.ask(give_up)
    desk.vendor = Vendor(200)
    assert desk.ask() == 1


def test_a_killed_probe_counts_as_lost_after_the_timeout(desk):
    desk.fail(5)
    desk.now += timedelta(seconds=60)

    async def killed(client: Acme) -> None:
        breaker = client._opened().admission._breaker
        assert breaker._turn("acme https://acme.test/v1 /p") == "probe"
        assert breaker._turn("acme https://acme.test/v1 /p") == "wait"

    desk.ask(killed)
    desk.now += timedelta(seconds=31)
    desk.vendor = Vendor(200)
    assert desk.ask() == 1


def test_one_unlucky_moment_of_many_requests_opens_nothing(desk):
    """Thirty questions, ten at once, meet a vendor that breaks down and comes back."""
    began: list[float] = []

    async def hiccup(request: httpx.Request) -> httpx.Response:
        loop = asyncio.get_running_loop()
        began.append(loop.time())
        await asyncio.sleep(0.01)
        return httpx.Response(503 if loop.time() - began[0] < 0.05 else 200, json=1)

    desk.vendor = hiccup

    async def thirty(client: Acme) -> list[int]:
        client._retry_policy = type(client._retry_policy)(attempts=4, backoff_seconds=0.06)
        return await all_or_nothing(client.get_json("/p", {}, family="x") for _ in range(30))

    assert desk.ask(thirty, attempts=4, concurrency=10) == [1] * 30
    assert circuit_notes(desk.journal) == []


def test_a_damaged_file_is_named_and_nothing_is_left_open(desk):
    """The ledger was opened before it. Python 3.13 warns of a database that is not closed."""
    (desk.folder / FILE).write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(StorageError, match=r"circuit breakers' file .*circuits\.sqlite") as caught:
        desk.ask()
    opened = [each for each in gc.get_objects() if isinstance(each, sqlite3.Connection)]
    assert len(opened) >= 2, "the error holds both files' connections"
    for each in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            each.execute("SELECT 1")
    assert caught.value.__cause__ is not None
