"""Spans of time, the present, and instants as whole milliseconds since 1970. Always UTC."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""How far somebody else's clock may be ahead of ours: what is later than that is not yet."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def utcnow() -> datetime:
    """Return the present, with its time zone."""
    return datetime.now(UTC)


def midnight(day: date) -> datetime:
    """Return the instant with which the day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def milliseconds(instant: datetime) -> int:
    """Return the whole milliseconds from 1970 to an aware instant; less than one is cut off."""
    return (instant - EPOCH) // timedelta(milliseconds=1)
