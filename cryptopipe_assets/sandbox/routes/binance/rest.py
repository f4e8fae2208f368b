"""Binance USD-M futures REST: the public market-data endpoints."""

from collections.abc import Callable, Sequence
from heapq import merge
from itertools import islice

from aiohttp import web

from cryptopipe_assets.sandbox.contents.source import Settlement, Source
from cryptopipe_assets.sandbox.routes.base import (
    Declined,
    Query,
    StandInApi,
    address,
    endpoint,
    whole,
)
from cryptopipe_assets.sandbox.routes.binance import responses
from cryptopipe_assets.sandbox.routes.binance.limits import Limits
from cryptopipe_assets.sandbox.routes.binance.open_interest import interest_history
from cryptopipe_assets.sandbox.routes.binance.parameters import (
    known_interval,
    known_symbol,
    limit,
    mandatory,
    refused,
    window,
)

_NEWEST_SETTLEMENTS = 200  # what fundingRate returns without startTime, whatever the limit
_NO_INTEREST = "this source has no recording of the present"


class BinanceRest(StandInApi[Source]):
    """Answers bare; a refusal has code and message.

    Weights are reported whether or not limits are enforced.
    """

    vendor = "binance"

    def __init__(
        self, content: Source, present: Callable[[], int], *, enforce_limits: bool
    ) -> None:
        super().__init__(content, present, enforce_limits=enforce_limits)
        self._limits: dict[str, Limits] = {}

    @staticmethod
    def content_of(source: Source) -> Source:
        """Return the source itself."""
        return source

    @classmethod
    def counted_as(cls, parts: Sequence[str]) -> str:
        """Name an endpoint by the last part of its path."""
        return parts[-1]

    async def answer(self, path: str, request: web.Request) -> web.Response:
        """Answer or refuse, and report the weight that was used."""
        response = await super().answer(path, request)
        used = self._limits[address(request)].weight.used
        response.headers["X-MBX-USED-WEIGHT-1M"] = str(used)
        return response

    def admit(self, request: web.Request, path: str) -> str:
        """Count the weight of a call, which an unknown path has too."""
        caller = address(request)
        limits = self._limits.setdefault(caller, Limits(caller))
        name = request.path.rsplit("/", 1)[-1]
        statistics = request.path.startswith("/binance/futures/data/")
        weight = 0 if statistics else _weight(name, request)
        count = limits.spend if self.enforces_limits else limits.count
        refusal = count(
            weight, funding=name in ("fundingRate", "fundingInfo"), statistics=statistics
        )
        if refusal:
            raise Declined(refusal.status, refusal.message, code=-1003, wait=refusal.wait)
        return caller

    def unknown(self, path: str) -> Declined:
        """Return Binance's 404."""
        below = path.removeprefix("/binance")
        return Declined(404, f"Path {below}, Method GET is invalid", code=-5000)

    def error(self, declined: Declined, now: int) -> dict[str, object]:
        """Return code and message."""
        return {"code": -1000 if declined.code is None else declined.code, "msg": str(declined)}

    @endpoint("/fapi/v1/ping")
    def _ping(self, query: Query) -> object:
        return {}

    @endpoint("/fapi/v1/time")
    def _time(self, query: Query) -> object:
        return {"serverTime": query.now}

    @endpoint("/fapi/v1/exchangeInfo")
    def _exchange_info(self, query: Query) -> object:
        return responses.exchange_info(self.content.instruments(query.now), query.now)

    @endpoint("/fapi/v1/klines")
    def _klines(self, query: Query) -> str:
        symbol = known_symbol(self.content, mandatory(query, "symbol"), query.now)
        interval = known_interval(self.content, mandatory(query, "interval"))
        rows = limit(query, default=500, most=1500)
        start, end = window(query)
        if start is None:
            found = self.content.klines_until(symbol, interval, end=end, limit=rows, now=query.now)
        else:
            found = self.content.klines_from(
                symbol, interval, start=start, end=end, limit=rows, now=query.now
            )
        return responses.klines(found)

    @endpoint("/fapi/v1/fundingRate")
    def _funding_rate(self, query: Query) -> object:
        rows = limit(query, default=100, most=1000)
        start, end = window(query)
        symbols = self._symbols(query)
        if start is None:
            newest = [
                self.content.settlements_until(each, end=end, now=query.now) for each in symbols
            ]
            backward = merge(*newest, key=_by_time, reverse=True)
            return responses.funding_rates(list(islice(backward, _NEWEST_SETTLEMENTS))[::-1])
        oldest = [
            self.content.settlements_from(each, start=start, end=end, now=query.now)
            for each in symbols
        ]
        return responses.funding_rates(islice(merge(*oldest, key=_by_time), rows))

    def _symbols(self, query: Query) -> list[str]:
        if query.text("symbol"):
            return [known_symbol(self.content, query.text("symbol"), query.now)]
        return [each.symbol for each in self.content.instruments(query.now)]

    @endpoint("/fapi/v1/fundingInfo")
    def _funding_info(self, query: Query) -> object:
        hours = self.content.funding_hours(query.now)
        return responses.funding_info(
            hours or {each.symbol: 8 for each in self.content.instruments(query.now)[:1]}
        )

    @endpoint("/fapi/v1/premiumIndex")
    def _premium_index(self, query: Query) -> object:
        asked = bool(query.text("symbol"))
        symbols = self._symbols(query) if asked else self.content.funding_hours(query.now)
        marks = [self.content.mark(symbol, query.now) for symbol in symbols]
        rows = [responses.premium(mark, query.now) for mark in marks if mark is not None]
        if not rows:
            raise refused(404, -5000, f"Path {query.request.path}: {_NO_INTEREST}")
        return rows[0] if asked else rows

    @endpoint("/fapi/v1/openInterest")
    def _open_interest(self, query: Query) -> object:
        symbol = known_symbol(self.content, mandatory(query, "symbol"), query.now)
        quantity = self.content.open_interest(symbol, query.now)
        if quantity is None:
            raise refused(404, -5000, f"Path {query.request.path}: {_NO_INTEREST}")
        return {"openInterest": quantity, "symbol": symbol, "time": query.now}

    @endpoint("/futures/data/openInterestHist")
    def _open_interest_history(self, query: Query) -> object:
        symbol = known_symbol(self.content, mandatory(query, "symbol"), query.now)
        return interest_history(query, symbol, self.content.contents.binance)


def _by_time(settlement: Settlement) -> tuple[int, str]:
    return settlement.time, settlement.symbol


def _weight(name: str, request: web.Request) -> int:
    """Weight of a call to the endpoint called so, by the vendor's table."""
    if name in ("fundingRate", "fundingInfo"):
        return 0
    if name == "premiumIndex":
        return 1 if request.query.get("symbol") else 10
    if name != "klines":
        return 1
    rows = whole(request.query.get("limit", "500"))
    steps = ((100, 1), (500, 2), (1001, 5))
    return 1 if rows is None else next((weight for below, weight in steps if rows < below), 10)
