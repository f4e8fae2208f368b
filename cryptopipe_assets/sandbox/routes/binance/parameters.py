"""Reading the parameters of a query, and refusing it in Binance's words."""

from cryptopipe_assets.sandbox.contents.source import Source
from cryptopipe_assets.sandbox.routes.base import Declined, Query, whole


def refused(status: int, code: int, message: str) -> Declined:
    """Return a refusal with Binance's code."""
    return Declined(status, message, code=code)


def number(query: Query, name: str) -> int | None:
    """Return a whole-number parameter, null if it was not sent."""
    text = query.request.query.get(name)
    if text is None:
        return None
    value = whole(text)
    if value is None:
        legal = "legal range is '^[0-9]{1,20}$'"
        raise refused(400, -1100, f"Illegal characters found in parameter '{name}'; {legal}.")
    return value


def limit(query: Query, *, default: int, most: int) -> int:
    """Return the page size, at least 1 and at most ``most``."""
    asked = number(query, "limit")
    if asked is None:
        return default
    if not 1 <= asked <= most:
        raise refused(400, -1130, "Data sent for parameter 'limit' is not valid.")
    return asked


def window(query: Query) -> tuple[int | None, int]:
    """Return startTime (null if not sent) and the instant after endTime (inclusive on the wire)."""
    start, last = number(query, "startTime"), number(query, "endTime")
    if start is not None and last is not None and start > last:
        raise refused(400, -1130, "Data sent for parameter 'startTime' is not valid.")
    return start, query.now + 1 if last is None else last + 1


def mandatory(query: Query, name: str) -> str:
    """Return a parameter that must be there."""
    text = query.text(name)
    if not text:
        sentence = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        raise refused(400, -1102, sentence)
    return text


def known_symbol(source: Source, symbol: str, now: int) -> str:
    """Return the symbol if the exchange lists it at ``now``."""
    if source.instrument(symbol, now) is None:
        raise refused(400, -1121, "Invalid symbol.")
    return symbol


def known_interval(source: Source, interval: str) -> str:
    """Return the interval if the source has bars of that width."""
    if interval not in source.intervals:
        raise refused(400, -1120, "Invalid interval.")
    return interval
