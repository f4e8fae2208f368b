"""The one daily partition definition that every time series shares."""

from datetime import UTC, date, datetime, timedelta


def midnight(day: date) -> datetime:
    """First instant of the day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def months(days: list[date]) -> list[list[date]]:
    """Split sorted days by calendar month, so that a long range never sits in memory at once."""
    chunks: dict[tuple[int, int], list[date]] = {}
    for day in days:
        chunks.setdefault((day.year, day.month), []).append(day)
    return list(chunks.values())


def days_between(first: date, last: date) -> list[date]:
    """Every day from ``first`` to ``last``, both included."""
    return [first + timedelta(days=each) for each in range((last - first).days + 1)]


ONE_DAY = timedelta(days=1)
