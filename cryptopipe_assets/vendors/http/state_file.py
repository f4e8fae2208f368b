"""SQLite files of the state folder, which every process of this machine writes to."""

import sqlite3
from pathlib import Path

BUSY_SECONDS = 30.0
"""How long a process waits for another one that is writing."""


def open_state(path: Path | None, create: str) -> sqlite3.Connection:
    """Open a file, made with its table when it is not there; null keeps it in memory.

    Raises
    ------
    sqlite3.Error, OSError
        If the file is damaged or cannot be written; it is closed again.
    """
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    opened = sqlite3.connect(path or ":memory:", timeout=BUSY_SECONDS, isolation_level=None)
    try:
        # A log beside the file: an entry then waits for no disk, and survives a kill.
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("PRAGMA synchronous = NORMAL")
        opened.execute(create)
    except sqlite3.Error:
        opened.close()  # a damaged file is noticed only now
        raise
    return opened
