"""A vendor that stays down is left alone, at every endpoint, over real HTTP and between processes.

The time is the clock that the clients are given: nobody waits for a pause to be over.
"""

import asyncio
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.core.errors import VendorError, VendorUnavailable
from cryptopipe_assets.runtime.simulated_clock import SimulatedClock
from cryptopipe_assets.sandbox.faults.plan import Fault, FaultPlan, Kind
from cryptopipe_assets.vendors.http.circuit import OUTAGES_THAT_OPEN, Circuit, read_circuits
from cryptopipe_tests.chaos.cases import PATIENT_SECONDS, ask
from cryptopipe_tests.chaos.questions import CANARY, NOW, Asking
from cryptopipe_tests.places import ROOT
from cryptopipe_tests.reference.endpoints import ENDPOINTS, Endpoint

FIRST_OF_VENDORS = list({each.vendor: each for each in reversed(ENDPOINTS)}.values())
every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.name)
one_of_each_vendor = pytest.mark.parametrize(
    "endpoint", FIRST_OF_VENDORS, ids=lambda each: each.name
)
SECOND = timedelta(seconds=1)


@dataclass
class Door:
    """One endpoint, and what the processes that ask it share."""

    endpoint: Endpoint
    address: str
    folder: Path
    clock: SimulatedClock

    def asking(self, timeout_seconds: float = PATIENT_SECONDS) -> Asking:
        return Asking(
            self.address,
            attempts=1,
            timeout_seconds=timeout_seconds,
            shared_folder=self.folder,
            clock=self.clock,
        )

    def fails(self, **options: float) -> str:
        """Ask in vain; a client of its own each time. Returns what the error says."""
        with pytest.raises(VendorUnavailable) as caught:
            ask(self.endpoint, self.asking(**options))
        assert CANARY not in str(caught.value)
        return str(caught.value)

    @property
    def circuits(self) -> list[Circuit]:
        """Those that met an outage since their last answer."""
        return read_circuits(self.folder)

    def state(self) -> str:
        return self.circuits[0].state(self.clock().timestamp()) if self.circuits else "CLOSED"

    def later(self, seconds: float) -> None:
        self.clock.set(self.clock() + seconds * SECOND)


@pytest.fixture
def door(endpoint, standin, tmp_path) -> Door:
    return Door(endpoint, standin.url, tmp_path, SimulatedClock(NOW))


def down(endpoint: Endpoint, kind: Kind = "status", value: float | None = 503) -> Fault:
    return Fault(match=endpoint.match, kind=kind, value=value if kind == "status" else None)


def sent(plan: FaultPlan) -> int:
    """Requests that reached the endpoint while it was down."""
    return sum(plan.met.values())


def open_up(door: Door, plan: FaultPlan) -> None:
    """Let the endpoint fail until its circuit opens, a request each time at least."""
    for number in range(OUTAGES_THAT_OPEN):
        assert door.state() == "CLOSED"
        before = sent(plan)
        assert "HTTP 503" in door.fails()
        assert sent(plan) > before, f"outage {number} met nobody"
        door.later(1)  # an outage counts for what was sent after the one before was noticed
    assert door.state() == "OPEN"


@every_endpoint
def test_five_outages_open_the_circuit_and_no_further_question_is_sent(door, standin):
    with standin.suffering(down(door.endpoint)) as plan:
        open_up(door, plan)
    # It has been waited for what was still on its way: some are asked for several pages at once.
    with standin.suffering(down(door.endpoint)) as later:
        said = door.fails()
        assert "circuit open until 2026-03-10 09:31:24 UTC after 5 outages in a row" in said
        assert "last: HTTP 503" in said
        door.later(58)
        door.fails()
    assert sent(later) == 0
    [circuit] = door.circuits
    assert (circuit.outages, circuit.pause) == (5, 60.0)


@every_endpoint
def test_after_the_pause_one_question_probes_and_a_failure_opens_for_twice_as_long(door, standin):
    with standin.suffering(down(door.endpoint)) as plan:
        open_up(door, plan)
    door.later(60)
    assert door.state() == "HALF_OPEN"

    async def three() -> list[object]:
        questions = (door.asking().of(door.endpoint) for _ in range(3))
        return await asyncio.gather(*questions, return_exceptions=True)

    with standin.suffering(down(door.endpoint)) as later:
        answers = asyncio.run(three())
        assert all(isinstance(each, VendorUnavailable) for each in answers), answers
        assert sent(later) == 1
        assert door.state() == "OPEN"
        door.later(119)
        door.fails()
    assert sent(later) == 1
    [circuit] = door.circuits
    assert (circuit.outages, circuit.pause) == (6, 120.0)


@every_endpoint
def test_an_answer_to_the_probe_closes_the_circuit_and_is_the_true_one(door, standin, truths):
    with standin.suffering(down(door.endpoint)) as plan:
        open_up(door, plan)
    door.later(60)
    came = ask(door.endpoint, door.asking())
    assert door.circuits == []
    # These responses tell no time: their rows are of the moment that they are here.
    has_no_time = door.endpoint.name in ("hyperliquid info", "gate tickers", "gate contracts")
    ours = ["available_at"] if has_no_time else []
    for name, frame in truths[door.endpoint.name].items():
        assert_frame_equal(
            came[name].drop(ours, strict=False), frame.drop(ours, strict=False), check_exact=True
        )


@pytest.mark.parametrize("kind", ["reset", "hang"])
@one_of_each_vendor
def test_a_broken_line_and_silence_are_outages_too(door, standin, kind):
    timeout = PATIENT_SECONDS if kind == "reset" else 0.15
    with standin.suffering(down(door.endpoint, kind)) as plan:
        for _ in range(OUTAGES_THAT_OPEN):
            door.fails(timeout_seconds=timeout)
            door.later(1)
    # It has been waited for what was still on its way: Bybit is asked for two lists at once.
    assert plan.met
    assert door.state() == "OPEN"
    with standin.suffering(down(door.endpoint, kind)) as later:
        door.fails(timeout_seconds=timeout)
    assert sent(later) == 0


@pytest.mark.parametrize("status", [401, 403, 418, 429, 451])
@one_of_each_vendor
def test_a_refusal_or_a_limit_is_an_answer_that_opens_nothing(door, standin, status):
    with standin.suffering(down(door.endpoint, value=503)):
        for _ in range(OUTAGES_THAT_OPEN - 1):
            door.fails()
            door.later(1)
    assert [each.outages for each in door.circuits] == [OUTAGES_THAT_OPEN - 1]
    with (
        standin.suffering(down(door.endpoint, value=status)) as plan,
        pytest.raises(VendorError),
    ):
        ask(door.endpoint, door.asking())
    assert plan.met
    assert door.circuits == []  # what had failed in a row is forgotten
    with standin.suffering(down(door.endpoint, value=status)):
        for _ in range(OUTAGES_THAT_OPEN + 1):
            door.later(1)
            with pytest.raises(VendorError) as caught:
                ask(door.endpoint, door.asking())
            assert "opened the circuit" not in str(caught.value)
    assert door.circuits == []


IN_ANOTHER_PROCESS = """
import json, sys
from datetime import datetime
from pathlib import Path
from cryptopipe_assets.core.errors import VendorUnavailable
from cryptopipe_tests.chaos.cases import ask
from cryptopipe_tests.chaos.questions import Asking
from cryptopipe_tests.reference.endpoints import ENDPOINTS

address, now, folders = sys.argv[1], datetime.fromisoformat(sys.argv[2]), json.loads(sys.argv[3])
said = {}
for each in ENDPOINTS:
    asking = Asking(address, attempts=1, timeout_seconds=20.0,
                    shared_folder=Path(folders[each.name]), clock=lambda: now)
    try:
        ask(each, asking)
        said[each.name] = ["an answer", asking.calls]
    except VendorUnavailable as exc:
        said[each.name] = [str(exc), asking.calls]
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def opened(standin, tmp_path_factory) -> dict[str, Door]:
    """The door of every endpoint, each with an open circuit."""
    doors = {}
    for endpoint in ENDPOINTS:
        folder = tmp_path_factory.mktemp("open")
        door = Door(endpoint, standin.url, folder, SimulatedClock(NOW))
        with standin.suffering(down(endpoint)) as plan:
            open_up(door, plan)
        doors[endpoint.name] = door
    return doors


def test_another_process_asks_none_of_the_endpoints_whose_circuits_are_open(opened, standin):
    folders = {name: str(door.folder) for name, door in opened.items()}
    now = next(iter(opened.values())).clock()
    before = sum(standin.calls.values())
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, standin.url, now.isoformat(),
         json.dumps(folders)],
        capture_output=True, text=True, cwd=ROOT, timeout=120, check=True,
    )  # fmt: skip
    said = json.loads(done.stdout)
    assert set(said) == {each.name for each in ENDPOINTS}
    for name, (why, calls) in said.items():
        assert re.search(r"circuit open until .* UTC after 5 outages in a row", why), name
        [circuit] = opened[name].circuits
        assert not any(circuit.name.endswith(f" {label}") for label in calls), name
    # The other side of the wire counted what the questions need besides, and no more; a request
    # that another one's refusal ends may not have left.
    sent_besides = sum(sum(calls.values()) for _, calls in said.values())
    assert sum(standin.calls.values()) - before <= sent_besides
