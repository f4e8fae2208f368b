"""The clock while responses are recorded or replayed: the instants at which they were there.

Rows are stamped with it. The order in which parallel requests end is not the same when they are
replayed, so each task has its own newest response, and all together have the newest.
"""

from contextvars import ContextVar
from datetime import datetime

_responded: ContextVar[tuple["ResponseClock", datetime] | None] = ContextVar(
    "responded", default=None
)


class ResponseClock:
    """Begins when a run does, and goes on with each response."""

    def __init__(self, began: datetime) -> None:
        self._newest = began

    def goes_on(self, at: datetime) -> None:
        """A response was there for the task that runs."""
        self._newest = max(self._newest, at)
        _responded.set((self, at))

    def newest(self) -> datetime:
        """When the newest response of all was there; before the first, when the run began."""
        return self._newest

    def of_task(self) -> datetime:
        """When the newest response of the task that runs, or of who started it, was there."""
        newest = _responded.get()
        return newest[1] if newest and newest[0] is self else self._newest
