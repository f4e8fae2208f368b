"""Gate v4: contracts and tickers of all perpetuals in one call each, and settlements."""

from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.sandbox.contents.contents import Row, Venues
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.present import Present
from cryptopipe_assets.sandbox.contents.source import Source
from cryptopipe_assets.sandbox.routes.base import Declined, Query, StandInApi, endpoint, whole

MOST_SETTLEMENTS = 1000
SECOND = 1000


class Gate(StandInApi[Venues]):
    """Answers without an envelope; a refusal has a label and a message."""

    vendor = "gate"
    limit = (200, 10)

    @staticmethod
    def content_of(source: Source) -> Venues | None:
        """Return the venues."""
        return source.contents.venues

    def unknown(self, path: str) -> Declined:
        """Return a 404 with Gate's label."""
        return Declined(404, "not found", code="NOT_FOUND")

    def error(self, declined: Declined, now: int) -> Row:
        """Return label and message."""
        return {"label": str(declined.code or "TOO_MANY_REQUESTS"), "message": str(declined)}

    @endpoint("/api/v4/futures/usdt/contracts")
    def _contracts(self, query: Query) -> list[Row]:
        venues = self.content
        return [_contract(each, venues, query.now) for each in venues.contracts("gate", query.now)]

    @endpoint("/api/v4/futures/usdt/tickers")
    def _tickers(self, query: Query) -> list[Row]:
        venues = self.content
        return [_ticker(each, venues, query.now) for each in venues.contracts("gate", query.now)]

    @endpoint("/api/v4/futures/usdt/funding_rate")
    def _settlements(self, query: Query) -> list[Row]:
        """Newest first, as Gate sends them."""
        venues, wanted = self.content, query.text("contract")
        known = {each.symbol: each for each in venues.contracts("gate", query.now)}
        if wanted not in known:
            raise Declined(400, f"contract {wanted} not found", code="CONTRACT_NOT_FOUND")
        limit = whole(query.text("limit", "100"), least=1, most=MOST_SETTLEMENTS)
        first = whole(query.text("from", "0"))
        last = whole(query.text("to", str(query.now // SECOND)))
        if limit is None or first is None or last is None:
            raise Declined(400, "Invalid request parameter", code="INVALID_PARAM_VALUE")
        return _settled(known[wanted], venues, first * SECOND, min(last * SECOND, query.now), limit)


def _settled(contract: Contract, venues: Venues, first: int, last: int, limit: int) -> list[Row]:
    """Write the settlements in ``[first, last]`` (ms), newest first, ``limit`` at most."""
    rows: list[Row] = []
    instant = last - last % HOUR_MS
    while instant >= max(first, contract.birth) and len(rows) < limit:
        rate, settles, hours = venues.funding(contract, instant - 1)
        if settles != instant:
            instant -= HOUR_MS
            continue
        rows.append({"t": instant // SECOND, "r": f"{rate:.8f}".rstrip("0").rstrip(".")})
        instant -= hours * HOUR_MS
    return rows


def _contract(contract: Contract, venues: Venues, now: int) -> Row:
    it = Present(contract, venues, now)
    rate, settles, hours = it.funding
    return {
        "name": contract.symbol,
        "type": "direct",
        "quanto_multiplier": f"{contract.size:.10f}".rstrip("0").rstrip("."),
        "mark_price": f"{it.price:.10g}",
        "index_price": f"{it.price:.10g}",
        "last_price": f"{it.price:.10g}",
        "order_price_round": "0.0000001",
        "mark_price_round": "0.0000001",
        "order_size_min": 1,
        "funding_rate": f"{rate:.8f}",
        "funding_interval": hours * 3600,
        "funding_next_apply": settles // SECOND,
        "position_size": round(it.base / contract.size),
        "in_delisting": False,
        "is_pre_market": False,
        "status": "trading",
        "create_time": contract.birth // SECOND,
    }


def _ticker(contract: Contract, venues: Venues, now: int) -> Row:
    it = Present(contract, venues, now)
    return {
        "contract": contract.symbol,
        "last": f"{it.price:.10g}",
        "mark_price": f"{it.price:.10g}",
        "index_price": f"{it.price:.10g}",
        "total_size": str(round(it.base / contract.size)),
        "volume_24h": str(round(it.volume / contract.size)),
        "volume_24h_quote": f"{it.turnover:.0f}",
        "volume_24h_base": f"{it.volume:.0f}",
        "funding_rate": f"{it.funding[0]:.8f}",
    }
