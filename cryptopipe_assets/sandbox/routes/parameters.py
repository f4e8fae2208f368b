"""Reading a request's parameters, and refusing it in Binance's words."""

import json

from aiohttp import web

from cryptopipe_assets.sandbox.contents.source import Source


class Refused(Exception):
    """The request is answered with an error: HTTP status and Binance's code and message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self) -> web.Response:
        """Return the answer that carries the refusal."""
        return json_response({"code": self.code, "msg": str(self)}, status=self.status)


def json_response(answer: object, status: int = 200) -> web.Response:
    """Return compact JSON, as the vendor writes it."""
    body = answer if isinstance(answer, str) else json.dumps(answer, separators=(",", ":"))
    return web.Response(text=body, status=status, content_type="application/json")


def number(request: web.Request, name: str) -> int | None:
    """Return a whole-number parameter, null if it was not sent."""
    text = request.query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        legal = "legal range is '^[0-9]{1,20}$'"
        raise Refused(400, -1100, f"Illegal characters found in parameter '{name}'; {legal}.")
    return int(text)


def limit(request: web.Request, *, default: int, most: int) -> int:
    """Return the page size, at least 1 and at most ``most``."""
    asked = number(request, "limit")
    if asked is None:
        return default
    if not 1 <= asked <= most:
        raise Refused(400, -1130, "Data sent for parameter 'limit' is not valid.")
    return asked


def window(request: web.Request, now: int) -> tuple[int | None, int]:
    """Return startTime (null if not sent) and the instant after endTime (inclusive on the wire)."""
    start, last = number(request, "startTime"), number(request, "endTime")
    if start is not None and last is not None and start > last:
        raise Refused(400, -1130, "Data sent for parameter 'startTime' is not valid.")
    return start, now + 1 if last is None else last + 1


def mandatory(request: web.Request, name: str) -> str:
    """Return a parameter that must be there."""
    text = request.query.get(name, "")
    if not text:
        sentence = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        raise Refused(400, -1102, sentence)
    return text


def known_symbol(source: Source, symbol: str, now: int) -> str:
    """Return the symbol if the exchange lists it at ``now``."""
    if source.instrument(symbol, now) is None:
        raise Refused(400, -1121, "Invalid symbol.")
    return symbol


def known_interval(source: Source, interval: str) -> str:
    """Return the interval if the source has bars of that width."""
    if interval not in source.intervals:
        raise Refused(400, -1120, "Invalid interval.")
    return interval
