"""Days in a row, and the months they fall into."""

from datetime import date, timedelta


def months(days: list[date]) -> list[list[date]]:
    """Split sorted days by calendar month, so that a long range never sits in memory at once."""
    chunks: dict[tuple[int, int], list[date]] = {}
    for day in days:
        chunks.setdefault((day.year, day.month), []).append(day)
    return list(chunks.values())


def days_between(first: date, last: date) -> list[date]:
    """Every day from ``first`` to ``last``, both included."""
    return [first + timedelta(days=each) for each in range((last - first).days + 1)]
