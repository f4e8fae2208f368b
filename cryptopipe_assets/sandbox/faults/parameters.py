"""Faults in how the vendor takes a question: a smaller page, an earlier start, another time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from aiohttp import web

ParameterFault = Literal["page_cap", "overlap", "clock"]

_LIMITS = ("limit", "per_page")
_STARTS = ("startTime", "start", "from")
_shift_ms: ContextVar[int] = ContextVar("shift_ms", default=0)


def shift_ms() -> int:
    """Milliseconds by which the served world's time is wrong for the request at hand."""
    return _shift_ms.get()


@contextmanager
def shifted(seconds: float) -> Iterator[None]:
    """Let the served world's time be wrong; a negative number is a cache that is so old."""
    token = _shift_ms.set(round(seconds * 1000))
    try:
        yield
    finally:
        _shift_ms.reset(token)


def misread(kind: ParameterFault, request: web.Request, value: float) -> web.Request:
    """Return the request as the vendor reads it.

    ``page_cap`` never serves more than ``value`` rows a page, whatever was asked; ``overlap``
    starts ``value`` seconds before the start that was asked for.
    """
    query = dict(request.query)
    if kind == "page_cap":
        for name in _LIMITS:
            if name in query:
                query[name] = str(min(int(query[name]), int(value)))
    elif kind == "overlap":
        for name in _STARTS:
            if query.get(name, "").isdigit() and len(query[name]) >= 10:
                unit = 1000 if len(query[name]) >= 13 else 1
                query[name] = str(int(query[name]) - round(value * unit))
    return request.clone(rel_url=request.rel_url.with_query(query))
