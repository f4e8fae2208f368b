"""Instants as a reader writes them: a datetime, a day, or text."""

from datetime import UTC, date, datetime, timedelta

from cryptopipe_assets.core.errors import RequestError

Instant = datetime | date | str


def instant(value: Instant | None, name: str) -> datetime | None:
    """An instant in UTC, at a whole millisecond, never before the one that was given.

    Parameters
    ----------
    value
        An aware datetime, a day (its 00:00 UTC), or either as ISO 8601 text.
    name
        Of the parameter, for the message.

    Raises
    ------
    RequestError
        If it is none of these, such as a datetime without a time zone.
    """
    if value is None:
        return None
    found = _parsed(value, name) if isinstance(value, str) else value
    if not isinstance(found, date):
        raise RequestError(
            f"{name}: expected a datetime with a time zone, a date, or ISO text such as "
            f"'2026-01-31' or '2026-01-31T12:00Z', came {value!r}"
        )
    if not isinstance(found, datetime):
        return datetime(found.year, found.month, found.day, tzinfo=UTC)
    if found.tzinfo is None:
        raise RequestError(
            f"{name}: {found.isoformat()} has no time zone; for UTC write "
            f"'{found.isoformat()}Z' or datetime(..., tzinfo=UTC)"
        )
    utc = found.astimezone(UTC)
    return utc + timedelta(microseconds=-utc.microsecond % 1000)


def _parsed(text: str, name: str) -> date | datetime:
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise RequestError(
            f"{name}: expected a day as '2026-01-31' or an instant as '2026-01-31T12:00Z', "
            f"came {text!r}"
        ) from None
