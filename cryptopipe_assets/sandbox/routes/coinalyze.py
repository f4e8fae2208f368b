"""Coinalyze v1: markets, open interest, funding and liquidations, for a key."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS, MINUTE_MS
from cryptopipe_assets.sandbox.contents.contents import Coinalyze, Row
from cryptopipe_assets.sandbox.contents.source import Source
from cryptopipe_assets.sandbox.routes.base import Declined, Query, StandInApi, endpoint, whole

MOST_SYMBOLS = 20
_KEPT = 2000  # bars of every interval but the daily one; older ones are deleted
_WIDTHS = {
    "1min": MINUTE_MS,
    "5min": 5 * MINUTE_MS,
    "15min": 15 * MINUTE_MS,
    "30min": 30 * MINUTE_MS,
    "1hour": HOUR_MS,
    "2hour": 2 * HOUR_MS,
    "4hour": 4 * HOUR_MS,
    "6hour": 6 * HOUR_MS,
    "12hour": 12 * HOUR_MS,
    "daily": DAY_MS,
}


class CoinalyzeApi(StandInApi[Coinalyze]):
    """Answers bare; a refusal is a message. Any key is accepted, except none and ``wrong``."""

    vendor = "coinalyze"
    limit = (40, 60)  # symbols of a key

    @staticmethod
    def content_of(source: Source) -> Coinalyze:
        """Return the futures data."""
        return source.contents.coinalyze

    def admit(self, request: web.Request, path: str) -> str:
        """Check the key, then count each symbol as a call."""
        key = request.headers.get("api_key") or request.query.get("api_key", "")
        if key in ("", "wrong"):
            raise Declined(401, "Invalid/Missing API key")
        if not path:
            raise self.unknown(request.path)
        cost = max(len(_symbols(request)), 1)
        if (wait := self.spend(key, cost)) > 0:
            raise self.too_often(wait)
        return key

    def unknown(self, path: str) -> Declined:
        """Return a 404."""
        return Declined(404, "Not found")

    def error(self, declined: Declined, now: int) -> Row:
        """Return the message."""
        return {"message": str(declined)}

    @endpoint("/v1/future-markets")
    def _markets(self, query: Query) -> list[Row]:
        return self.content.markets(query.now)

    @endpoint("/v1/open-interest")
    def _open_interest(self, query: Query) -> list[Row]:
        usd, now = _usd(query), query.now
        return _values(query, lambda symbol: self.content.open_interest(symbol, usd=usd, now=now))

    @endpoint("/v1/funding-rate")
    def _funding_rate(self, query: Query) -> list[Row]:
        return _values(query, lambda symbol: self.content.funding_rate(symbol, query.now))

    @endpoint("/v1/open-interest-history")
    def _open_interest_history(self, query: Query) -> list[Row]:
        width, window = _window(query)
        usd = _usd(query)
        return _histories(
            query,
            "tohlc",
            lambda symbol: self.content.open_interest_bars(symbol, width, **window, usd=usd),
        )

    @endpoint("/v1/funding-rate-history")
    def _funding_rate_history(self, query: Query) -> list[Row]:
        width, window = _window(query)
        return _histories(
            query, "tohlc", lambda symbol: self.content.funding_bars(symbol, width, **window)
        )

    @endpoint("/v1/liquidation-history")
    def _liquidation_history(self, query: Query) -> list[Row]:
        width, window = _window(query)
        usd = _usd(query)
        return _histories(
            query,
            "tls",
            lambda symbol: self.content.liquidation_bars(symbol, width, **window, usd=usd),
        )


def _symbols(request: web.Request) -> list[str]:
    found = [each for each in request.query.get("symbols", "").split(",") if each]
    if len(found) > MOST_SYMBOLS:
        raise Declined(400, f"'symbols' accepts at most {MOST_SYMBOLS} symbols")
    return found


def _asked(query: Query) -> list[str]:
    """Return the symbols of a request that must have some."""
    if not (found := _symbols(query.request)):
        raise Declined(400, "'symbols' is required")
    return found


def _usd(query: Query) -> bool:
    text = query.text("convert_to_usd", "false")
    if text not in ("true", "false"):
        raise Declined(400, "'convert_to_usd' must be true or false")
    return text == "true"


def _window(query: Query) -> tuple[int, dict[str, int]]:
    """Return width, and start, end (exclusive) and now, in ms, as far back as bars are kept."""
    width = _WIDTHS.get(query.text("interval"))
    if width is None:
        raise Declined(400, f"'interval' must be one of {', '.join(_WIDTHS)}")
    edges = []
    for name in ("from", "to"):
        text = query.text(name)
        if len(text) > 10 or (seconds := whole(text)) is None:
            raise Declined(400, f"'{name}' must be a UNIX timestamp in seconds")
        edges.append(seconds * 1000)
    oldest = 0 if width == DAY_MS else (query.now // width - _KEPT + 1) * width
    return width, {"start": max(edges[0], oldest), "end": edges[1] + 1, "now": query.now}


def _values(query: Query, value: Callable[[str], float | None]) -> list[Row]:
    """Return the present of each symbol; one without data is left out."""
    found = [(symbol, value(symbol)) for symbol in _asked(query)]
    return [
        {"symbol": symbol, "value": number, "update": query.now}
        for symbol, number in found
        if number is not None
    ]


def _histories(query: Query, names: str, bars: Callable[[str], list[Any]]) -> list[Row]:
    """Return the bars of each symbol, every number with its one-letter name, times in seconds.

    A symbol without data is left out.
    """
    found = [(symbol, bars(symbol)) for symbol in _asked(query)]
    return [
        {
            "symbol": symbol,
            "history": [
                {**dict(zip(names, bar, strict=True)), "t": bar[0] // 1000} for bar in history
            ],
        }
        for symbol, history in found
        if history
    ]
