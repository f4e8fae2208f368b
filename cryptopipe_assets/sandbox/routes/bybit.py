"""Bybit v5: tickers, instruments, open interest and mark prices, linear and inverse.

Every value is a string, and open interest the sum of both sides.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic

import numpy as np
from aiohttp import web

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS, MINUTE_MS
from cryptopipe_assets.sandbox.contents.contents import Row, Venues
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.noise import Ints
from cryptopipe_assets.sandbox.contents.present import Present
from cryptopipe_assets.sandbox.contents.source import Source
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.routes.base import (
    Declined,
    Query,
    StandInApi,
    address,
    endpoint,
    whole,
)

_BAN_SECONDS = 600.0
_INTERVALS = {
    "5min": 5 * MINUTE_MS,
    "15min": 15 * MINUTE_MS,
    "30min": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "4h": 4 * HOUR_MS,
    "1d": DAY_MS,
}
# Until then `openInterest`, the sum of both sides, was all there was.
_SINGLE_SIDE_SINCE = stamp_of(datetime(2026, 6, 9, tzinfo=UTC))


class Bybit(StandInApi[Venues]):
    """Answers in Bybit's envelope: an error mostly comes with 200 and a ``retCode``."""

    vendor = "bybit"
    limit = (600, 5)

    def __init__(
        self, content: Venues | None, present: Callable[[], int], *, enforce_limits: bool
    ) -> None:
        super().__init__(content, present, enforce_limits=enforce_limits)
        self._banned_until: dict[str, float] = {}

    @staticmethod
    def content_of(source: Source) -> Venues | None:
        """Return the venues."""
        return source.contents.venues

    def admit(self, request: web.Request, path: str) -> str:
        """Refuse an address for ten minutes once it asked too often."""
        caller = address(request)
        if self.spend(caller) > 0:
            self._banned_until.setdefault(caller, monotonic() + _BAN_SECONDS)
        if monotonic() < self._banned_until.get(caller, 0.0):
            raise Declined(403, "access too frequent")
        self._banned_until.pop(caller, None)
        return caller

    def unknown(self, path: str) -> Declined:
        """Return a 404 with a ``retCode``."""
        return Declined(404, "Not recorded or no such path")

    def envelope(self, found: object, query: Query) -> Row:
        """Return what was found, stamped."""
        return _enveloped(0, "OK", found, query.now)

    def error(self, declined: Declined, now: int) -> object:
        """Return an envelope without a result, or what comes without one."""
        if declined.status == 403:
            return str(declined)
        if declined.code is None:
            return {"retCode": declined.status, "retMsg": str(declined)}
        return _enveloped(declined.code, str(declined), {}, now)

    @endpoint("/v5/market/tickers")
    def _tickers(self, query: Query) -> Row:
        category, contracts = _listed(query, self.content)
        rows = [_ticker(each, self.content, query.now) for each in contracts]
        return {"category": category, "list": rows}

    @endpoint("/v5/market/open-interest")
    def _open_interest(self, query: Query) -> Row:
        category, contract = _one(query, self.content)
        width = _INTERVALS.get(query.text("intervalTime"))
        if width is None:
            raise _wrong("params error: intervalTime invalid")
        limit = _number(query, "limit", default=50, most=200)
        first = max(_number(query, "startTime", default=0), contract.birth)
        last = min(_number(query, "endTime", default=query.now), query.now)
        last = _number(query, "cursor", default=last)
        stamps = np.arange(last // width, -(-first // width) - 1, -1)[: limit + 1] * width
        held = self.content.interest(contract, stamps[:limit])
        prices = self.content.prices(contract, stamps[:limit])
        value = held * prices if contract.inverse else held
        rows = [
            {**_sides(amount, query.now, decimals=8), "timestamp": str(stamp)}
            for stamp, amount in zip(stamps.tolist(), value.tolist(), strict=False)
        ]
        more = str(stamps[limit]) if len(stamps) > limit else ""
        found = {"symbol": contract.symbol, "category": category, "list": rows}
        return {**found, "nextPageCursor": more}

    @endpoint("/v5/market/instruments-info")
    def _instruments(self, query: Query) -> Row:
        category, contracts = _listed(query, self.content)
        limit = _number(query, "limit", default=500, most=1000)
        start = _number(query, "cursor", default=0)
        page = contracts[start : start + limit]
        rows = [_instrument(each, self.content, query.now) for each in page]
        more = str(start + limit) if start + limit < len(contracts) else ""
        return {"category": category, "list": rows, "nextPageCursor": more}

    @endpoint("/v5/market/mark-price-kline")
    def _mark_prices(self, query: Query) -> Row:
        """Answer with hours only, newest first: [open time, open, high, low, close]."""
        category, contract = _one(query, self.content)
        if query.text("interval") != "60":
            raise _wrong("params error: interval invalid (the stand-in has hours only)")
        limit = _number(query, "limit", default=200, most=1000)
        last = min(_number(query, "end", default=query.now), query.now) // HOUR_MS
        first = -(-max(_number(query, "start", default=0), contract.birth) // HOUR_MS)
        opens = np.arange(last, first - 1, -1)[:limit] * HOUR_MS
        found = _mark_bars(contract, self.content, opens, query.now)
        return {"category": category, "symbol": contract.symbol, "list": found}


def _enveloped(code: int | str, message: str, result: object, now: int) -> Row:
    return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now}


def _wrong(message: str) -> Declined:
    """Return a refusal that comes with 200 and a ``retCode``."""
    return Declined(200, message, code=10001)


def _number(query: Query, name: str, *, default: int, most: int | None = None) -> int:
    if not (text := query.text(name)):
        return default
    number = whole(text, least=0 if most is None else 1, most=most)
    if number is None:
        raise _wrong(f"params error: {name} invalid")
    return number


def _listed(query: Query, venues: Venues) -> tuple[str, list[Contract]]:
    """Return the category and its contracts, or the one contract that was asked for."""
    category, symbol = query.text("category"), query.text("symbol")
    if category not in ("linear", "inverse"):
        raise _wrong("Illegal category")
    found = [
        each
        for each in venues.contracts("bybit", query.now)
        if each.inverse == (category == "inverse") and symbol in ("", each.symbol)
    ]
    if symbol and not found:
        raise _wrong("params error: symbol invalid")
    return category, found


def _one(query: Query, venues: Venues) -> tuple[str, Contract]:
    """Return the category and the contract that has to be named."""
    category, found = _listed(query, venues)
    if not query.text("symbol"):
        raise _wrong("params error: symbol invalid")
    return category, found[0]


def _sides(amount: float, now: int, *, decimals: int) -> Row:
    """Write open interest as Bybit counts it: both sides, and since June 2026 also one."""
    both = {"openInterest": f"{2 * amount:.{decimals}f}"}
    if now < _SINGLE_SIDE_SINCE:
        return both
    return {**both, "singleOpenInterest": f"{amount:.{decimals}f}"}


def _ticker(contract: Contract, venues: Venues, now: int) -> Row:
    """Write one ticker: an inverse contract counts USD and is worth coins."""
    it = Present(contract, venues, now)
    rate, settles, hours = it.funding
    amount, worth = (round(it.usd), it.base) if contract.inverse else (it.base, it.usd)
    tick = contract.coin.price_decimals
    single = {} if now < _SINGLE_SIDE_SINCE else {"singleOpenInterestValue": f"{worth:.4f}"}
    return {
        "symbol": contract.symbol,
        "lastPrice": f"{it.price:.{tick}f}",
        "indexPrice": f"{it.price:.{tick}f}",
        "markPrice": f"{it.price:.{tick}f}",
        "prevPrice24h": f"{it.day_ago:.{tick}f}",
        "price24hPcnt": f"{it.price / it.day_ago - 1:.6f}",
        "prevPrice1h": f"{it.hour_ago:.{tick}f}",
        **_sides(amount, now, decimals=0 if contract.inverse else 3),
        "openInterestValue": f"{2 * worth:.4f}",
        **single,
        "turnover24h": f"{it.volume if contract.inverse else it.turnover:.4f}",
        "volume24h": f"{it.turnover if contract.inverse else it.volume:.4f}",
        "fundingRate": f"{rate:.8f}" if settles else "",
        "nextFundingTime": str(settles),
        "fundingIntervalHour": str(hours) if settles else "",
        "deliveryTime": str(contract.expires or 0),
        "basisRate": "",
    }


def _instrument(contract: Contract, venues: Venues, now: int) -> Row:
    """Write one instrument; a future says when it is delivered and pays no funding."""
    kind = "Inverse" if contract.inverse else "Linear"
    _, settles, hours = venues.funding(contract, now)
    return {
        "symbol": contract.symbol,
        "contractType": f"{kind}{'Perpetual' if contract.expires is None else 'Futures'}",
        "status": "Trading",
        "baseCoin": contract.base,
        "quoteCoin": contract.quote,
        "settleCoin": contract.settle,
        "launchTime": str(contract.birth),
        "deliveryTime": str(contract.expires or 0),
        "priceScale": str(contract.coin.price_decimals),
        "priceFilter": {"tickSize": f"{10.0**-contract.coin.price_decimals:.10f}".rstrip("0")},
        "lotSizeFilter": {"qtyStep": "1" if contract.inverse else "0.001"},
        "fundingInterval": hours * 60 if settles else 0,
    }


def _mark_bars(contract: Contract, venues: Venues, opens: Ints, now: int) -> list[list[str]]:
    """Write hours of the mark price, the running one as far as it is."""
    first = venues.prices(contract, opens).tolist()
    last = venues.prices(contract, np.minimum(opens + HOUR_MS, now)).tolist()
    tick = contract.coin.price_decimals
    return [
        [str(opened), *(f"{price:.{tick}f}" for price in (a, max(a, b), min(a, b), b))]
        for opened, a, b in zip(opens.tolist(), first, last, strict=True)
    ]
