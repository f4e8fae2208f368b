"""What Dagster noted about our tables, read from its SQLite files without importing Dagster.

Importing Dagster takes longer than the whole status may. The tables that are read here are those
of the version that we pin; where they are not (another storage, another version) nothing is
known, which is an answer too. Nothing is ever written.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptopipe_assets.core import errors

HEARTBEAT_AGE = timedelta(minutes=5)
"""Dagster's daemon writes one every half minute."""

OURS = frozenset(
    name
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, errors.CryptopipeError)
)
"""Names of our own errors, as Dagster notes them."""

LAST = """
    SELECT run_id, timestamp FROM event_logs
    WHERE asset_key = ? AND dagster_event_type = ? ORDER BY id DESC LIMIT 1
"""


@dataclass(frozen=True, kw_only=True)
class LastRun:
    """How the newest attempts at a table went.

    Attributes
    ----------
    succeeded_at
        When it was last materialised; None if never.
    failed_at, failure
        When the newest attempt failed and what it said; None and empty if it did not.
    running_since
        When an attempt began that has not ended; None if there is none.
    """

    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str = ""
    running_since: datetime | None = None


def last_runs(dagster_home: Path, tables: list[str]) -> dict[str, LastRun]:
    """How the newest attempts at each table went; empty where Dagster's files cannot say."""
    index = dagster_home / "history" / "runs" / "index.db"
    runs = dagster_home / "history" / "runs.db"
    try:
        with _opened(index) as events, _opened(runs) as states:
            return {name: _last_run(dagster_home, events, states, name) for name in tables}
    except sqlite3.Error:
        return {}


def daemon_is_alive(dagster_home: Path, *, now: datetime) -> bool:
    """Whether a scheduler has given a sign of life lately: without it no schedule ticks."""
    try:
        with _opened(dagster_home / "history" / "runs.db") as states:
            query = "SELECT max(timestamp) FROM daemon_heartbeats WHERE daemon_type = 'SCHEDULER'"
            (beat,) = states.execute(query).fetchone()
    except sqlite3.Error:
        return False
    return beat is not None and now - _instant(beat) < HEARTBEAT_AGE


def schedules_switched(dagster_home: Path) -> dict[str, bool]:
    """Schedules that a person switched on or off, by name; the others are as the code has them."""
    query = "SELECT instigator_body, status FROM instigators WHERE instigator_type = 'SCHEDULE'"
    try:
        with _opened(dagster_home / "schedules" / "schedules.db") as schedules:
            rows = schedules.execute(query).fetchall()
    except sqlite3.Error:
        return {}
    return {
        json.loads(body)["origin"]["job_name"]: status == "RUNNING"
        for body, status in rows
        if status in {"RUNNING", "STOPPED"}
    }


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0.2)) as connection:
        yield connection


def _last_run(
    home: Path, events: sqlite3.Connection, states: sqlite3.Connection, table: str
) -> LastRun:
    key = json.dumps([table])
    done = events.execute(LAST, (key, "ASSET_MATERIALIZATION")).fetchone()
    planned = events.execute(LAST, (key, "ASSET_MATERIALIZATION_PLANNED")).fetchone()
    succeeded_at = _instant(done[1]) if done else None
    if planned is None or (done and done[0] == planned[0]):
        return LastRun(succeeded_at=succeeded_at)
    query = "SELECT status, end_time FROM runs WHERE run_id = ?"
    status, ended = states.execute(query, (planned[0],)).fetchone() or (None, None)
    if status in {"FAILURE", "CANCELED"}:
        at = datetime.fromtimestamp(ended, UTC) if ended else _instant(planned[1])
        failure = _failure(home, planned[0]) or f"run {planned[0][:8]} {status.lower()}"
        return LastRun(succeeded_at=succeeded_at, failed_at=at, failure=failure)
    since = _instant(planned[1]) if status == "STARTED" else None
    return LastRun(succeeded_at=succeeded_at, running_since=since)


def _failure(home: Path, run_id: str) -> str:
    """The first line of what the run's first failed step said."""
    path = home / "history" / "runs" / f"{run_id}.db"
    query = "SELECT event FROM event_logs WHERE dagster_event_type = 'STEP_FAILURE' LIMIT 1"
    try:
        with _opened(path) as events:
            found = events.execute(query).fetchone()
    except sqlite3.Error:
        return ""
    if found is None:
        return ""
    event = json.loads(found[0])["dagster_event"]
    error = event["event_specific_data"]["error"]
    chain: list[tuple[str, str]] = []
    while error:
        chain.append((str(error.get("cls_name")), str(error["message"])))
        error = error.get("cause")
    return f"{event['step_key']}: {telling(chain)}"


def telling(chain: Sequence[tuple[str, str]]) -> str:
    """The line that tells a person most: of the first error of ours, else of the last cause.

    An error of ours names the vendor, what to do and the sample; what it was raised from does not.

    Parameters
    ----------
    chain
        Class and message of each error, as Dagster keeps them, the cause of each after it.
    """
    for name, message in chain:
        if name in OURS:
            return message.strip().splitlines()[0].partition(f"{name}: ")[2]
    return chain[-1][1].strip().splitlines()[0] if chain else ""


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
