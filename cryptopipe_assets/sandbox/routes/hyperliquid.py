"""Hyperliquid: everything is a POST to ``/info`` that names its question in the body."""

import json

from aiohttp import web

from cryptopipe_assets.sandbox.contents.contents import Row, Venues
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.present import Present
from cryptopipe_assets.sandbox.contents.source import Source
from cryptopipe_assets.sandbox.routes.base import Declined, Query, StandInApi, address, endpoint

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


class Hyperliquid(StandInApi[Venues]):
    """Answers bare; refusals are texts."""

    vendor = "hyperliquid"
    verb = "POST"
    limit = (1200, 60)

    @staticmethod
    def content_of(source: Source) -> Venues | None:
        """Return the venues."""
        return source.contents.venues

    def admit(self, request: web.Request, path: str) -> str:
        """Count the weight of a question."""
        caller = address(request)
        if self.spend(caller, _WEIGHT) > 0:
            raise Declined(429, "null")
        return caller

    def unrecorded(self) -> Declined:
        """Return a 404 with a reason."""
        missing = "this source has no recording of the present"
        return Declined(404, json.dumps({"error": missing}, separators=(",", ":")))

    @endpoint("/info")
    def _info(self, query: Query) -> object:
        venues, kind = self.content, _kind(query.body)
        listed = sorted(venues.contracts("hyperliquid", query.now), key=lambda each: each.birth)
        universe = [{"szDecimals": 2, "name": each.symbol, "maxLeverage": 20} for each in listed]
        meta = {"universe": [*universe, _GONE], "marginTables": [], "collateralToken": 0}
        if kind == "meta":
            return meta
        contexts = [_context(each, venues, query.now) for each in listed]
        return [meta, [*contexts, _GONE_CONTEXT]]


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


def _context(contract: Contract, venues: Venues, now: int) -> Row:
    it = Present(contract, venues, now)
    rate, _, _ = it.funding
    return {
        "funding": f"{rate:.10f}",
        "openInterest": f"{it.base:.4f}",
        "prevDayPx": f"{it.day_ago:.8g}",
        "dayNtlVlm": f"{it.turnover:.4f}",
        "premium": f"{rate / 2:.10f}",
        "oraclePx": f"{it.price:.8g}",
        "markPx": f"{it.price:.8g}",
        "midPx": f"{it.price:.8g}",
        "impactPxs": [f"{it.price * (1 - 1e-4):.8g}", f"{it.price * (1 + 1e-4):.8g}"],
        "dayBaseVlm": f"{it.volume:.4f}",
    }
