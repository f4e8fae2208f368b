"""How a vendor's client is asked in a test: the vendor is a function, nothing of ours is replaced.

``asked(mocked(Okx, vendor, base_url=...), lambda okx: okx.contracts())`` opens the real client over
a transport that hands every request to ``vendor``, asks it, and closes it.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_tests.places import PAYLOADS

C = TypeVar("C", bound=VendorClient)
T = TypeVar("T")

Vendor = Callable[[httpx.Request], Any]
"""Answers a request with a response (or a coroutine of one), or raises what the wire would."""


def mocked(kind: type[C], vendor: Vendor, **options: Any) -> C:
    """Return a client, not yet open: its requests go to ``vendor``, its retries are quick."""
    chosen = {"backoff_seconds": 0.001, **options}
    return kind(transport=httpx.MockTransport(vendor), **chosen)


def asked(client: C, work: Callable[[C], Awaitable[T]]) -> T:
    """Open the client, do the work, close it; returns what the work returned."""

    async def run() -> T:
        async with client:
            return await work(client)

    return asyncio.run(run())


def answers(*responses: httpx.Response | Exception) -> Callable[[httpx.Request], httpx.Response]:
    """Answer with each response in turn, then with the last one forever."""
    left = list(responses)

    def vendor(request: httpx.Request) -> httpx.Response:
        response = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(response, Exception):
            raise response
        return response

    return vendor


def answering(body: Any) -> Callable[[httpx.Request], httpx.Response]:
    """Answer every request with the same JSON."""
    return lambda request: httpx.Response(200, json=body)


@dataclass(frozen=True)
class Payloads:
    """The payload files of one vendor; where each was learnt is in the README beside them."""

    vendor: str

    def json(self, name: str) -> Any:
        """Return a file decoded, anew at each call: a test may change it."""
        return json.loads((PAYLOADS / self.vendor / name).read_bytes())

    def response(self, name: str) -> httpx.Response:
        """Return a file as the vendor's response."""
        return httpx.Response(200, content=(PAYLOADS / self.vendor / name).read_bytes())
