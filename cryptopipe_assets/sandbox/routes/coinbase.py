"""Coinbase Exchange: products and their daily candles."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from cryptopipe_assets.sandbox.contents.contents import Coinbase
from cryptopipe_assets.sandbox.contents.source import UnreadableRecording
from cryptopipe_assets.sandbox.contents.times import DAY, milliseconds
from cryptopipe_assets.sandbox.routes.parameters import json_response
from cryptopipe_assets.sandbox.routes.quota import Declined, Quota

_MOST = 300
_GRANULARITIES = ("60", "300", "900", "3600", "21600", "86400")


class CoinbaseApi:
    """The endpoints under ``/coinbase``.

    Parameters
    ----------
    content
        What there is to tell.
    present
        Returns the served world's time in milliseconds.
    enforce_limits
        Whether an address that asks too much is refused.
    """

    def __init__(
        self, content: Coinbase, present: Callable[[], int], *, enforce_limits: bool
    ) -> None:
        self._content = content
        self._present = present
        self._quota = Quota(10, 1, enforce=enforce_limits)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/coinbase/products", self.products),
            web.get("/coinbase/products/{id}/candles", self.candles),
        ]

    async def products(self, request: web.Request) -> web.Response:
        """Answer with every product."""
        return await self._answer(request, lambda: self._content.products(self._present()))

    async def candles(self, request: web.Request) -> web.Response:
        """Answer with days, newest first: [time (s), low, high, open, close, volume]."""
        return await self._answer(request, lambda: self._days(request, self._present()))

    async def _answer(self, request: web.Request, content: Callable[[], object]) -> web.Response:
        try:
            if self._quota.spend(request.remote or "?") > 0:
                raise Declined(429, {"message": "Public rate limit exceeded"})
            return json_response(await asyncio.to_thread(content))
        except Declined as declined:
            return declined.response()
        except UnreadableRecording as damage:
            return json_response({"message": str(damage)}, 500)

    def _days(self, request: web.Request, now: int) -> object:
        granularity = request.query.get("granularity", "60")
        if granularity not in _GRANULARITIES:
            raise Declined(400, {"message": "Unsupported granularity"})
        if granularity != "86400":
            raise Declined(404, {"message": "the stand-in has daily candles only"})
        last = _instant(request, "end", now)
        first = _instant(request, "start", last // DAY * DAY - (_MOST - 1) * DAY)
        if (last - first) // DAY > _MOST:
            raise Declined(
                400,
                {
                    "message": "granularity too small for the requested time range. "
                    f"Count of aggregations requested exceeds {_MOST}"
                },
            )
        found = self._content.candles(
            request.match_info["id"], start=-(-first // DAY) * DAY, end=last + 1, now=now
        )
        if found is None:
            raise Declined(404, {"message": "NotFound"})
        return found


def _instant(request: web.Request, name: str, default: int) -> int:
    """Return a time in milliseconds, from an ISO instant or UNIX seconds."""
    text = request.query.get(name, "")
    if not text:
        return default
    try:
        if text.isascii() and text.isdigit() and len(text) <= 10:
            return int(text) * 1000
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise Declined(400, {"message": f"invalid {name}"}) from error
    return milliseconds(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
