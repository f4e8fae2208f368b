"""CoinGecko v3 on its two hosts: keyless and demo on one, pro on the other."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from cryptopipe_assets.sandbox.contents.contents import CoinGecko
from cryptopipe_assets.sandbox.contents.source import UnreadableRecording
from cryptopipe_assets.sandbox.contents.times import DAY, HOUR, MINUTE
from cryptopipe_assets.sandbox.routes.coingecko_plans import Plans, declined
from cryptopipe_assets.sandbox.routes.parameters import json_response
from cryptopipe_assets.sandbox.routes.quota import Declined

_MOST_ROWS = 250
_CANDLES = {  # days asked for -> width of a candle
    "1": 30 * MINUTE,
    "7": 4 * HOUR,
    "14": 4 * HOUR,
    "30": 4 * HOUR,
    "90": 4 * DAY,
    "180": 4 * DAY,
    "365": 4 * DAY,
    "max": 4 * DAY,
}


class CoinGeckoApi:
    """The endpoints under ``/coingecko`` (api host) and ``/coingecko-pro`` (pro-api host).

    Parameters
    ----------
    content
        What there is to tell.
    present
        Returns the served world's time in milliseconds.
    enforce_limits
        Whether a caller that asks too much is refused.
    """

    def __init__(
        self, content: CoinGecko, present: Callable[[], int], *, enforce_limits: bool
    ) -> None:
        self._content = content
        self._present = present
        self._plans = Plans(enforce_limits=enforce_limits)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, the same on both hosts."""
        return [
            web.get(f"/{{host:coingecko(?:-pro)?}}/api/v3/{path}", self._answering(endpoint))
            for path, endpoint in (
                ("ping", self._ping),
                ("coins/markets", self._markets),
                ("coins/{id}/market_chart", self._market_chart),
                ("coins/{id}/ohlc", self._ohlc),
            )
        ]

    def _answering(
        self, endpoint: Callable[[web.Request, int, str], object]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            now = self._present()
            try:
                plan = self._plans.admit(request, now)
                return json_response(await asyncio.to_thread(endpoint, request, now, plan))
            except Declined as refusal:
                return refusal.response()
            except UnreadableRecording as damage:
                return json_response({"error": str(damage)}, 500)

        return answer

    def _ping(self, request: web.Request, now: int, plan: str) -> object:
        return {"gecko_says": "(V3) To the Moon!"}

    def _markets(self, request: web.Request, now: int, plan: str) -> object:
        _dollars(request)
        size = _number(request, "per_page", default=100, most=_MOST_ROWS)
        page = _number(request, "page", default=1, most=10_000)
        rows = self._content.markets(now)
        if request.query.get("ids"):
            wanted = set(request.query["ids"].split(","))
            rows = [row for row in rows if row["id"] in wanted]
        return rows[(page - 1) * size : page * size]

    def _market_chart(self, request: web.Request, now: int, plan: str) -> object:
        coin = self._coin(request, now)
        _dollars(request)
        days = _days(request, plan, now)
        daily = request.query.get("interval") == "daily" or days > 90
        width = DAY if daily else HOUR if days > 1 else 5 * MINUTE
        found = self._content.chart(coin, start=now - days * DAY, width=width, now=now)
        if found is None:
            raise Declined(404, {"error": "this source has no recording of such points"})
        return found

    def _ohlc(self, request: web.Request, now: int, plan: str) -> object:
        coin = self._coin(request, now)
        _dollars(request)
        days = _days(request, plan, now)
        width = _CANDLES.get(request.query["days"])
        if width is None:
            raise Declined(422, {"error": f"days must be one of {', '.join(_CANDLES)}"})
        if "interval" in request.query:
            if plan != "pro" or request.query["interval"] != "daily":
                raise Declined(400, {"error": "invalid interval parameter"})
            width = DAY
        found = self._content.candles(coin, start=now - days * DAY, width=width, now=now)
        if found is None:
            raise Declined(404, {"error": "this source has no recording of such candles"})
        return found

    def _coin(self, request: web.Request, now: int) -> str:
        coin = request.match_info["id"]
        if not self._content.known(coin, now):
            raise Declined(404, {"error": "coin not found"})
        return coin


def _dollars(request: web.Request) -> None:
    currency = request.query.get("vs_currency")
    if currency is None:
        raise Declined(422, {"error": "Missing parameter vs_currency"})
    if currency != "usd":
        raise Declined(422, {"error": "invalid vs_currency"})


def _number(request: web.Request, name: str, *, default: int, most: int) -> int:
    """Return a number of at least 1; like the vendor, cut what is too large."""
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 12) or int(text) < 1:
        raise Declined(422, {"error": f"invalid {name}"})
    return min(int(text), most)


def _days(request: web.Request, plan: str, now: int) -> int:
    """Return how far back is asked; without a paid plan a year is as far as it goes."""
    text = request.query.get("days")
    if text is None:
        raise Declined(422, {"error": "Missing parameter days"})
    if text != "max" and not (text.isascii() and text.isdigit() and 1 <= int(text) <= 36_500):
        raise Declined(422, {"error": "invalid days"})
    days = now // DAY if text == "max" else int(text)
    if plan != "pro" and days > 365:
        raise declined(
            401,
            10012,
            "Your request exceeds the allowed time range. Public API users are limited to querying "
            "historical data within the past 365 days. Upgrade to a paid plan to enjoy full "
            "historical data access: https://www.coingecko.com/en/api/pricing.",
            now=now,
        )
    return days
