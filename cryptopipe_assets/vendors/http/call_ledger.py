"""The ledger of calls: what was spent, by day, vendor, account, family, endpoint and table.

One SQLite file that every process of this machine adds to. A call is entered before it is sent,
so that a kill forgets none; it counts whether it is answered or not, as vendors count. There is
no key in it: an account is ``address`` or a fingerprint (see ``account``).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Self

import polars as pl

from cryptopipe_assets.core.errors import StorageError
from cryptopipe_assets.vendors.http.state_file import BUSY_SECONDS, open_state

FILE = "calls.sqlite"
NO_TABLE = "(none)"
"""Calls that were made for no table: by hand, or by a command that only looks."""

SPENDING_SCHEMA = pl.Schema(
    {
        "day": pl.Date,
        "vendor": pl.String,
        "account": pl.String,
        "family": pl.String,
        "endpoint": pl.String,
        "table": pl.String,
        "calls": pl.Int64,
        "units": pl.Int64,
    }
)

_CREATE = """
CREATE TABLE IF NOT EXISTS spent (
    day TEXT, vendor TEXT, account TEXT, family TEXT, endpoint TEXT, "table" TEXT,
    calls INTEGER NOT NULL, units INTEGER NOT NULL,
    PRIMARY KEY (day, vendor, account, family, endpoint, "table")
) WITHOUT ROWID
"""
_SPEND = """
INSERT INTO spent VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, units = units + excluded.units
"""
_SPENT = """
SELECT coalesce(sum(units), 0) FROM spent
WHERE day >= ? AND vendor = ? AND account = ? AND family = ?
"""
_ALL = 'SELECT * FROM spent WHERE day >= ? ORDER BY day, vendor, account, family, endpoint, "table"'


class Ledger:
    """The ledger while it is open; a context manager.

    Parameters
    ----------
    path
        The file, made when it is not there; null keeps the ledger in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._open: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def open(self) -> Self:
        """Open the file; who does not use ``with`` closes it."""
        with _named(self._path):
            self._open = open_state(self._path, _CREATE)
        return self

    def close(self) -> None:
        """Close the file; nothing that was entered is lost."""
        if self._open is not None:
            self._open.close()
        self._open = None

    def spend(
        self,
        day: date,
        vendor: str,
        *,
        account: str,
        family: str,
        endpoint: str,
        table: str = "",
        calls: int = 1,
        units: int = 1,
    ) -> None:
        """Enter calls of a day; ``units`` is what the family's limit counts.

        Raises
        ------
        StorageError
            If the file cannot be written: we do not ask a vendor what we cannot account for.
        """
        entry = (day.isoformat(), vendor, account, family, endpoint, table or NO_TABLE)
        with _named(self._path):
            self._connection().execute(_SPEND, (*entry, calls, units)).close()

    def spent(self, vendor: str, account: str, family: str, *, since: date) -> int:
        """Return the units of a family that were spent on ``since`` and later."""
        with _named(self._path):
            asked = (since.isoformat(), vendor, account, family)
            return int(self._connection().execute(_SPENT, asked).fetchone()[0])

    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            raise RuntimeError("the ledger is closed; use it inside `with`")
        return self._open


def read_spending(folder: Path, *, since: date = date.min) -> pl.DataFrame:
    """Return what a state folder's ledger has from ``since`` on: ``SPENDING_SCHEMA``, sorted.

    No rows if nothing was ever spent. A ledger that others write to may be read at any time.

    Raises
    ------
    StorageError
    """
    path = folder / FILE
    if not path.is_file():
        return SPENDING_SCHEMA.to_frame()
    with _named(path), closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as opened:
        rows = opened.execute(_ALL, (since.isoformat(),)).fetchall()
    texts = {**SPENDING_SCHEMA, "day": pl.String()}
    return pl.DataFrame(rows, schema=texts, orient="row").with_columns(pl.col("day").str.to_date())


@contextmanager
def _named(path: Path | None) -> Iterator[None]:
    """Say which file it is that cannot be used, and what to do."""
    try:
        yield
    except (sqlite3.Error, OSError) as exc:
        raise StorageError(
            f"cannot use the ledger of calls {path}: {exc}; is the disk full, or the folder not "
            "writable? Move the file away if it is damaged: what was spent is then forgotten"
        ) from exc
