"""What a client writes down and where, and who listens to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptopipe_assets.vendors.http.call_ledger import FILE, Ledger
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_assets.vendors.http.responses import Request


class Tap(Protocol):
    """Sees every request and its response."""

    def clock(self) -> datetime:
        """The present, for whatever stamps rows once all responses are there."""
        ...

    def response_time(self) -> datetime:
        """The present, for whatever reads the response that this task has just got."""
        ...

    def wall(self) -> datetime:
        """The present, for whatever waits and counts."""
        ...

    async def response_to(
        self, vendor: str, verb: str, request: Request, ask: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """Return the body of the response, by ``ask`` or from what was recorded.

        Raises
        ------
        VendorError
            As ``ask`` does, or did.
        StorageError
            If the response cannot be kept, or is not among what was.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Records:
    """Where a client enters what it spent and what it decided.

    Attributes
    ----------
    folder
        The state folder, which all processes share; null keeps everything in memory.
    journal
        The table and run that the client works for, and their log.
    tap
        Records the responses, or replays recorded ones; null where they go straight to the vendor.
    """

    folder: Path | None = None
    journal: Journal = field(default_factory=Journal)
    tap: Tap | None = None

    def ledger(self) -> Ledger:
        """The ledger of calls, to be opened."""
        return Ledger(None if self.folder is None else self.folder / FILE)
