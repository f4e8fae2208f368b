"""Bybit v5: tickers, instruments, open interest and mark prices, linear and inverse."""

import asyncio
from collections.abc import Callable
from time import monotonic

import numpy as np
from aiohttp import web

from cryptopipe_assets.sandbox.contents.contents import Row, Venues
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.times import DAY, HOUR, MINUTE
from cryptopipe_assets.sandbox.routes import bybit_answers as answers
from cryptopipe_assets.sandbox.routes.parameters import json_response
from cryptopipe_assets.sandbox.routes.quota import Declined, Quota

_BAN_SECONDS = 600.0
_INTERVALS = {
    "5min": 5 * MINUTE,
    "15min": 15 * MINUTE,
    "30min": 30 * MINUTE,
    "1h": HOUR,
    "4h": 4 * HOUR,
    "1d": DAY,
}


class Bybit:
    """The endpoints under ``/bybit``.

    Parameters
    ----------
    venues
        Contracts and their present; null if the source has none.
    present
        Returns the served world's time in milliseconds.
    enforce_limits
        Whether an address that asks too much is refused.
    """

    def __init__(
        self, venues: Venues | None, present: Callable[[], int], *, enforce_limits: bool
    ) -> None:
        self._venues = venues
        self._present = present
        self._quota = Quota(600, 5, enforce=enforce_limits)
        self._banned_until: dict[str, float] = {}
        self._endpoints: dict[str, Callable[[web.Request, Venues, int], Row]] = {
            "/v5/market/tickers": self._tickers,
            "/v5/market/open-interest": self._open_interest,
            "/v5/market/instruments-info": self._instruments,
            "/v5/market/mark-price-kline": self._mark_prices,
        }

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.get("/bybit{path:/.*}", self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        """Answer in Bybit's envelope: an error mostly comes with 200 and a ``retCode``."""
        endpoint, now = self._endpoints.get(request.match_info["path"]), self._present()
        try:
            self._admit(request.remote or "?")
            if endpoint is None or self._venues is None:
                raise Declined(404, {"retCode": 404, "retMsg": "Not recorded or no such path"})
            result = await asyncio.to_thread(endpoint, request, self._venues, now)
            return json_response(_envelope(0, "OK", result, now))
        except _Wrong as wrong:
            return json_response(_envelope(wrong.code, str(wrong), {}, now))
        except Declined as declined:
            return declined.response()

    def _admit(self, caller: str) -> None:
        """Refuse an address for ten minutes once it asked too often."""
        if self._quota.spend(caller) > 0:
            self._banned_until.setdefault(caller, monotonic() + _BAN_SECONDS)
        if monotonic() < self._banned_until.get(caller, 0.0):
            raise Declined(403, "access too frequent")
        self._banned_until.pop(caller, None)

    def _tickers(self, request: web.Request, venues: Venues, now: int) -> Row:
        category, contracts = _listed(request, venues, now)
        rows = [answers.ticker(each, venues, now) for each in contracts]
        return {"category": category, "list": rows}

    def _open_interest(self, request: web.Request, venues: Venues, now: int) -> Row:
        category, contracts = _listed(request, venues, now, symbol_needed=True)
        contract = contracts[0]
        width = _INTERVALS.get(request.query.get("intervalTime", ""))
        if width is None:
            raise _Wrong("params error: intervalTime invalid")
        limit = _number(request, "limit", default=50, most=200)
        first = max(_number(request, "startTime", default=0), contract.birth)
        last = min(_number(request, "endTime", default=now), now)
        last = _number(request, "cursor", default=last)
        stamps = np.arange(last // width, -(-first // width) - 1, -1)[: limit + 1] * width
        held = venues.interest(contract, stamps[:limit])
        value = held * venues.prices(contract, stamps[:limit]) if contract.inverse else held
        rows = [
            {**answers.sides(amount, now, decimals=8), "timestamp": str(stamp)}
            for stamp, amount in zip(stamps.tolist(), value.tolist(), strict=False)
        ]
        more = str(stamps[limit]) if len(stamps) > limit else ""
        found = {"symbol": contract.symbol, "category": category, "list": rows}
        return {**found, "nextPageCursor": more}

    def _instruments(self, request: web.Request, venues: Venues, now: int) -> Row:
        category, contracts = _listed(request, venues, now)
        limit = _number(request, "limit", default=500, most=1000)
        start = _number(request, "cursor", default=0)
        rows = [answers.instrument(each, venues, now) for each in contracts[start : start + limit]]
        more = str(start + limit) if start + limit < len(contracts) else ""
        return {"category": category, "list": rows, "nextPageCursor": more}

    def _mark_prices(self, request: web.Request, venues: Venues, now: int) -> Row:
        """Answer with hours only, newest first: [open time, open, high, low, close]."""
        category, contracts = _listed(request, venues, now, symbol_needed=True)
        contract = contracts[0]
        if request.query.get("interval") != "60":
            raise _Wrong("params error: interval invalid (the stand-in has hours only)")
        limit = _number(request, "limit", default=200, most=1000)
        last = min(_number(request, "end", default=now), now) // HOUR
        first = -(-max(_number(request, "start", default=0), contract.birth) // HOUR)
        opens = np.arange(last, first - 1, -1)[:limit] * HOUR
        found = answers.mark_bars(contract, venues, opens, now)
        return {"category": category, "symbol": contract.symbol, "list": found}


class _Wrong(Exception):
    """A question that Bybit answers with 200 and a ``retCode``."""

    code = 10001


def _envelope(code: int, message: str, result: Row, now: int) -> Row:
    return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now}


def _number(request: web.Request, name: str, *, default: int, most: int | None = None) -> int:
    text = request.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or (most is not None and not 1 <= int(text) <= most):
        raise _Wrong(f"params error: {name} invalid")
    return int(text)


def _listed(
    request: web.Request, venues: Venues, now: int, *, symbol_needed: bool = False
) -> tuple[str, list[Contract]]:
    """Return the category and its contracts, or the one contract that was asked for."""
    category, symbol = request.query.get("category", ""), request.query.get("symbol", "")
    if category not in ("linear", "inverse"):
        raise _Wrong("Illegal category")
    found = [
        each
        for each in venues.contracts("bybit", now)
        if each.inverse == (category == "inverse") and symbol in ("", each.symbol)
    ]
    if (symbol and not found) or (symbol_needed and not symbol):
        raise _Wrong("params error: symbol invalid")
    return category, found
