"""What stands between a client and its vendor where evidence is kept, or asked in its place."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from cryptopipe_assets.vendors.http.responses import Request


class Tap(Protocol):
    """Hears every question and its answer."""

    def clock(self) -> datetime:
        """The present, for whatever stamps rows once all answers are there."""
        ...

    def response_time(self) -> datetime:
        """The present, for whatever reads the answer that this task has just got."""
        ...

    def wall(self) -> datetime:
        """The present, for whatever waits and counts."""
        ...

    async def response_to(
        self, vendor: str, verb: str, request: Request, ask: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """Return the body of the answer, by ``ask`` or from what was kept.

        Raises
        ------
        VendorError
            As ``ask`` does, or did.
        StorageError
            If the answer cannot be kept, or is not among what was.
        """
        ...
