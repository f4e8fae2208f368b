"""CoinGecko v3 on its two hosts: keyless and demo on one, pro on the other.

A key that contains ``pro`` is a pro key, ``wrong`` is nobody's, any other is a demo key.
"""

from aiohttp import web

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS, MINUTE_MS
from cryptopipe_assets.sandbox.contents.contents import CoinGecko, Row
from cryptopipe_assets.sandbox.contents.source import Source
from cryptopipe_assets.sandbox.contents.times import instant_of
from cryptopipe_assets.sandbox.routes.base import (
    Declined,
    Query,
    StandInApi,
    address,
    endpoint,
    whole,
)

_MOST_ROWS = 250
_CANDLES = {  # days asked for -> width of a candle
    "1": 30 * MINUTE_MS,
    "7": 4 * HOUR_MS,
    "14": 4 * HOUR_MS,
    "30": 4 * HOUR_MS,
    "90": 4 * DAY_MS,
    "180": 4 * DAY_MS,
    "365": 4 * DAY_MS,
    "max": 4 * DAY_MS,
}
# CoinGecko states no number for callers without a key; here the charts of forty coins may pass.
_PER_MINUTE = {"keyless": 300, "demo": 100, "pro": 500}
_HEADERS = {"demo": "x-cg-demo-api-key", "pro": "x-cg-pro-api-key"}
_PRO_HOST = "coingecko-pro"
_WRONG_HOST = {
    "api": (10010, "Pro", "api.coingecko.com", "pro-api.coingecko.com"),
    "pro": (10011, "Demo", "pro-api.coingecko.com", "api.coingecko.com"),
}


class CoinGeckoApi(StandInApi[CoinGecko]):
    """Answers bare, with the same endpoints on both hosts."""

    vendor = "coingecko"
    hosts = ("coingecko", _PRO_HOST)

    @staticmethod
    def content_of(source: Source) -> CoinGecko:
        """Return the coins."""
        return source.contents.coingecko

    def admit(self, request: web.Request, path: str) -> str:
        """Return the plan (``keyless``, ``demo`` or ``pro``) of a request, and count it.

        It is counted even if it is refused.

        Raises
        ------
        Declined
            429 over the limit; 10002 without a valid key where one is needed; 10010 and 10011
            where the key belongs to the other host.
        """
        host = "pro" if request.path.startswith(f"/{_PRO_HOST}/") else "api"
        sent = {plan: request.headers.get(header, "") for plan, header in _HEADERS.items()}
        key = sent["pro"] or sent["demo"]
        plan = "keyless" if not key else "pro" if host == "pro" else "demo"
        limit = (_PER_MINUTE[plan], 60)
        if (wait := self.spend(key or address(request), family=plan, limit=limit)) > 0:
            message = "You've exceeded the Rate Limit. Please visit our API pricing page."
            raise Declined(429, message, code=429, wait=wait)
        if key == "wrong" or (host == "pro" and not key):
            raise Declined(401, "API Key Missing", code=10002)
        right = "pro" in sent["pro"].lower() if host == "pro" else not sent["pro"]
        if not right or (host == "api" and "pro" in sent["demo"].lower()):
            code, kind, asked, other = _WRONG_HOST[host]
            message = f"If you are using {kind} API key, please change your root URL from "
            raise Declined(400, f"{message}{asked} to {other}", code=code)
        return plan

    def error(self, declined: Declined, now: int) -> Row:
        """Return the body of a refusal, which nests in four ways."""
        code, message = declined.code, str(declined)
        if code is None:
            return {"error": message}
        stamp = instant_of(now).isoformat(timespec="milliseconds")
        told: Row = {"timestamp": stamp, "error_code": code}
        if code in (10010, 10011):
            return {**told, "status": {"error_message": message}}
        body = {"status": {**told, "error_message": message}}
        return {"error": body} if code == 10012 else body

    @endpoint("/api/v3/ping")
    def _ping(self, query: Query) -> Row:
        return {"gecko_says": "(V3) To the Moon!"}

    @endpoint("/api/v3/coins/markets")
    def _markets(self, query: Query) -> list[Row]:
        _dollars(query)
        size = _number(query, "per_page", default=100, most=_MOST_ROWS)
        page = _number(query, "page", default=1, most=10_000)
        rows = self.content.markets(query.now)
        if query.text("ids"):
            wanted = set(query.text("ids").split(","))
            rows = [row for row in rows if row["id"] in wanted]
        return rows[(page - 1) * size : page * size]

    @endpoint("/api/v3/coins/{id}/market_chart")
    def _market_chart(self, query: Query) -> dict[str, list[list[float]]]:
        coin, days = self._past(query)
        daily = query.text("interval") == "daily" or days > 90
        width = DAY_MS if daily else HOUR_MS if days > 1 else 5 * MINUTE_MS
        start = query.now - days * DAY_MS
        found = self.content.chart(coin, start=start, width=width, now=query.now)
        if found is None:
            raise Declined(404, "this source has no recording of such points")
        return found

    @endpoint("/api/v3/coins/{id}/ohlc")
    def _ohlc(self, query: Query) -> list[list[float]]:
        coin, days = self._past(query)
        width = _CANDLES.get(query.text("days"))
        if width is None:
            raise Declined(422, f"days must be one of {', '.join(_CANDLES)}")
        if "interval" in query.request.query:
            if query.caller != "pro" or query.text("interval") != "daily":
                raise Declined(400, "invalid interval parameter")
            width = DAY_MS
        start = query.now - days * DAY_MS
        found = self.content.candles(coin, start=start, width=width, now=query.now)
        if found is None:
            raise Declined(404, "this source has no recording of such candles")
        return found

    def _past(self, query: Query) -> tuple[str, int]:
        """Return whose history is asked, and of how many days."""
        coin = query.part("id")
        if not self.content.known(coin, query.now):
            raise Declined(404, "coin not found")
        _dollars(query)
        return coin, _days(query)


def _dollars(query: Query) -> None:
    currency = query.request.query.get("vs_currency")
    if currency is None:
        raise Declined(422, "Missing parameter vs_currency")
    if currency != "usd":
        raise Declined(422, "invalid vs_currency")


def _number(query: Query, name: str, *, default: int, most: int) -> int:
    """Return a number of at least 1; like the vendor, cut what is too large."""
    number = whole(query.text(name, str(default)), least=1)
    if number is None:
        raise Declined(422, f"invalid {name}")
    return min(number, most)


def _days(query: Query) -> int:
    """Return how far back is asked; without a paid plan a year is as far as it goes."""
    text = query.request.query.get("days")
    if text is None:
        raise Declined(422, "Missing parameter days")
    days = query.now // DAY_MS if text == "max" else whole(text, least=1, most=36_500)
    if days is None:
        raise Declined(422, "invalid days")
    if query.caller != "pro" and days > 365:
        raise Declined(
            401,
            "Your request exceeds the allowed time range. Public API users are limited to querying "
            "historical data within the past 365 days. Upgrade to a paid plan to enjoy full "
            "historical data access: https://www.coingecko.com/en/api/pricing.",
            code=10012,
        )
    return days
