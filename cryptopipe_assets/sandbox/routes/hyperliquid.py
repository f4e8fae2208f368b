"""Hyperliquid: everything is a POST to ``/info`` that names its question in the body."""

import asyncio
import json
from collections.abc import Callable

import numpy as np
from aiohttp import web

from cryptopipe_assets.sandbox.contents.contents import Row, Venues
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.source import DAY, HOUR
from cryptopipe_assets.sandbox.routes.parameters import json_response
from cryptopipe_assets.sandbox.routes.quota import Declined, Quota

_WEIGHT = 20  # of every question that the stand-in knows
# A market that was taken off long ago keeps its place in both arrays.
_GONE: Row = {"szDecimals": 1, "name": "LOOM", "maxLeverage": 3, "isDelisted": True}
_GONE_CONTEXT: Row = {
    "funding": "0.0",
    "openInterest": "0.0",
    "prevDayPx": "0.0",
    "dayNtlVlm": "0.0",
    "premium": None,
    "oraclePx": "0.0",
    "markPx": None,
    "midPx": None,
    "impactPxs": None,
    "dayBaseVlm": "0.0",
}


class Hyperliquid:
    """The endpoint under ``/hyperliquid``.

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
        self._quota = Quota(1200, 60, enforce=enforce_limits)

    def routes(self) -> list[web.RouteDef]:
        """Return the route."""
        return [web.post("/hyperliquid/info", self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        """Answer ``meta`` and ``metaAndAssetCtxs``."""
        try:
            if self._venues is None:
                raise Declined(404, {"error": "this source has no recording of the present"})
            if self._quota.spend(request.remote or "?", _WEIGHT) > 0:
                raise Declined(429, "null")
            kind = _kind(await request.text())
            meta, contexts = await asyncio.to_thread(_arrays, self._venues, self._present())
        except Declined as declined:
            return declined.response()
        return json_response(meta if kind == "meta" else [meta, contexts])


def _kind(body: str) -> str:
    """Return what is asked, or decline in the words of the vendor's parser."""
    try:
        query = json.loads(body)
    except ValueError:
        query = None
    kind = query.get("type") if isinstance(query, dict) else None
    if kind not in ("meta", "metaAndAssetCtxs"):
        raise Declined(422, "Failed to deserialize the JSON body into the target type")
    return str(kind)


def _arrays(venues: Venues, now: int) -> tuple[Row, list[Row]]:
    """Return the universe and, in the same order, the present of each of its markets."""
    listed = sorted(venues.contracts("hyperliquid", now), key=lambda each: each.birth)
    universe = [{"szDecimals": 2, "name": each.symbol, "maxLeverage": 20} for each in listed]
    contexts = [_context(each, venues, now) for each in listed]
    meta = {"universe": [*universe, _GONE], "marginTables": [], "collateralToken": 0}
    return meta, [*contexts, _GONE_CONTEXT]


def _context(contract: Contract, venues: Venues, now: int) -> Row:
    day_ago = now - now % HOUR - DAY
    price, earlier = venues.prices(contract, np.array([now, day_ago])).tolist()
    rate, _, _ = venues.funding(contract, now)
    turnover = venues.turnover_24h(contract, now)
    held = float(venues.interest(contract, np.array([now]))[0])
    return {
        "funding": f"{rate:.10f}",
        "openInterest": f"{held:.4f}",
        "prevDayPx": f"{earlier:.8g}",
        "dayNtlVlm": f"{turnover:.4f}",
        "premium": f"{rate / 2:.10f}",
        "oraclePx": f"{price:.8g}",
        "markPx": f"{price:.8g}",
        "midPx": f"{price:.8g}",
        "impactPxs": [f"{price * (1 - 1e-4):.8g}", f"{price * (1 + 1e-4):.8g}"],
        "dayBaseVlm": f"{turnover / price:.4f}",
    }
