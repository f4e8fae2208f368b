"""Binance's ``openInterestHist``: statistics of the last month, free of weight."""

from aiohttp import web

from cryptopipe_assets.sandbox.contents.contents import BinancePositions, InterestPoint
from cryptopipe_assets.sandbox.routes.parameters import Refused, limit, mandatory, window

_KNOWN_PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")


def interest_history(
    request: web.Request, symbol: str, positions: BinancePositions, now: int
) -> list[dict[str, object]]:
    """Return points, ascending: the first after startTime, without one the newest.

    Raises
    ------
    Refused
        For a wrong period or limit, and for a startTime that the vendor has forgotten.
    """
    period = mandatory(request, "period")
    if period not in _KNOWN_PERIODS:
        raise Refused(400, -1130, "Data sent for parameter 'period' is not valid.")
    if period not in positions.periods:
        recorded = ", ".join(sorted(positions.periods)) or "none"
        raise Refused(404, -5000, f"period {period} was not recorded (recorded: {recorded})")
    rows = limit(request, default=30, most=500)
    start, end = window(request, now)
    if start is not None and start < positions.oldest(now):
        raise Refused(400, -1130, "parameter 'startTime' is invalid.")
    if start is None:
        found = positions.points_until(symbol, period, end=end, limit=rows, now=now)
    else:
        found = positions.points_from(symbol, period, start=start, end=end, limit=rows, now=now)
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
