"""The exchange gave nothing of any contract: it is the exchange, and none of the contracts."""

from datetime import date, datetime

from cryptopipe_assets.core.errors import VendorUnavailable
from cryptopipe_assets.vendors.binance.transports import is_published


def nothing_came(of: str, *, symbol: str, day: date, now: datetime) -> VendorUnavailable:
    """The error of a run in whose month nothing came, though contracts trade.

    Parameters
    ----------
    of
        What was asked for, in the singular: ``bar``, ``settlement``.
    symbol, day
        One of which there should have been some.
    """
    again = (
        "A later run helps only if the exchange finds them"
        if is_published(day, now=now)
        else "Run again later"
    )
    return VendorUnavailable(
        "binance",
        f"not one {of} of {symbol} on {day}, nor of any other contract that is followed, though "
        f"they are listed and trading; nothing of {day:%Y-%m} was written. {again}, or set "
        'collect.missing_instrument = "warn" in cryptopipe.toml and the run passes without them',
    )
