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

MOST_ANSWERS = 8
MOST_BYTES = 16_000_000
"""Above that the older ones are let go; the newest stays whatever its size."""


@dataclass(frozen=True, kw_only=True)
class Answer:
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


_heard: ContextVar[tuple[Answer, ...]] = ContextVar("heard", default=())


def remember(answers: Sequence[Answer]) -> None:
    """Add to what this task heard; the last is the newest."""
    kept: list[Answer] = []
    size = 0
    for each in reversed([*_heard.get(), *answers][-MOST_ANSWERS:]):
        size += len(each.body)
        if kept and size > MOST_BYTES:
            break
        kept.append(each)
    _heard.set(tuple(reversed(kept)))


def recent() -> tuple[Answer, ...]:
    """Return what this task heard lately, the newest last."""
    return _heard.get()


def apart() -> Context:
    """Return a copy of this context in which nothing was heard yet."""
    context = copy_context()
    context.run(_heard.set, ())
    return context


def heard_in(context: Context) -> tuple[Answer, ...]:
    """Return what the task that ran in ``context`` heard."""
    return context.get(_heard, ())
