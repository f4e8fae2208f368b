"""What a session does with circuit breakers: may the request pass, and how did it go."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cryptopipe_assets.core.errors import VendorError
from cryptopipe_assets.vendors.http.circuit import Circuit, Circuits, Turn
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_assets.vendors.http.responses import Banned
from cryptopipe_assets.vendors.http.retry import Retryable

LOOK_AGAIN_SECONDS = 0.05


class CircuitOpen(Exception):
    """The vendor failed too often in a row; no request is sent before the circuit's pause ends."""

    def __init__(self, circuit: Circuit) -> None:
        super().__init__(
            f"circuit open until {circuit.reopens_at:%Y-%m-%d %H:%M:%S} UTC after "
            f"{circuit.outages} outages in a row, last: {circuit.why}"
        )


class Breaker:
    """The circuits of one vendor at one address.

    Parameters
    ----------
    name
        Vendor and address.
    patience_seconds
        After how long a probe counts as lost, so that a killed one holds nobody up.
    journal, clock, state_folder
        As of ``VendorClient``.
    """

    def __init__(
        self,
        name: str,
        *,
        patience_seconds: float,
        journal: Journal,
        clock: Callable[[], datetime],
        state_folder: Path | None,
    ) -> None:
        self._name, self._patience = name, patience_seconds
        self._journal, self._clock = journal, clock
        self._circuits = Circuits(state_folder)
        self._noticed: dict[str, float] = {}  # by the machine's clock, which never stands still

    def close(self) -> None:
        """Let go of the file."""
        self._circuits.close()

    def refuse_if_open(self, endpoint: str) -> None:
        """Return if requests may pass, or might after a probe.

        Raises
        ------
        CircuitOpen
        """
        circuit = self._circuits.read(self._named(endpoint))
        if circuit.state(self._now()) == "OPEN":
            raise CircuitOpen(circuit)

    @asynccontextmanager
    async def watch(self, endpoint: str) -> AsyncIterator[None]:
        """Let the block run when it is its turn, and draw the consequences of how it ends.

        Raises
        ------
        CircuitOpen
        """
        name = self._named(endpoint)
        while (turn := self._turn(name)) == "wait":
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        sent_at, began = self._now(), time.monotonic()
        try:
            yield
        except Retryable as exc:
            if exc.is_outage and began >= self._noticed.get(name, 0.0):
                self._noticed[name] = time.monotonic()
                self._outage(name, str(exc), sent_at=sent_at)
            elif exc.is_limit:
                self._answer(name, sent_at=sent_at)
            elif turn == "probe":
                self._release(name)
            raise
        except (VendorError, Banned):
            self._answer(name, sent_at=sent_at)  # a refusal is a response
            raise
        except BaseException:
            if turn == "probe":
                self._release(name)
            raise
        self._answer(name, sent_at=sent_at)

    def _named(self, endpoint: str) -> str:
        return f"{self._name} {endpoint}"

    def _turn(self, name: str) -> Turn:
        now, circuit = self._now(), self._circuits.read(name)
        state = circuit.state(now)
        if state == "CLOSED":
            return "go"
        if state == "OPEN":
            raise CircuitOpen(circuit)
        with self._circuits.alone():
            circuit = self._circuits.read(name)
            if circuit.state(now) != "HALF_OPEN" or now < circuit.probe_until:
                return "wait"
            self._circuits.write(replace(circuit, probe_until=now + self._patience))
        self._journal.note("circuit", f"{name}: circuit HALF_OPEN, one request probes")
        return "probe"

    def _outage(self, name: str, why: str, *, sent_at: float) -> None:
        with self._circuits.alone():
            now, before = self._now(), self._circuits.read(name)
            after = before.after_outage(why, sent_at=sent_at, now=now)
            self._circuits.write(after)
        if after.open_until != before.open_until:
            self._journal.note(
                "circuit",
                f"{name}: circuit OPEN for {after.pause:.0f} s after {after.outages} outages in a "
                f"row, last: {why}",
            )

    def _answer(self, name: str, *, sent_at: float) -> None:
        if not self._circuits.read(name).outages:
            return
        with self._circuits.alone():
            before = self._circuits.read(name)
            after = before.after_response(sent_at=sent_at, now=self._now())
            self._circuits.write(after)
        if before.open_until and not after.open_until:
            self._journal.note("circuit", f"{name}: circuit CLOSED, the vendor responds again")

    def _release(self, name: str) -> None:
        with self._circuits.alone():
            self._circuits.write(replace(self._circuits.read(name), probe_until=0.0))

    def _now(self) -> float:
        return self._clock().timestamp()
