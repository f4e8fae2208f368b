"""The recent responses of a task, so that one that is rejected later can still be shown.

A parser gets a decoded payload and may fail long after the client returned it. The responses of
the running task are in a context variable: tasks that run at the same time do not mix them up,
and none has to be passed along. Requests that run together hand their responses to whoever
awaits them, see ``gather``.
"""

from collections.abc import Mapping, Sequence
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from datetime import datetime

MOST_RESPONSES = 8
MOST_BYTES = 16_000_000
"""Above that the older ones are let go; the newest stays whatever its size."""


@dataclass(frozen=True, kw_only=True)
class RecentResponse:
    """One response as it came, and the request without its key.

    Attributes
    ----------
    address
        What ``path`` is below.
    at
        When it was here, UTC.
    """

    vendor: str
    method: str
    address: str
    path: str
    params: Mapping[str, str | int]
    status: int
    content_type: str
    at: datetime
    body: bytes


_recent: ContextVar[tuple[RecentResponse, ...]] = ContextVar("recent_responses", default=())


def remember(responses: Sequence[RecentResponse]) -> None:
    """Add to the recent responses of this task; the last is the newest."""
    kept: list[RecentResponse] = []
    size = 0
    for each in reversed([*_recent.get(), *responses][-MOST_RESPONSES:]):
        size += len(each.body)
        if kept and size > MOST_BYTES:
            break
        kept.append(each)
    _recent.set(tuple(reversed(kept)))


def recent() -> tuple[RecentResponse, ...]:
    """Return the recent responses of this task, the newest last."""
    return _recent.get()


def apart() -> Context:
    """Return a copy of this context without recent responses."""
    context = copy_context()
    context.run(_recent.set, ())
    return context


def recent_in(context: Context) -> tuple[RecentResponse, ...]:
    """Return the recent responses of the task that ran in ``context``."""
    return context.get(_recent, ())
