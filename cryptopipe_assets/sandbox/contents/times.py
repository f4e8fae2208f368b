"""The stand-in's time: milliseconds since 1970, UTC, as most vendors write it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
Clock = Callable[[], datetime]


def utcnow() -> datetime:
    """Return the present, aware, in UTC."""
    return datetime.now(UTC)


def milliseconds(instant: datetime | date) -> int:
    """Return milliseconds since 1970 of an aware instant, or of a date's midnight in UTC."""
    if not isinstance(instant, datetime):
        instant = datetime.combine(instant, time(), UTC)
    return round(instant.timestamp() * 1000)


def instant_of(ms: int) -> datetime:
    """Return the aware UTC instant of milliseconds since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC)
