"""The latest answers that a task heard, so that one that is refused later can still be shown.

A parser gets a decoded payload and may fail long after the door returned it. What the running
task heard is in a context variable: tasks that ask at the same time do not mix up their answers,
and none has to be passed along. Questions that run together hand what they heard to whoever
awaits them, see ``concurrency``.
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
    """One answer as it came, and the question without its key.

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


_recent: ContextVar[tuple[RecentResponse, ...]] = ContextVar("heard", default=())


def remember(responses: Sequence[RecentResponse]) -> None:
    """Add to what this task heard; the last is the newest."""
    kept: list[RecentResponse] = []
    size = 0
    for each in reversed([*_recent.get(), *responses][-MOST_RESPONSES:]):
        size += len(each.body)
        if kept and size > MOST_BYTES:
            break
        kept.append(each)
    _recent.set(tuple(reversed(kept)))


def recent() -> tuple[RecentResponse, ...]:
    """Return what this task heard lately, the newest last."""
    return _recent.get()


def apart() -> Context:
    """Return a copy of this context in which nothing was heard yet."""
    context = copy_context()
    context.run(_recent.set, ())
    return context


def recent_in(context: Context) -> tuple[RecentResponse, ...]:
    """Return what the task that ran in ``context`` heard."""
    return context.get(_recent, ())
