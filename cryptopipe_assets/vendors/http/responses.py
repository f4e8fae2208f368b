"""What a vendor's response means: usable, worth a retry, refused, or not what was promised.

Only this file looks at a status. It neither sends nor waits.
"""

import codecs
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from cryptopipe_assets.core.errors import NotPublished, VendorRejected
from cryptopipe_assets.vendors.http.ban import BANNED
from cryptopipe_assets.vendors.http.retry import PATIENCE_SECONDS, Retryable
from cryptopipe_assets.vendors.parsing.bounds import OF_JSON, Bounds, TooLarge
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, decoded

SHORTEST_BAN = timedelta(minutes=2)
RATE_LIMITED = "rate limited"
ADVICE = {
    401: "the key is missing or wrong: check this vendor's key in the environment or .env",
    402: "the plan or its credits are used up: check the account at the vendor",
    403: "the key may not do this, or the vendor's firewall refuses this address: check the key",
    404: "the vendor has no such thing: check the symbol and the address",
    451: "the vendor does not serve this location: run from another one, or do without this vendor",
}
OTHER_ADVICE = "a retry changes nothing: check symbols and dates"

OLDEST_SECONDS = 600  # caches of a minute or two are usual

LONGEST_WAIT = timedelta(days=1)
"""A vendor that wants a longer silence, or says so by mistake, is asked again after a day."""

_BANNED_UNTIL = re.compile(r"banned until (\d{13})")
_CLOSING = {b"[": b"]", b"{": b"}"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request to a vendor. The key is not part of it.

    Parameters
    ----------
    path, params
        Below the vendor's address.
    family, cost
        Which budget pays, and how much.
    label
        Name of the endpoint in ``VendorClient.calls``.
    is_file
        A file of an archive, which may not exist, rather than a JSON response.
    bounds
        The most that the response may have.
    """

    path: str
    params: Mapping[str, str | int]
    family: str
    cost: int
    label: str
    is_file: bool = False
    bounds: Bounds = OF_JSON

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.path}?{query}" if query else self.path


class Banned(Exception):
    """The vendor refuses every request until then: a 418, or a very long 429.

    Attributes
    ----------
    why
        ``banned``, ``rate limited``, or which quota is used up.
    """

    def __init__(self, until: datetime, why: str = BANNED) -> None:
        super().__init__(f"{why} by the vendor until {until:%Y-%m-%d %H:%M:%S} UTC")
        self.until = until
        self.why = why


def judge(
    response: httpx.Response,
    request: Request,
    *,
    vendor: str,
    redact: Callable[[str | bytes], str],
    now: datetime,
) -> bytes:
    """Return the body of a usable response.

    Raises
    ------
    Retryable
        408, 429, 5xx, or a JSON body without its end.
    Banned
        418, or a wait longer than our patience.
    NotPublished
        404 for a file.
    VendorRejected
        Any other 4xx.
    UnexpectedShape
        A redirect, or a page of markup in place of JSON.
    """
    status = response.status_code
    if status == 200:
        return response.content if request.is_file else _json_body(response, redact)
    if status == 404 and request.is_file:
        raise NotPublished(vendor, f"there is no {request.path} (yet)")
    wait = seconds_to_wait(response, now=now)
    if status == 418 or wait > PATIENCE_SECONDS:
        is_ban = status == 418 or _body_wait(response, now) > 0
        why = BANNED if is_ban else RATE_LIMITED
        raise Banned(now + min(timedelta(seconds=wait) or SHORTEST_BAN, LONGEST_WAIT), why)
    said = redact(vendor_message(response))
    if status in (408, 429) or status >= 500:
        raise Retryable(
            f"HTTP {status}: {said}",
            wait_seconds=wait,
            is_outage=status >= 500,
            is_limit=status == 429,
        )
    if status < 400:
        raise UnexpectedShape(
            f"HTTP {status}, expected 200; redirects are not followed: check the vendor's address"
        )
    advice = ADVICE.get(status, OTHER_ADVICE)
    raise VendorRejected(vendor, f"{request}: HTTP {status}: {said}. What to do: {advice}")


def _json_body(response: httpx.Response, redact: Callable[[str | bytes], str]) -> bytes:
    """Return a JSON body that has its end; what is inside is for the decoder to find out."""
    body = response.content.strip().removeprefix(codecs.BOM_UTF8)
    if body[:1] == b"<":
        raise UnexpectedShape(
            f"expected JSON, got a page of markup: {redact(body)}; a proxy or a firewall may have "
            "responded in the vendor's place"
        )
    if not body or _is_cut(body):
        raise Retryable(f"the JSON response was cut off after {len(body)} bytes")
    age = response.headers.get("Age", "")
    if re.fullmatch(r"[0-9]{1,15}", age) and int(age) > OLDEST_SECONDS:
        raise Retryable(f"a cache on the way responded, with what was true {age} seconds ago")
    return body


def _is_cut(body: bytes) -> bool:
    """Return whether a JSON document ends before its end; only a suspicious one is decoded."""
    if body[:1] in _CLOSING and body[-1:] != _CLOSING[body[:1]]:
        return True
    if all(body.count(opened) == body.count(closed) for opened, closed in _CLOSING.items()):
        return False
    try:
        OF_JSON.require_structure(body)
        json.loads(body)
    except (TooLarge, RecursionError):
        return False  # whoever decodes it says so
    except ValueError:
        return True
    return False


def seconds_to_wait(response: httpx.Response, *, now: datetime) -> float:
    """Return the seconds to back off, as the vendor states them in header or body; else 0.

    However long it is, no more than ``LONGEST_WAIT`` and a bit: from then on it is the same.
    """
    wait = max(_header_wait(response, now), _body_wait(response, now), 0.0)
    return min(wait, 2 * LONGEST_WAIT.total_seconds())


def _header_wait(response: httpx.Response, now: datetime) -> float:
    """Read ``Retry-After``: seconds, or a date."""
    header = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", header):
        return float(header)
    try:
        until = parsedate_to_datetime(header).replace(tzinfo=UTC)  # HTTP dates are in GMT
    except (ValueError, TypeError, OverflowError):  # of years and months that there are not
        return 0.0
    return (until - now).total_seconds()


def _body_wait(response: httpx.Response, now: datetime) -> float:
    """Read the end of a ban, in milliseconds since 1970, off the message."""
    found = _BANNED_UNTIL.search(_text(response))
    if found is None:
        return 0.0
    return (datetime.fromtimestamp(int(found[1]) / 1000, tz=UTC) - now).total_seconds()


def vendor_message(response: httpx.Response) -> str:
    """Return the vendor's own words: the message of a JSON error body, else the body's text."""
    try:
        body = decoded(response.content)
    except UnexpectedShape:
        return _text(response) or "without a word"
    return _message(body) or _text(response)


def _text(response: httpx.Response) -> str:
    """Return the body as text; the charset that a vendor names may be none that there is."""
    return response.content.decode("utf-8", "replace")


def _message(body: Any) -> str | None:
    """Find the sentence in the shapes of error bodies that vendors use."""
    if not isinstance(body, dict):
        return None
    for name in ("msg", "error_message", "message", "error"):
        if isinstance(body.get(name), str):
            code = body.get("code", body.get("error_code"))
            return body[name] if code is None else f"{body[name]} (code {code})"
    return _message(body.get("status")) or _message(body.get("error"))
