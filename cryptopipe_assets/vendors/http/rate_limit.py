"""The rate limits of a vendor, and the waiting that keeps us below them."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pyrate_limiter import InMemoryBucket, Rate, RateItem, SQLiteBucket

from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.vendors.http.account import ADDRESS
from cryptopipe_assets.vendors.http.journal import Journal

WORTH_A_WORD_SECONDS = 1.0
BUCKET_TABLE = "spent"
BUSY_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Budget:
    """One family of limits: at most ``units`` in any ``per_seconds``.

    Parameters
    ----------
    family
        Which requests share it, e.g. ``weight`` or ``funding``.
    units
        What may be spent; a request costs one unit or more.
    per_seconds
        Length of the rolling window, in seconds.
    """

    family: str
    units: int
    per_seconds: float


class Meter:
    """Spends one budget, first come first served, and waits while it is used up.

    With a ``state_folder`` the spending is kept in a small SQLite file there, guarded by a file
    lock, so that every process of this machine draws on the same budget. Without one it is kept
    in memory and counts this client only. The file is not part of the warehouse: deleting it
    forgets the last window, nothing else. Another account has another budget.
    """

    def __init__(
        self,
        vendor: str,
        budget: Budget,
        *,
        account: str = ADDRESS,
        state_folder: Path | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._name = f"{vendor} {budget.family}"
        self._budget = budget
        self._journal = journal or Journal()
        self._turn = asyncio.Lock()
        rates = [Rate(budget.units, round(budget.per_seconds * 1000))]
        self._bucket: InMemoryBucket | SQLiteBucket
        if state_folder is None:
            self._bucket = InMemoryBucket(rates)
        else:
            state_folder.mkdir(parents=True, exist_ok=True)
            self._bucket = SQLiteBucket.init_from_file(
                rates,
                table=BUCKET_TABLE,
                db_path=str(bucket_file(state_folder, vendor, budget.family, account)),
                use_file_lock=True,
            )

    async def spend(self, cost: int) -> None:
        """Return once ``cost`` units are ours.

        Raises
        ------
        ConfigError
            If one request costs more than the whole budget.
        """
        if cost > self._budget.units:
            raise ConfigError(
                f"budget of {self._name}: one request costs {cost} units, but the budget allows "
                f"{self._budget.units} per {self._budget.per_seconds:g} s; raise it to at least "
                f"{cost}"
            )
        if cost == 0:
            return
        async with self._turn:
            while (wait := self._take(cost)) > 0:
                if wait > WORTH_A_WORD_SECONDS:
                    self._journal.note(
                        "wait", f"{self._name}: rate limit reached, waiting {wait:.1f} s"
                    )
                await asyncio.sleep(wait)

    def _take(self, cost: int) -> float:
        """Take ``cost`` units and return 0, or take nothing and return the seconds to wait."""
        now: int = self._bucket.now()  # type: ignore[no-untyped-call]
        self._bucket.leak(now)
        item = RateItem(self._name, now, weight=cost)
        if self._bucket.put(item):
            return 0.0
        wait = self._bucket.waiting(item)
        assert isinstance(wait, int)  # both buckets return at once; only others are asynchronous
        return max(wait, 1) / 1000

    def close(self) -> None:
        """Let go of the file, if there is one."""
        self._bucket.close()


def bucket_file(state_folder: Path, vendor: str, family: str, account: str) -> Path:
    """Where the last window of an account's budget is kept."""
    name = f"{vendor}-{family}" if account == ADDRESS else f"{vendor}-{family}-{account}"
    return state_folder / f"{name}.sqlite"


def spent_now(
    state_folder: Path, vendor: str, budget: Budget, *, account: str, now: datetime
) -> int:
    """Return the units of a budget that are spent in the window that ends ``now``."""
    path = bucket_file(state_folder, vendor, budget.family, account)
    if not path.is_file():
        return 0
    since = round((now.timestamp() - budget.per_seconds) * 1000)
    asked = f"SELECT count(*) FROM {BUCKET_TABLE} WHERE item_timestamp > ?"  # noqa: S608 (constant)
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as opened:
        return int(opened.execute(asked, (since,)).fetchone()[0])
