"""When the bulk archive publishes: the next morning, and the first Monday of the next month."""

from datetime import UTC, date, datetime, time, timedelta

from cryptopipe_assets.sandbox.contents.times import stamp_of

HEADERS_SINCE = date(2022, 6, 1)  # files of earlier months have no header row
_TIME_OF_DAY = time(8, tzinfo=UTC)


def daily(day: date) -> int:
    """Milliseconds at which the file of a day appears: 08:00 UTC of the next day."""
    return stamp_of(datetime.combine(day + timedelta(days=1), _TIME_OF_DAY))


def monthly(month: date) -> int:
    """Milliseconds at which the file of a month (its first day) appears.

    08:00 UTC on the first Monday of the next month.
    """
    first = next_month(month)
    return stamp_of(datetime.combine(first + timedelta(days=-first.weekday() % 7), _TIME_OF_DAY))


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)
