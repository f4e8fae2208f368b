"""Binance's REST pages of klines as text, before any number is read. Pure: no network.

A page is already comma-separated but for its brackets. Pages are put together as text and read at
once: making a Python object of each number is what decoding JSON spends its time on, and reading
each page by itself costs as much again.
"""

import json

from cryptopipe_assets.vendors.binance.parse_klines import MICROSECONDS_FROM
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, decoded

QUOTES_A_ROW = 18  # around nine texts; the two times and the number of trades are bare


def page_as_csv(body: bytes) -> bytes:
    """Return a REST page, a JSON array of flat arrays, as lines of comma-separated fields.

    Binance sends no white space. Such a page is already that text but for the brackets, and no
    Python object has to be made for each number, which is what decoding JSON spends its time on.

    Raises
    ------
    UnexpectedShape
        If the body is not a JSON array of flat arrays.
    """
    if any(space in body for space in (b" ", b"\n", b"\t")):
        try:
            body = json.dumps(decoded(body), separators=(",", ":")).encode()
        except UnexpectedShape as exc:
            raise UnexpectedShape("expected a JSON array of arrays") from exc
    if body == b"[]":
        return b""
    lines = body[2:-2].replace(b"],[", b"\n")
    if body[:2] != b"[[" or body[-2:] != b"]]" or any(mark in lines for mark in (b"[", b"{")):
        raise UnexpectedShape("expected a JSON array of arrays")
    if lines.count(b'"') != QUOTES_A_ROW * (lines.count(b"\n") + 1):
        raise UnexpectedShape("expected rows of nine numbers as text and three bare ones")
    return lines


def newest_open(page: bytes) -> int:
    """Return the newest opening time (ms) of a page's first and last line.

    Which of them is newer depends on the order, which is not relied on.

    Raises
    ------
    UnexpectedShape
        If a line does not begin with a time.
    """
    first, last = page.partition(b"\n")[0], page[page.rfind(b"\n") + 1 :]
    try:
        newest = max(int(line.partition(b",")[0]) for line in (first, last))
    except ValueError as exc:
        raise UnexpectedShape(f"expected rows that begin with a time, got {first[:60]!r}") from exc
    return newest // 1000 if newest >= MICROSECONDS_FROM else newest
