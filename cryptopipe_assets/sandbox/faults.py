"""Faults that a test asks the stand-in for, on top of the true answer."""

import asyncio
import json
import re
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from aiohttp import web

from cryptopipe_assets.errors import ConfigError

Kind = Literal["status", "delay", "truncate", "reset", "html", "empty", "drop_symbol", "checksum"]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
_HTML = "<html><head><title>Maintenance</title></head><body>Be right back</body></html>"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    match
        Regular expression, searched in the path and in the path with its query.
    kind
        ``status`` answers ``value`` (int) with ``headers`` and ``body`` instead of the truth;
        ``delay`` waits ``value`` seconds first; ``truncate`` promises the whole body, sends the
        fraction ``value`` (default a half) and closes; ``reset`` cuts the connection unanswered;
        ``html`` answers 200 with a page; ``empty`` answers 200 with an empty list (an archive
        file: no bytes); ``drop_symbol`` leaves ``value`` (str) out of the list; ``checksum``
        answers a digest that fits nothing.
    times
        How often, then never again; null for always.
    """

    match: str
    kind: Kind
    times: int | None = None
    value: float | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ConfigError(f"fault kind: expected one of {get_args(Kind)}, got {self.kind!r}")
        wanted: dict[str, tuple[type, ...]] = {
            "status": (int,),
            "delay": (int, float),
            "drop_symbol": (str,),
        }
        if self.kind in wanted and not isinstance(self.value, wanted[self.kind]):
            raise ConfigError(f"fault {self.kind}: value {self.value!r} is not of its type")

    def hits(self, request: web.Request) -> bool:
        """Tell whether the fault is meant for this request."""
        return any(re.search(self.match, text) for text in (request.path, request.path_qs))


class FaultPlan:
    """Faults in the order in which they are tried; several may hit one request.

    Parameters
    ----------
    faults
        The plan. It may be shared by several tests only if they do not count on ``times``.
    """

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self.faults = tuple(faults)
        self._left = [fault.times for fault in self.faults]
        self._lock = threading.Lock()

    def due(self, request: web.Request) -> list[Fault]:
        """Return the faults that hit this request, and count them."""
        with self._lock:
            hit = [
                number
                for number, fault in enumerate(self.faults)
                if self._left[number] != 0 and fault.hits(request)
            ]
            for number in hit:
                left = self._left[number]
                self._left[number] = None if left is None else left - 1
        return [self.faults[number] for number in hit]

    async def answer(self, request: web.Request, truth: Answer) -> web.StreamResponse:
        """Answer with the truth, bent by the faults that are due, in their order."""
        due = self.due(request)
        for fault in due:
            if fault.kind == "delay":
                await asyncio.sleep(float(fault.value or 0))
        instead = [fault for fault in due if fault.kind in ("status", "html", "reset")]
        response = _instead(instead[0], request) if instead else await truth(request)
        for fault in due:
            if isinstance(response, web.Response):
                response = await _bent(fault, request, response)
        return response


def _instead(fault: Fault, request: web.Request) -> web.Response:
    """Build the answer that takes the place of the truth."""
    if fault.kind == "reset":
        cut(request)
        return web.Response(status=500)  # goes nowhere: the connection is gone
    if fault.kind == "html":
        return web.Response(text=_HTML, content_type="text/html")
    status = int(fault.value or 500)
    body = (
        json.dumps({"code": -1000, "msg": f"HTTP {status}"}) if fault.body is None else fault.body
    )
    return web.Response(
        status=status, text=body, content_type="application/json", headers=fault.headers
    )


async def _bent(fault: Fault, request: web.Request, response: web.Response) -> web.StreamResponse:
    """Bend a true answer."""
    if fault.kind == "truncate":
        return await _truncated(
            request, response, 0.5 if fault.value is None else float(fault.value)
        )
    if fault.kind == "empty":
        response.body = b"[]" if response.content_type == "application/json" else b""
    if fault.kind == "drop_symbol" and response.content_type == "application/json":
        response.text = json.dumps(without(json.loads(response.text or "[]"), str(fault.value)))
    if fault.kind == "checksum":
        _, _, name = (response.text or "").partition("  ")
        response.text = f"{'0' * 64}  {name}"
    return response


def without(answer: Any, symbol: str) -> Any:
    """Leave a symbol out of a list answer, or of the list ``symbols`` inside an object."""
    if isinstance(answer, dict) and isinstance(answer.get("symbols"), list):
        return {**answer, "symbols": without(answer["symbols"], symbol)}
    if isinstance(answer, list):
        return [
            row for row in answer if not (isinstance(row, dict) and row.get("symbol") == symbol)
        ]
    return answer


async def _truncated(
    request: web.Request, response: web.Response, share: float
) -> web.StreamResponse:
    """Send the headers of the whole body and only its first part, then hang up."""
    body = response.body if isinstance(response.body, bytes) else b""
    partial = web.StreamResponse(status=response.status, headers=response.headers)
    partial.content_length = len(body)
    await partial.prepare(request)
    await partial.write(body[: int(len(body) * share)])
    if request.transport is not None:
        request.transport.close()  # flushes what was written, unlike abort
    return partial


def cut(request: web.Request) -> None:
    """End the connection at once; the client sees a reset or an unexpected end."""
    transport = request.transport
    if isinstance(transport, asyncio.Transport):
        transport.abort()
