"""OKX v5: open interest, instruments and tickers of all swaps in one call each."""

from collections.abc import Callable

from aiohttp import web

from cryptopipe_assets.sandbox.contents.contents import Row, Venues
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.present import Present
from cryptopipe_assets.sandbox.contents.source import Source
from cryptopipe_assets.sandbox.routes.base import Declined, Query, StandInApi, address, endpoint


class Okx(StandInApi[Venues]):
    """Answers in OKX's envelope: ``code`` "0" is well."""

    vendor = "okx"
    limit = (20, 2)  # each endpoint

    @staticmethod
    def content_of(source: Source) -> Venues | None:
        """Return the venues."""
        return source.contents.venues

    def admit(self, request: web.Request, path: str) -> str:
        """Count every endpoint apart."""
        caller = address(request)
        if path and self.spend(caller, family=path) > 0:
            raise Declined(429, "Too Many Requests", code="50011")
        return caller

    def unknown(self, path: str) -> Declined:
        """Return a 404 in the envelope."""
        return Declined(404, "Not recorded or no such path", code="404")

    def envelope(self, found: object, query: Query) -> Row:
        """Return the rows as ``data``."""
        return {"code": "0", "msg": "", "data": found}

    def error(self, declined: Declined, now: int) -> Row:
        """Return an envelope without rows."""
        code = declined.status if declined.code is None else declined.code
        return {"code": str(code), "msg": str(declined), "data": []}

    @endpoint("/api/v5/public/open-interest")
    def _open_interest(self, query: Query) -> list[Row]:
        return self._rows(query, _open_interest)

    @endpoint("/api/v5/public/instruments")
    def _instruments(self, query: Query) -> list[Row]:
        return self._rows(query, lambda contract, venues, now: _instrument(contract))

    @endpoint("/api/v5/market/tickers")
    def _tickers(self, query: Query) -> list[Row]:
        return self._rows(query, _ticker)

    def _rows(self, query: Query, write: Callable[[Contract, Venues, int], Row]) -> list[Row]:
        """Write every swap, or the one that was asked for."""
        venues, kind, wanted = self.content, query.text("instType"), query.text("instId")
        if not kind:
            raise Declined(400, "Parameter instType can not be empty.", code="50014")
        if kind != "SWAP":
            raise Declined(400, "Parameter instType error", code="51000")
        every = venues.contracts("okx", query.now)
        found = [each for each in every if wanted in ("", each.symbol)]
        if wanted and not found:
            raise Declined(400, "Instrument ID does not exist", code="51001")
        return [write(each, venues, query.now) for each in found]


def _open_interest(contract: Contract, venues: Venues, now: int) -> Row:
    """Write contracts, coins and USD; a contract is so many coins, or so many USD (inverse)."""
    it = Present(contract, venues, now)
    contracts = (it.usd if contract.inverse else it.base) / contract.size
    return {
        "instId": contract.symbol,
        "instType": "SWAP",
        "oi": f"{contracts:.8f}",
        "oiCcy": f"{it.base:.8f}",
        "oiUsd": f"{it.usd:.8f}",
        "ts": str(now),
    }


def _instrument(contract: Contract) -> Row:
    family = contract.symbol.removesuffix("-SWAP")
    return {
        "instType": "SWAP",
        "instId": contract.symbol,
        "uly": family,
        "instFamily": family,
        "baseCcy": "",  # filled for spot only
        "quoteCcy": "",
        "settleCcy": contract.settle,
        "ctVal": f"{contract.size:.10f}".rstrip("0").rstrip("."),
        "ctMult": "1",
        "ctValCcy": "USD" if contract.inverse else contract.base,
        "ctType": "inverse" if contract.inverse else "linear",
        "lotSz": "1",
        "tickSz": f"{10.0**-contract.coin.price_decimals:.10f}".rstrip("0"),
        "instCategory": "1",
        "ruleType": "normal",
        "listTime": str(contract.birth),
        "expTime": "",
        "state": "live",
    }


def _ticker(contract: Contract, venues: Venues, now: int) -> Row:
    it = Present(contract, venues, now)
    traded = (it.turnover if contract.inverse else it.volume) / contract.size
    return {
        "instType": "SWAP",
        "instId": contract.symbol,
        "last": f"{it.price:.10g}",
        "bidPx": f"{it.price:.10g}",
        "askPx": f"{it.price:.10g}",
        "open24h": f"{it.day_ago:.10g}",
        "vol24h": f"{traded:.2f}",
        "volCcy24h": f"{it.volume:.4f}",
        "ts": str(now),
    }
