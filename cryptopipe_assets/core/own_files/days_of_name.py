"""Which days the name of a file says that it holds: a calendar month, or one day."""

import re
from datetime import date

from cryptopipe_assets.core.time import DAY

Span = tuple[date, date]
"""First day of a file's rows, and the day after its last one."""

ALL_DAYS: Span = (date(1970, 1, 1), date(9999, 12, 31))
"""Of a file whose name gives no day."""

DAYS = r"(?P<month>\d{4}-(?:0[1-9]|1[0-2]))(?:-(?P<day>[0-3]\d))?"
"""A month or a day in a name, as a pattern."""


def month_of(day: date) -> Span:
    """Return the days of the calendar month that ``day`` is in."""
    first = day.replace(day=1)
    return first, (first.replace(day=28) + 4 * DAY).replace(day=1)


def span_of(found: re.Match[str]) -> Span | None:
    """Return the days that a match of `DAYS` means; null if there is no such day."""
    try:
        start = date.fromisoformat(f"{found['month']}-{found['day'] or '01'}")
    except ValueError:
        return None
    return (start, start + DAY) if found["day"] else month_of(start)
