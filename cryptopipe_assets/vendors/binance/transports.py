"""Which days of a window come from which of Binance's transports. Calendar only: no network."""

import calendar
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from cryptopipe_assets.core.time import DAY, midnight

WORTH_A_MONTH = 15  # days asked for, from which on a month's file costs less than the days' files
DAYS_UNTIL_PUBLISHED = 2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where to ask first for each day of one window.

    Parameters
    ----------
    months
        First days of the months to take from the archive whole, with the days wanted of each.
    days
        Days to take from the archive one by one.
    rest
        Days to ask for by REST.
    """

    months: dict[date, list[date]]
    days: list[date]
    rest: list[date]


def plan(start: datetime, end: datetime, *, now: datetime) -> Plan:
    """Choose the archive's months, its days, or REST for each UTC day of ``[start, end)``.

    A month that is over is taken whole if at least 15 of its days are wanted; other days come
    one by one once they are two days old; the rest comes by REST.
    """
    months: dict[date, list[date]] = {}
    single: list[date] = []
    for first, group in groupby(days_of(start, end), key=lambda day: day.replace(day=1)):
        wanted = list(group)
        if len(wanted) >= WORTH_A_MONTH and next_month(first) <= now.date():
            months[first] = wanted
        else:
            single += wanted
    days = [day for day in single if is_published(day, now=now)]
    rest = [day for day in single if not is_published(day, now=now)]
    return Plan(months=months, days=days, rest=rest)


def is_published(day: date, *, now: datetime) -> bool:
    """Tell whether the archive should have the day's file by now."""
    return day <= now.date() - DAYS_UNTIL_PUBLISHED * DAY


def days_of(start: datetime, end: datetime) -> list[date]:
    """Return the UTC days that ``[start, end)`` touches."""
    if start >= end:
        return []
    count = (end - timedelta(milliseconds=1)).date() - start.date()
    return [start.date() + n * DAY for n in range(count.days + 1)]


def spans_of(
    days: Collection[date], *, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the windows that the days make up, neighbours joined, cut to ``[start, end)``."""
    ordered = sorted(days)
    for _, run in groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0] * DAY):
        stretch = [day for _, day in run]
        yield max(start, midnight(stretch[0])), min(end, midnight(stretch[-1] + DAY))


def next_month(first: date) -> date:
    """Return the first day of the month after the one that begins with ``first``."""
    return first + timedelta(days=calendar.monthrange(first.year, first.month)[1])
