"""Instants of the stand-in: milliseconds since 1970, UTC, as most vendors write them."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS, MINUTE_MS, midnight, milliseconds

Clock = Callable[[], datetime]
WIDTHS = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "6h": 6 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": DAY_MS,
}
"""Of bars and series, as Binance spells them."""


def stamp_of(moment: datetime | date) -> int:
    """Return milliseconds since 1970 of an aware instant, or of a date's midnight in UTC."""
    return milliseconds(moment if isinstance(moment, datetime) else midnight(moment))


def instant_of(ms: int) -> datetime:
    """Return the aware UTC instant of milliseconds since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC)
