"""CoinMarketCap: latest and historical listings and quotes by id, for a key and credits."""

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime

from aiohttp import web

from cryptopipe_assets.sandbox.contents.contents import CoinMarketCap, Row
from cryptopipe_assets.sandbox.contents.source import Source
from cryptopipe_assets.sandbox.contents.times import instant_of
from cryptopipe_assets.sandbox.routes.base import Declined, Query, StandInApi, endpoint, whole

_MONTH_SECONDS = 30 * 86_400
_MOST_ROWS = 5000
Priced = tuple[object, int]  # data, and what they cost in credits


class CoinMarketCapApi(StandInApi[CoinMarketCap]):
    """Answers in the envelope of status and data; an error has no data.

    Any key is accepted, except none and ``wrong``.

    Parameters
    ----------
    content, present, enforce_limits
        As of ``StandInApi``.
    credits_per_month
        What a key may spend in thirty days.
    """

    vendor = "coinmarketcap"
    limit = (30, 60)  # calls of a key

    def __init__(
        self,
        content: CoinMarketCap,
        present: Callable[[], int],
        *,
        enforce_limits: bool,
        credits_per_month: int = 10_000,
    ) -> None:
        super().__init__(content, present, enforce_limits=enforce_limits)
        self._credits = (credits_per_month, _MONTH_SECONDS)

    @staticmethod
    def content_of(source: Source) -> CoinMarketCap:
        """Return the listings."""
        return source.contents.coinmarketcap

    def admit(self, request: web.Request, path: str) -> str:
        """Check the key, then count its call."""
        key = request.headers.get("X-CMC_PRO_API_KEY", "")
        if not key:
            raise Declined(401, "API key missing.", code=1002)
        if key == "wrong":
            raise Declined(401, "This API Key is invalid.", code=1001)
        if (wait := self.spend(key)) > 0:
            message = "You've exceeded your API Key's HTTP request rate limit."
            raise Declined(429, f"{message} Rate limits reset every minute.", code=1008, wait=wait)
        return key

    def unknown(self, path: str) -> Declined:
        """Return a 404."""
        return Declined(404, "Not Found")

    def envelope(self, found: object, query: Query) -> Row:
        """Return data and status, once their credits are paid."""
        assert isinstance(found, tuple)  # endpoints return Priced
        data, credit = found
        if self.spend(query.caller, credit, family="credits", limit=self._credits) > 0:
            message = "You've exceeded your API Key's monthly credit limit."
            raise Declined(429, message, code=1010)
        return {"status": _status(query.now, 0, None, credit), "data": data}

    def error(self, declined: Declined, now: int) -> Row:
        """Return a status without data."""
        code = declined.status if declined.code is None else declined.code
        return {"status": _status(now, code, str(declined), 0)}

    @endpoint("/v1/cryptocurrency/listings/latest")
    def _latest(self, query: Query) -> Priced:
        return _page(query, self.content.latest(query.now))

    @endpoint("/v1/cryptocurrency/listings/historical")
    def _historical(self, query: Query) -> Priced:
        rows = self.content.historical(_day(query), query.now)
        if rows is None:
            raise Declined(400, 'Search query is out of range: no snapshot of this "date".')
        return _page(query, rows)

    @endpoint("/v2/cryptocurrency/quotes/latest")
    def _quotes(self, query: Query) -> Priced:
        """Quote by ``id`` (one object each) or ``symbol`` (a list each, as tickers repeat)."""
        _dollars(query)
        rows = self.content.latest(query.now)
        name = next((each for each in ("id", "symbol") if query.text(each)), None)
        if name is None:
            raise Declined(400, '"value" must contain at least one of [id, symbol]')
        asked = query.text(name).split(",")
        if name == "id":
            by_id = {str(row["id"]): row for row in rows}
            found: Row = {each: by_id[each] for each in asked if each in by_id}
        else:
            lists = {each: [row for row in rows if row["symbol"] == each] for each in asked}
            found = {each: several for each, several in lists.items() if several}
        missing = sorted(set(asked) - set(found))
        strict = query.text("skip_invalid", "true") == "false"
        if missing and (strict or not found):
            raise Declined(400, f'Invalid value for "{name}": "{missing[0]}"')
        return found, max(math.ceil(len(found) / 100), 1)


def _status(now: int, code: int | str, message: str | None, credit: int) -> Row:
    return {
        "timestamp": f"{instant_of(now):%Y-%m-%dT%H:%M:%S}.{now % 1000:03}Z",
        "error_code": code,
        "error_message": message,
        "elapsed": 1,
        "credit_count": credit,
        "notice": None,
    }


def _dollars(query: Query) -> None:
    convert = query.text("convert", "USD")
    if convert != "USD":
        raise Declined(400, f'Invalid value for "convert": "{convert}"')


def _page(query: Query, rows: Sequence[Row]) -> Priced:
    """Return rows ``start`` (from 1) to ``start + limit``, and their price in credits."""
    _dollars(query)
    start = _number(query, "start", default=1, most=10_000_000)
    limit = _number(query, "limit", default=100, most=_MOST_ROWS)
    found = rows[start - 1 : start - 1 + limit]
    return found, max(math.ceil(len(found) / 200), 1)


def _number(query: Query, name: str, *, default: int, most: int) -> int:
    number = whole(query.text(name, str(default)), least=1, most=most)
    if number is None:
        raise Declined(400, f'"{name}" must be an integer from 1 to {most}')
    return number


def _day(query: Query) -> date:
    """Return the day asked for, from a date, an ISO instant or UNIX seconds."""
    text = query.text("date")
    try:
        if len(text) == 10 and (seconds := whole(text)) is not None:
            return instant_of(seconds * 1000).date()
        return datetime.fromisoformat(text).date()
    except ValueError as error:
        raise Declined(400, '"date" must be a valid ISO 8601 timestamp or unix time') from error
