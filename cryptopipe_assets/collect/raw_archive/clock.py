"""The present while evidence is kept or told: the instants at which answers were there.

Rows are stamped with it. The order in which parallel questions are answered is not the same when
they are told again, so each task has its own newest answer, and all together have the newest.
"""

from contextvars import ContextVar
from datetime import datetime

_responded: ContextVar[tuple["ResponseClock", datetime] | None] = ContextVar("heard", default=None)


class ResponseClock:
    """Begins when a visit does, and goes on with each answer."""

    def __init__(self, began: datetime) -> None:
        self._newest = began

    def goes_on(self, at: datetime) -> None:
        """An answer was there for the task that runs."""
        self._newest = max(self._newest, at)
        _responded.set((self, at))

    def newest(self) -> datetime:
        """When the newest answer of all was there; before the first, when the visit began."""
        return self._newest

    def of_task(self) -> datetime:
        """When the newest answer of the task that runs, or of who started it, was there."""
        heard = _responded.get()
        return heard[1] if heard and heard[0] is self else self._newest
