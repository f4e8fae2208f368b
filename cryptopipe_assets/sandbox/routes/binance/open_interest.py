"""Binance's ``openInterestHist``: statistics of the last month, free of weight."""

from cryptopipe_assets.sandbox.contents.contents import (
    INTEREST_PERIODS,
    BinancePositions,
    InterestPoint,
)
from cryptopipe_assets.sandbox.routes.base import Query
from cryptopipe_assets.sandbox.routes.binance.parameters import (
    limit,
    mandatory,
    refused,
    window,
)


def interest_history(
    query: Query, symbol: str, positions: BinancePositions
) -> list[dict[str, object]]:
    """Return points, ascending: the first after startTime, without one the newest.

    Raises
    ------
    Declined
        For a wrong period or limit, and for a startTime that the vendor has forgotten.
    """
    period = mandatory(query, "period")
    if period not in INTEREST_PERIODS:
        raise refused(400, -1130, "Data sent for parameter 'period' is not valid.")
    if period not in positions.periods:
        recorded = ", ".join(sorted(positions.periods)) or "none"
        raise refused(404, -5000, f"period {period} was not recorded (recorded: {recorded})")
    rows = limit(query, default=30, most=500)
    start, end = window(query)
    if start is not None and start < positions.oldest(query.now):
        raise refused(400, -1130, "parameter 'startTime' is invalid.")
    if start is None:
        found = positions.points_until(symbol, period, end=end, limit=rows, now=query.now)
    else:
        found = positions.points_from(
            symbol, period, start=start, end=end, limit=rows, now=query.now
        )
    return [_point(symbol, each) for each in found]


def _point(symbol: str, point: InterestPoint) -> dict[str, object]:
    supply = {} if point.supply is None else {"CMCCirculatingSupply": point.supply}
    return {
        "symbol": symbol,
        "sumOpenInterest": point.base,
        "sumOpenInterestValue": point.usd,
        **supply,
        "timestamp": point.time,
    }
