"""CoinMarketCap: latest and historical listings and quotes by id, for a key and credits."""

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import date, datetime

from aiohttp import web

from cryptopipe_assets.sandbox.contents.contents import CoinMarketCap, Row
from cryptopipe_assets.sandbox.contents.source import UnreadableRecording
from cryptopipe_assets.sandbox.contents.times import instant_of
from cryptopipe_assets.sandbox.routes.parameters import json_response
from cryptopipe_assets.sandbox.routes.quota import Declined, Quota

_PER_MINUTE = 30
_MONTH_SECONDS = 30 * 86_400
_MOST_ROWS = 5000


class CoinMarketCapApi:
    """The endpoints under ``/coinmarketcap``. Any key is accepted, except none and ``wrong``.

    Parameters
    ----------
    content
        What there is to tell.
    present
        Returns the served world's time in milliseconds.
    enforce_limits
        Whether a key that asks too much is refused.
    credits_per_month
        What a key may spend in thirty days.
    """

    def __init__(
        self,
        content: CoinMarketCap,
        present: Callable[[], int],
        *,
        enforce_limits: bool,
        credits_per_month: int = 10_000,
    ) -> None:
        self._content = content
        self._present = present
        self._minute = Quota(_PER_MINUTE, 60, enforce=enforce_limits)
        self._credits = Quota(credits_per_month, _MONTH_SECONDS, enforce=enforce_limits)
        self._endpoints: dict[str, Callable[[web.Request, int], tuple[object, int]]] = {
            "/v1/cryptocurrency/listings/latest": self._latest,
            "/v1/cryptocurrency/listings/historical": self._historical,
            "/v2/cryptocurrency/quotes/latest": self._quotes,
        }

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.get("/coinmarketcap{path:/.*}", self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        """Answer in the envelope of status and data; an error has no data."""
        endpoint, now = self._endpoints.get(request.match_info["path"]), self._present()
        try:
            key = self._admit(request)
            if endpoint is None:
                raise _Wrong(404, 404, "Not Found")
            data, credit = await asyncio.to_thread(endpoint, request, now)
            if self._credits.spend(key, credit) > 0:
                raise _Wrong(429, 1010, "You've exceeded your API Key's monthly credit limit.")
        except _Wrong as wrong:
            body = {"status": _status(now, wrong.code, str(wrong), 0)}
            return Declined(wrong.status, body, wait=wrong.wait).response()
        except UnreadableRecording as damage:
            return json_response({"status": _status(now, 500, str(damage), 0)}, 500)
        return json_response({"status": _status(now, 0, None, credit), "data": data})

    def _admit(self, request: web.Request) -> str:
        key = request.headers.get("X-CMC_PRO_API_KEY", "")
        if not key:
            raise _Wrong(401, 1002, "API key missing.")
        if key == "wrong":
            raise _Wrong(401, 1001, "This API Key is invalid.")
        if (wait := self._minute.spend(key)) > 0:
            message = "You've exceeded your API Key's HTTP request rate limit."
            raise _Wrong(429, 1008, f"{message} Rate limits reset every minute.", wait=wait)
        return key

    def _latest(self, request: web.Request, now: int) -> tuple[object, int]:
        return _page(request, self._content.latest(now))

    def _historical(self, request: web.Request, now: int) -> tuple[object, int]:
        rows = self._content.historical(_day(request), now)
        if rows is None:
            raise _Wrong(400, 400, 'Search query is out of range: no snapshot of this "date".')
        return _page(request, rows)

    def _quotes(self, request: web.Request, now: int) -> tuple[object, int]:
        """Quote by ``id`` (one object each) or ``symbol`` (a list each, as tickers repeat)."""
        _dollars(request)
        rows = self._content.latest(now)
        name = next((each for each in ("id", "symbol") if request.query.get(each)), None)
        if name is None:
            raise _Wrong(400, 400, '"value" must contain at least one of [id, symbol]')
        asked = request.query[name].split(",")
        if name == "id":
            by_id = {str(row["id"]): row for row in rows}
            found: Row = {each: by_id[each] for each in asked if each in by_id}
        else:
            lists = {each: [row for row in rows if row["symbol"] == each] for each in asked}
            found = {each: several for each, several in lists.items() if several}
        missing = sorted(set(asked) - set(found))
        strict = request.query.get("skip_invalid", "true") == "false"
        if missing and (strict or not found):
            raise _Wrong(400, 400, f'Invalid value for "{name}": "{missing[0]}"')
        return found, max(math.ceil(len(found) / 100), 1)


class _Wrong(Exception):
    """HTTP status, CoinMarketCap's code and message, seconds to wait."""

    def __init__(self, status: int, code: int, message: str, *, wait: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.wait = wait


def _status(now: int, code: int, message: str | None, credit: int) -> Row:
    return {
        "timestamp": f"{instant_of(now):%Y-%m-%dT%H:%M:%S}.{now % 1000:03}Z",
        "error_code": code,
        "error_message": message,
        "elapsed": 1,
        "credit_count": credit,
        "notice": None,
    }


def _dollars(request: web.Request) -> None:
    convert = request.query.get("convert", "USD")
    if convert != "USD":
        raise _Wrong(400, 400, f'Invalid value for "convert": "{convert}"')


def _page(request: web.Request, rows: Sequence[Row]) -> tuple[object, int]:
    """Return rows ``start`` (from 1) to ``start + limit``, and their price in credits."""
    _dollars(request)
    start = _number(request, "start", default=1, most=10_000_000)
    limit = _number(request, "limit", default=100, most=_MOST_ROWS)
    found = rows[start - 1 : start - 1 + limit]
    return found, max(math.ceil(len(found) / 200), 1)


def _number(request: web.Request, name: str, *, default: int, most: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 12) or not 1 <= int(text) <= most:
        raise _Wrong(400, 400, f'"{name}" must be an integer from 1 to {most}')
    return int(text)


def _day(request: web.Request) -> date:
    """Return the day asked for, from a date, an ISO instant or UNIX seconds."""
    text = request.query.get("date", "")
    try:
        if text.isascii() and text.isdigit() and len(text) == 10:
            return instant_of(int(text) * 1000).date()
        return datetime.fromisoformat(text).date()
    except ValueError as error:
        raise _Wrong(400, 400, '"date" must be a valid ISO 8601 timestamp or unix time') from error
