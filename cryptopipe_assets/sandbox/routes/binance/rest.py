"""Binance USD-M futures REST: the public market-data endpoints."""

import asyncio
import math
from collections.abc import Callable
from heapq import merge
from itertools import islice

from aiohttp import web

from cryptopipe_assets.sandbox.contents.source import Settlement, Source, UnreadableRecording
from cryptopipe_assets.sandbox.routes.binance import answers as answers
from cryptopipe_assets.sandbox.routes.binance.limits import Limits
from cryptopipe_assets.sandbox.routes.binance.open_interest import interest_history
from cryptopipe_assets.sandbox.routes.parameters import (
    Refused,
    json_response,
    known_interval,
    known_symbol,
    limit,
    mandatory,
    number,
    window,
)

_NEWEST_SETTLEMENTS = 200  # what fundingRate returns without startTime, whatever the limit
_NO_INTEREST = "this source has no recording of the present"


class BinanceRest:
    """The endpoints under ``/binance``.

    Parameters
    ----------
    source
        Where the content comes from.
    present
        Returns the served world's time in milliseconds.
    enforce_limits
        Whether an address that asks too much is refused. Weights are reported either way.
    """

    def __init__(self, source: Source, present: Callable[[], int], *, enforce_limits: bool) -> None:
        self._source = source
        self._present = present
        self._enforce = enforce_limits
        self._limits: dict[str, Limits] = {}
        self._endpoints: dict[str, Callable[[web.Request, int], str | object]] = {
            "/fapi/v1/ping": lambda _, now: {},
            "/fapi/v1/time": lambda _, now: {"serverTime": now},
            "/fapi/v1/exchangeInfo": self._exchange_info,
            "/fapi/v1/klines": self._klines,
            "/fapi/v1/fundingRate": self._funding_rate,
            "/fapi/v1/fundingInfo": self._funding_info,
            "/fapi/v1/premiumIndex": self._premium_index,
            "/fapi/v1/openInterest": self._open_interest,
            "/futures/data/openInterestHist": self._open_interest_history,
        }

    def routes(self) -> list[web.RouteDef]:
        """Return the routes: one for everything, because an unknown path has Binance's 404."""
        return [web.get("/binance{path:/.*}", self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        """Count the call, then answer or refuse it."""
        path = request.match_info["path"]
        limits = self._limits.setdefault(request.remote or "?", Limits(request.remote or "?"))
        funding = path.rsplit("/", 1)[-1] in ("fundingRate", "fundingInfo")
        statistics = path.startswith("/futures/data/")
        weight, refusal = 0 if statistics else _weight(path, request), None
        if self._enforce:
            refusal = limits.spend(weight, funding=funding, statistics=statistics)
        else:
            limits.count(weight, funding=funding, statistics=statistics)
        if refusal:
            response = json_response({"code": -1003, "msg": refusal.message}, refusal.status)
            response.headers["Retry-After"] = str(math.ceil(refusal.wait))
        else:
            response = await self._truth(path, request)
        response.headers["X-MBX-USED-WEIGHT-1M"] = str(limits.weight.used)
        return response

    async def _truth(self, path: str, request: web.Request) -> web.Response:
        endpoint = self._endpoints.get(path)
        try:
            if endpoint is None:
                raise Refused(404, -5000, f"Path {path}, Method GET is invalid")
            return json_response(await asyncio.to_thread(endpoint, request, self._present()))
        except Refused as refused:
            return refused.response()
        except UnreadableRecording as damage:
            return json_response({"code": -1000, "msg": str(damage)}, status=500)

    def _exchange_info(self, request: web.Request, now: int) -> object:
        return answers.exchange_info(self._source.instruments(now), now)

    def _klines(self, request: web.Request, now: int) -> str:
        symbol = known_symbol(self._source, mandatory(request, "symbol"), now)
        interval = known_interval(self._source, mandatory(request, "interval"))
        rows = limit(request, default=500, most=1500)
        start, end = window(request, now)
        if start is None:
            found = self._source.klines_until(symbol, interval, end=end, limit=rows, now=now)
        else:
            found = self._source.klines_from(
                symbol, interval, start=start, end=end, limit=rows, now=now
            )
        return answers.klines(found)

    def _funding_rate(self, request: web.Request, now: int) -> object:
        rows = limit(request, default=100, most=1000)
        start, end = window(request, now)
        symbols = self._symbols(request, now)
        if start is None:
            newest = [self._source.settlements_until(each, end=end, now=now) for each in symbols]
            backward = merge(*newest, key=_by_time, reverse=True)
            return answers.funding_rates(list(islice(backward, _NEWEST_SETTLEMENTS))[::-1])
        oldest = [
            self._source.settlements_from(each, start=start, end=end, now=now) for each in symbols
        ]
        return answers.funding_rates(islice(merge(*oldest, key=_by_time), rows))

    def _symbols(self, request: web.Request, now: int) -> list[str]:
        if request.query.get("symbol"):
            return [known_symbol(self._source, request.query["symbol"], now)]
        return [each.symbol for each in self._source.instruments(now)]

    def _funding_info(self, request: web.Request, now: int) -> object:
        hours = self._source.funding_hours(now)
        return answers.funding_info(
            hours or {each.symbol: 8 for each in self._source.instruments(now)[:1]}
        )

    def _premium_index(self, request: web.Request, now: int) -> object:
        asked = bool(request.query.get("symbol"))
        symbols = self._symbols(request, now) if asked else self._source.funding_hours(now)
        marks = [self._source.mark(symbol, now) for symbol in symbols]
        rows = [answers.premium(mark, now) for mark in marks if mark is not None]
        if not rows:
            raise Refused(404, -5000, f"Path {request.path}: {_NO_INTEREST}")
        return rows[0] if asked else rows

    def _open_interest(self, request: web.Request, now: int) -> object:
        symbol = known_symbol(self._source, mandatory(request, "symbol"), now)
        quantity = self._source.open_interest(symbol, now)
        if quantity is None:
            raise Refused(404, -5000, f"Path {request.path}: {_NO_INTEREST}")
        return {"openInterest": quantity, "symbol": symbol, "time": now}

    def _open_interest_history(self, request: web.Request, now: int) -> object:
        symbol = known_symbol(self._source, mandatory(request, "symbol"), now)
        return interest_history(request, symbol, self._source.contents.binance, now)


def _by_time(settlement: Settlement) -> tuple[int, str]:
    return settlement.time, settlement.symbol


def _weight(path: str, request: web.Request) -> int:
    """Weight of a call, by the vendor's table."""
    endpoint = path.rsplit("/", 1)[-1]
    if endpoint in ("fundingRate", "fundingInfo"):
        return 0
    if endpoint == "premiumIndex":
        return 1 if request.query.get("symbol") else 10
    if endpoint != "klines":
        return 1
    try:
        rows = number(request, "limit")
    except Refused:
        return 1
    steps = ((100, 1), (500, 2), (1001, 5))
    return next((weight for below, weight in steps if (500 if rows is None else rows) < below), 10)
