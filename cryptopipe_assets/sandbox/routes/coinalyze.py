"""Coinalyze v1: markets, open interest, funding and liquidations, for a key."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from cryptopipe_assets.sandbox.contents.contents import Coinalyze, Row
from cryptopipe_assets.sandbox.contents.source import UnreadableRecording
from cryptopipe_assets.sandbox.contents.times import DAY, HOUR, MINUTE
from cryptopipe_assets.sandbox.routes.parameters import json_response
from cryptopipe_assets.sandbox.routes.quota import Declined, Quota

MOST_SYMBOLS = 20
_PER_MINUTE = 40
_KEPT = 2000  # bars of every interval but the daily one; older ones are deleted
_WIDTHS = {
    "1min": MINUTE,
    "5min": 5 * MINUTE,
    "15min": 15 * MINUTE,
    "30min": 30 * MINUTE,
    "1hour": HOUR,
    "2hour": 2 * HOUR,
    "4hour": 4 * HOUR,
    "6hour": 6 * HOUR,
    "12hour": 12 * HOUR,
    "daily": DAY,
}


class CoinalyzeApi:
    """The endpoints under ``/coinalyze``. Any key is accepted, except none and ``wrong``.

    Parameters
    ----------
    content
        What there is to tell.
    present
        Returns the served world's time in milliseconds.
    enforce_limits
        Whether a key that asks too much is refused.
    """

    def __init__(
        self, content: Coinalyze, present: Callable[[], int], *, enforce_limits: bool
    ) -> None:
        self._content = content
        self._present = present
        self._quota = Quota(_PER_MINUTE, 60, enforce=enforce_limits)
        self._endpoints: dict[str, Callable[[web.Request, int], list[Row]]] = {
            "/v1/future-markets": lambda _, now: self._content.markets(now),
            "/v1/open-interest": self._open_interest,
            "/v1/funding-rate": self._funding_rate,
            "/v1/open-interest-history": self._open_interest_history,
            "/v1/funding-rate-history": self._funding_rate_history,
            "/v1/liquidation-history": self._liquidation_history,
        }

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.get("/coinalyze{path:/.*}", self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        """Check the key, count each symbol as a call, then answer."""
        endpoint = self._endpoints.get(request.match_info["path"])
        try:
            key = request.headers.get("api_key") or request.query.get("api_key", "")
            if key in ("", "wrong"):
                raise _declined(401, "Invalid/Missing API key")
            if endpoint is None:
                raise _declined(404, "Not found")
            cost = max(len(_symbols(request)), 1)
            if (wait := self._quota.spend(key, cost)) > 0:
                raise _declined(429, "Too Many Requests", wait=wait)
            return json_response(await asyncio.to_thread(endpoint, request, self._present()))
        except Declined as declined:
            return declined.response()
        except UnreadableRecording as damage:
            return _declined(500, str(damage)).response()

    def _open_interest(self, request: web.Request, now: int) -> list[Row]:
        usd = _usd(request)
        return _values(
            request, now, lambda symbol: self._content.open_interest(symbol, usd=usd, now=now)
        )

    def _funding_rate(self, request: web.Request, now: int) -> list[Row]:
        return _values(request, now, lambda symbol: self._content.funding_rate(symbol, now))

    def _open_interest_history(self, request: web.Request, now: int) -> list[Row]:
        width, start, end = _window(request, now)
        usd = _usd(request)

        def bars(symbol: str) -> list[Row]:
            found = self._content.open_interest_bars(
                symbol, width, start=start, end=end, usd=usd, now=now
            )
            return _named("tohlc", found)

        return _histories(request, bars)

    def _funding_rate_history(self, request: web.Request, now: int) -> list[Row]:
        width, start, end = _window(request, now)

        def bars(symbol: str) -> list[Row]:
            found = self._content.funding_bars(symbol, width, start=start, end=end, now=now)
            return _named("tohlc", found)

        return _histories(request, bars)

    def _liquidation_history(self, request: web.Request, now: int) -> list[Row]:
        width, start, end = _window(request, now)
        usd = _usd(request)

        def bars(symbol: str) -> list[Row]:
            found = self._content.liquidation_bars(
                symbol, width, start=start, end=end, usd=usd, now=now
            )
            return _named("tls", found)

        return _histories(request, bars)


def _declined(status: int, message: str, *, wait: float = 0.0) -> Declined:
    return Declined(status, {"message": message}, wait=wait)


def _symbols(request: web.Request) -> list[str]:
    found = [each for each in request.query.get("symbols", "").split(",") if each]
    if len(found) > MOST_SYMBOLS:
        raise _declined(400, f"'symbols' accepts at most {MOST_SYMBOLS} symbols")
    return found


def _asked(request: web.Request) -> list[str]:
    """Return the symbols of a request that must have some."""
    if not (found := _symbols(request)):
        raise _declined(400, "'symbols' is required")
    return found


def _usd(request: web.Request) -> bool:
    text = request.query.get("convert_to_usd", "false")
    if text not in ("true", "false"):
        raise _declined(400, "'convert_to_usd' must be true or false")
    return text == "true"


def _window(request: web.Request, now: int) -> tuple[int, int, int]:
    """Return width, start and end (exclusive) in milliseconds, as far back as bars are kept."""
    width = _WIDTHS.get(request.query.get("interval", ""))
    if width is None:
        raise _declined(400, f"'interval' must be one of {', '.join(_WIDTHS)}")
    edges = []
    for name in ("from", "to"):
        text = request.query.get(name, "")
        if not (text.isascii() and text.isdigit() and len(text) <= 10):
            raise _declined(400, f"'{name}' must be a UNIX timestamp in seconds")
        edges.append(int(text) * 1000)
    oldest = 0 if width == DAY else (now // width - _KEPT + 1) * width
    return width, max(edges[0], oldest), edges[1] + 1


def _values(request: web.Request, now: int, value: Callable[[str], float | None]) -> list[Row]:
    """Return the present of each symbol; one without data is left out."""
    found = [(symbol, value(symbol)) for symbol in _asked(request)]
    return [
        {"symbol": symbol, "value": number, "update": now}
        for symbol, number in found
        if number is not None
    ]


def _histories(request: web.Request, bars: Callable[[str], list[Row]]) -> list[Row]:
    """Return the bars of each symbol; one without data is left out."""
    found = [(symbol, bars(symbol)) for symbol in _asked(request)]
    return [{"symbol": symbol, "history": history} for symbol, history in found if history]


def _named(names: str, bars: list[Any]) -> list[Row]:
    """Give each number its one-letter name; times become seconds."""
    return [{**dict(zip(names, bar, strict=True)), "t": bar[0] // 1000} for bar in bars]
