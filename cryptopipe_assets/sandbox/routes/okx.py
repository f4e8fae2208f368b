"""OKX v5: open interest, instruments and tickers of all swaps in one call each."""

import asyncio
from collections.abc import Callable

import numpy as np
from aiohttp import web

from cryptopipe_assets.sandbox.contents.contents import Row, Venues
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.times import DAY, HOUR
from cryptopipe_assets.sandbox.routes.parameters import json_response
from cryptopipe_assets.sandbox.routes.quota import Declined, Quota


class Okx:
    """The endpoints under ``/okx``.

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
        self._enforce = enforce_limits
        self._quotas: dict[str, Quota] = {}
        self._endpoints: dict[str, Callable[[Contract, Venues, int], Row]] = {
            "/api/v5/public/open-interest": _open_interest,
            "/api/v5/public/instruments": _instrument,
            "/api/v5/market/tickers": _ticker,
        }

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.get("/okx{path:/.*}", self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        """Answer in OKX's envelope: ``code`` "0" is well."""
        path = request.match_info["path"]
        write = self._endpoints.get(path)
        try:
            if write is None or self._venues is None:
                raise _declined(404, "404", "Not recorded or no such path")
            quota = self._quotas.setdefault(path, Quota(20, 2, enforce=self._enforce))
            if quota.spend(request.remote or "?") > 0:
                raise _declined(429, "50011", "Too Many Requests")
            rows = await asyncio.to_thread(_rows, request, self._venues, write, self._present())
        except Declined as declined:
            return declined.response()
        return json_response({"code": "0", "msg": "", "data": rows})


def _declined(status: int, code: str, message: str) -> Declined:
    return Declined(status, {"code": code, "msg": message, "data": []})


def _rows(
    request: web.Request,
    venues: Venues,
    write: Callable[[Contract, Venues, int], Row],
    now: int,
) -> list[Row]:
    kind, instrument = request.query.get("instType", ""), request.query.get("instId", "")
    if not kind:
        raise _declined(400, "50014", "Parameter instType can not be empty.")
    if kind != "SWAP":
        raise _declined(400, "51000", "Parameter instType error")
    found = [each for each in venues.contracts("okx", now) if instrument in ("", each.symbol)]
    if instrument and not found:
        raise _declined(400, "51001", "Instrument ID does not exist")
    return [write(each, venues, now) for each in found]


def _open_interest(contract: Contract, venues: Venues, now: int) -> Row:
    """Write contracts, coins and USD; a contract is so many coins, or so many USD (inverse)."""
    at = np.array([now])
    base = float(venues.interest(contract, at)[0])
    dollars = base * float(venues.prices(contract, at)[0])
    contracts = (dollars if contract.inverse else base) / contract.size
    return {
        "instId": contract.symbol,
        "instType": "SWAP",
        "oi": f"{contracts:.8f}",
        "oiCcy": f"{base:.8f}",
        "oiUsd": f"{dollars:.8f}",
        "ts": str(now),
    }


def _instrument(contract: Contract, venues: Venues, now: int) -> Row:
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
        "listTime": str(contract.birth),
        "expTime": "",
        "state": "live",
    }


def _ticker(contract: Contract, venues: Venues, now: int) -> Row:
    day_ago = now - now % HOUR - DAY
    price, earlier = venues.prices(contract, np.array([now, day_ago])).tolist()
    turnover = venues.turnover_24h(contract, now)
    traded = (turnover if contract.inverse else turnover / price) / contract.size
    return {
        "instType": "SWAP",
        "instId": contract.symbol,
        "last": f"{price:.10g}",
        "bidPx": f"{price:.10g}",
        "askPx": f"{price:.10g}",
        "open24h": f"{earlier:.10g}",
        "vol24h": f"{traded:.2f}",
        "volCcy24h": f"{turnover / price:.4f}",
        "ts": str(now),
    }
