"""What stands between a client and its vendor where responses are recorded, or replayed."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

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
