"""Circuit breakers: one per vendor, address and endpoint, shared between processes.

::

    CLOSED     requests pass; 5 outages in a row open the circuit
    OPEN       requests are refused for 60 s, then 2, 4, 8 and at most 15 minutes
    HALF_OPEN  the pause is over: one request probes, all others await its fate;
               a response closes the circuit, an outage opens it for twice as long

An outage is a failure to connect, a response that does not come in time, or a 5xx; a 4xx, even a
429, is a response. Requests that were in flight together when the vendor failed are one outage: it
takes five rounds of requests, not one unlucky moment, to open a circuit.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cryptopipe_assets.core.errors import StorageError
from cryptopipe_assets.vendors.http.state_file import BUSY_SECONDS, open_state

FILE = "circuits.sqlite"
OUTAGES_THAT_OPEN = 5
FIRST_PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 900.0

State = Literal["CLOSED", "OPEN", "HALF_OPEN"]
Turn = Literal["go", "probe", "wait"]

_CREATE = """
CREATE TABLE IF NOT EXISTS circuits (
    name TEXT PRIMARY KEY, outages INTEGER NOT NULL, failed_at REAL NOT NULL,
    open_until REAL NOT NULL, pause REAL NOT NULL, probe_until REAL NOT NULL, why TEXT NOT NULL
) WITHOUT ROWID
"""
_READ = "SELECT name, outages, failed_at, open_until, pause, probe_until, why FROM circuits"
_WRITE = "INSERT OR REPLACE INTO circuits VALUES (?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class Circuit:
    """What is known of one circuit; times are seconds since 1970.

    Attributes
    ----------
    name
        Vendor, address and endpoint.
    outages
        In a row.
    failed_at
        When the last one was noticed.
    open_until, pause
        End and length of the last pause; 0 if the circuit was closed since.
    probe_until
        When a probe that is under way counts as lost; 0 if none is.
    why
        The last outage, without a key.
    """

    name: str
    outages: int = 0
    failed_at: float = 0.0
    open_until: float = 0.0
    pause: float = 0.0
    probe_until: float = 0.0
    why: str = ""

    def state(self, now: float) -> State:
        """CLOSED, OPEN, or HALF_OPEN when the pause is over and nobody knows yet."""
        if not self.open_until:
            return "CLOSED"
        return "OPEN" if now < self.open_until else "HALF_OPEN"

    @property
    def reopens_at(self) -> datetime:
        """When the next request may be sent, UTC."""
        return datetime.fromtimestamp(self.open_until, UTC)

    def after_outage(self, why: str, *, sent_at: float, now: float) -> "Circuit":
        """Return the circuit after a request that was sent at ``sent_at`` met an outage."""
        state = self.state(now)
        if state == "OPEN" or sent_at < self.open_until or sent_at < self.failed_at:
            return self  # it was under way before we knew, so it is no news
        pause = self.pause
        if state == "HALF_OPEN":
            pause = min(2 * self.pause, LONGEST_PAUSE_SECONDS)
        elif self.outages + 1 == OUTAGES_THAT_OPEN:
            pause = FIRST_PAUSE_SECONDS
        until = now + pause if pause else 0.0
        return Circuit(self.name, self.outages + 1, now, until, pause, 0.0, why)

    def after_response(self, *, sent_at: float, now: float) -> "Circuit":
        """Return the circuit after a response: closed, unless it was requested before the pause."""
        if self.state(now) == "OPEN" or sent_at < self.open_until:
            return self
        return Circuit(self.name)


class Circuits:
    """The circuits of a state folder while they are open.

    Parameters
    ----------
    folder
        Null keeps them in memory.

    Raises
    ------
    StorageError
        From every method, if the file cannot be used.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / FILE
        with self._named():
            self._file = open_state(self._path, _CREATE)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def read(self, name: str) -> Circuit:
        """Return a circuit; one that is not known is closed."""
        with self._named():
            row = self._file.execute(f"{_READ} WHERE name = ?", (name,)).fetchone()
        return Circuit(*row) if row else Circuit(name)

    def write(self, circuit: Circuit) -> None:
        """Keep a circuit."""
        row = (circuit.name, circuit.outages, circuit.failed_at, circuit.open_until, circuit.pause,
               circuit.probe_until, circuit.why)  # fmt: skip
        self._file.execute(_WRITE, row).close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other process read or change a circuit meanwhile."""
        with self._named():
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as exc:
            raise StorageError(
                f"cannot use the circuit breakers' file {self._path}: {exc}; is the disk full, or "
                "the folder not writable? Deleting the file closes all circuits"
            ) from exc


def read_circuits(folder: Path) -> list[Circuit]:
    """Return every circuit of a state folder that has met an outage since its last response."""
    if not (folder / FILE).is_file():
        return []
    with closing(sqlite3.connect(folder / FILE, timeout=BUSY_SECONDS)) as opened:
        rows = opened.execute(f"{_READ} WHERE outages > 0 ORDER BY name").fetchall()
    return [Circuit(*row) for row in rows]
