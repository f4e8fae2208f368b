"""Faults that a test asks the stand-in for, on top of the true answer."""

import asyncio
import hashlib
import re
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from aiohttp import web

from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.sandbox.faults.apply import ContentKind, altered
from cryptopipe_assets.sandbox.faults.files import FileKind
from cryptopipe_assets.sandbox.faults.parameters import ParameterFault, misread, shifted
from cryptopipe_assets.sandbox.faults.rows import RowKind
from cryptopipe_assets.sandbox.faults.wire import BodyKind, InsteadKind, SendKind, instead, sent

TimeKind = Literal["delay", "hang", "stale_cache"]
Kind = TimeKind | ParameterFault | InsteadKind | ContentKind | SendKind
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

INSTEAD = get_args(InsteadKind)
SENDING = get_args(SendKind)
CONTENT = (*get_args(RowKind), *get_args(FileKind), *get_args(BodyKind), "drop_symbol", "checksum")
PARAMETERS = get_args(ParameterFault)
KINDS = (*get_args(TimeKind), *PARAMETERS, *INSTEAD, *CONTENT, *SENDING)
VALUES: Mapping[str, tuple[type, ...]] = {
    "status": (int,),
    "envelope": (int,),
    "page_cap": (int,),
    "delay": (int, float),
    "overlap": (int, float),
    "clock": (int, float),
}
FOREVER = 3600.0  # longer than any client waits
CHECKSUM = ".CHECKSUM"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    match
        Regular expression, searched in the path and in the path with its query.
    kind
        What goes wrong. In place of the truth: ``status`` answers ``value`` (int) with ``headers``
        and ``body``; ``envelope`` answers 200 and, in the vendor's own form, the failure ``value``;
        ``html``, ``empty_body``, ``null_document``, ``empty_object``, ``redirect`` (to itself),
        ``reset`` (no answer). Of time: ``delay`` waits ``value`` seconds, ``hang`` for ever,
        ``stale_cache`` repeats the first answer of the path whatever is asked. Of the question:
        ``page_cap`` serves ``value`` rows at most, ``overlap`` starts ``value`` seconds early,
        ``clock`` tells a time that is ``value`` seconds off. On the line: ``truncate`` and
        ``reset_body`` end after the fraction ``value`` (default a half), ``drip`` takes ``value``
        seconds, ``gzip_broken``, ``gzip_cut``. Of the content: ``drop_symbol`` leaves out
        ``value`` (default: one row), ``checksum`` fits nothing, and the kinds of ``row_faults``,
        ``file_faults`` and of ``wire_faults.BodyKind``.
    times
        How often, then never again; null for always.
    after
        Requests that are answered truly before the first that it hits.
    """

    match: str
    kind: Kind
    times: int | None = None
    after: int = 0
    value: float | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"fault kind: expected one of {KINDS}, got {self.kind!r}")
        if self.kind in VALUES and not isinstance(self.value, VALUES[self.kind]):
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

    Attributes
    ----------
    met
        How often each question (path and query) met a fault.
    """

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self.faults = tuple(faults)
        self.met: Counter[str] = Counter()
        self._left = [fault.times for fault in self.faults]
        self._spared = [fault.after for fault in self.faults]
        self._lock = threading.Lock()
        self._sums: dict[str, str] = {}
        self._first: dict[str, bytes] = {}

    def due(self, request: web.Request) -> list[Fault]:
        """Return the faults that hit this request, and count them."""
        with self._lock:
            meant = [
                number
                for number, fault in enumerate(self.faults)
                if self._left[number] != 0 and fault.hits(request)
            ]
            hit = [number for number in meant if not self._spared[number]]
            for number in set(meant) - set(hit):
                self._spared[number] -= 1
            for number in hit:
                left = self._left[number]
                self._left[number] = None if left is None else left - 1
            if hit:
                self.met[request.path_qs] += 1
        return [self.faults[number] for number in hit]

    async def answer(self, request: web.Request, truth: Answer) -> web.StreamResponse:
        """Answer with the truth, bent by the faults that are due, in their order."""
        due = self.due(request)
        for fault in due:
            if fault.kind in ("delay", "hang"):
                await asyncio.sleep(FOREVER if fault.kind == "hang" else float(fault.value or 0))
        response = await self._said(request, truth, due)
        for fault in due:
            if fault.kind in SENDING and isinstance(response, web.Response):
                share = None if fault.value is None else float(fault.value)
                kind: Any = fault.kind
                response = await sent(kind, request, response, value=share)
        return response

    async def _said(
        self, request: web.Request, truth: Answer, due: Sequence[Fault]
    ) -> web.StreamResponse:
        """Return the whole answer, before it goes on the line."""
        for fault in due:
            kind: Any = fault.kind
            if kind in INSTEAD:
                return instead(
                    kind, request, value=fault.value, headers=fault.headers, body=fault.body
                )
            if kind in PARAMETERS:
                request = misread(kind, request, float(fault.value or 0))
        skew = sum(float(fault.value or 0) for fault in due if fault.kind == "clock")
        with shifted(skew) if skew else nullcontext():
            response = await truth(request)
        if isinstance(response, web.Response):
            for fault in due:
                response = self._altered(fault, request, response)
            self._sum_up(request, response)
        return response

    def _altered(self, fault: Fault, request: web.Request, response: web.Response) -> web.Response:
        kind: Any = fault.kind
        if kind == "stale_cache" and isinstance(response.body, bytes):
            response.body = self._first.setdefault(request.path, response.body)
        if kind not in CONTENT:
            return response
        response = altered(kind, request, response, value=fault.value)
        if response.content_type == "application/zip" and isinstance(response.body, bytes):
            self._sums[request.path] = hashlib.sha256(response.body).hexdigest()
        return response

    def _sum_up(self, request: web.Request, response: web.Response) -> None:
        """Let the checksum of a file that the vendor itself made wrong be right."""
        digest = self._sums.get(request.path.removesuffix(CHECKSUM))
        if digest is not None and request.path.endswith(CHECKSUM) and response.status == 200:
            _, _, name = (response.text or "").partition("  ")
            if not any(each.kind == "checksum" and each.hits(request) for each in self.faults):
                response.text = f"{digest}  {name}"
