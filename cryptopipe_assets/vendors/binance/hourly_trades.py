"""How often was traded in an hour, by Binance's own hourly bars: evidence on missing minutes."""

import math
from datetime import UTC, datetime

from cryptopipe_assets.core.time import HOUR
from cryptopipe_assets.vendors.binance.client import KLINES, Binance, kline_weight
from cryptopipe_assets.vendors.binance.kline_pages import page_as_csv
from cryptopipe_assets.vendors.binance.parse_klines import read_klines

MOST_HOURS = 499


async def trades_by_hour(
    binance: Binance, vendor_symbol: str, *, start: datetime, end: datetime, now: datetime
) -> dict[datetime, int]:
    """Return the number of trades in each closed hour of ``[start, end)``.

    Parameters
    ----------
    start, end
        Whole hours, ``MOST_HOURS`` apart at most.

    Returns
    -------
    Open of the hour to trades. An hour for which Binance has no bar is absent.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    hours = math.ceil((end - start) / HOUR)
    params: dict[str, str | int] = {
        "symbol": vendor_symbol,
        "interval": "1h",
        "startTime": round(start.timestamp() * 1000),
        "endTime": round(end.timestamp() * 1000) - 1,
        "limit": hours,
    }
    body = await binance.get_text(KLINES, params, family="weight", cost=kline_weight(hours))
    with binance.promised(f"{KLINES} {vendor_symbol}"):
        bars = read_klines(page_as_csv(body)).select("open_time", "trades")
    opened = {datetime.fromtimestamp(ms / 1000, tz=UTC): n for ms, n in bars.iter_rows()}
    return {hour: trades for hour, trades in opened.items() if hour + HOUR <= now}
