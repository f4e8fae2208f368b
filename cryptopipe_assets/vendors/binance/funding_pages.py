"""Paging through Binance's funding settlements without losing a row.

The length of a page is never taken as a sign of the end, since Binance caps pages below the
limit asked for (200 rows at times, [data] of 534 in 539 symbols). One answer of all symbols
carries hundreds of rows of the very same millisecond, and a page may end among them.
"""

from collections.abc import Awaitable, Collection
from datetime import datetime
from typing import Protocol

import polars as pl

from cryptopipe_assets.core.time import HOUR, HOUR_MS
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape

MOST_ROWS = 1000
EVERYONE_SETTLES_MS = 12 * HOUR_MS  # no contract settles less often than every eight hours
ROWS_PER_HOUR = 150  # of all symbols together; 125 were counted in March 2026


class Ask(Protocol):
    """One request: rows with ``first <= stamp <= last``, ascending, of one symbol or (null) all."""

    def __call__(
        self, vendor_symbol: str | None, *, first: int, last: int
    ) -> Awaitable[pl.DataFrame]:
        """Return ``STAMPED_SCHEMA``."""


def is_cheaper_for_all(symbols: int, *, start: datetime, end: datetime) -> bool:
    """Tell whether asking for all symbols at once takes fewer requests than one by one."""
    hours = (end - start) / HOUR
    for_all = 2 + hours * ROWS_PER_HOUR // MOST_ROWS
    for_each = 2 + hours // MOST_ROWS
    return for_all < symbols * for_each


async def pages_of_one(
    ask: Ask, vendor_symbol: str, *, first: int, last: int
) -> list[pl.DataFrame]:
    """Return the pages of one symbol, from the first stamp to an empty page or the window's end."""
    pages: list[pl.DataFrame] = []
    cursor = first
    while cursor <= last:
        page = await ask(vendor_symbol, first=cursor, last=last)
        if page.is_empty():
            break
        pages.append(page)
        cursor = _newest(page, cursor) + 1
    return pages


async def pages_of_all(
    ask: Ask, vendor_symbols: Collection[str], *, first: int, last: int
) -> list[pl.DataFrame]:
    """Return the pages of all symbols together.

    Each page is asked from the newest stamp of the one before, that stamp included, so that rows
    which share it come again. If a page has nothing newer, those rows may have been cut by the
    page's cap: unless an earlier page was longer, which shows that the cap is higher, the symbols
    that are not among them are asked for one by one. So are, in the end, those that were in no page
    of a window in which every contract settles.
    """
    pages: list[pl.DataFrame] = []
    longest, cursor = 0, first
    while cursor <= last:
        page = await ask(None, first=cursor, last=last)
        if page.is_empty():
            break
        pages.append(page)
        newest = _newest(page, cursor)
        if newest > cursor:
            cursor = newest
        elif page.height < longest:
            break
        else:
            for each in sorted(set(vendor_symbols) - set(page["vendor_symbol"])):
                pages.append(await ask(each, first=cursor, last=cursor))
            cursor += 1
        longest = max(longest, page.height)
    if last - first >= EVERYONE_SETTLES_MS:
        came = {name for page in pages for name in page["vendor_symbol"].unique()}
        for each in sorted(set(vendor_symbols) - came):
            pages += await pages_of_one(ask, each, first=first, last=last)
    return pages


def _newest(page: pl.DataFrame, asked_from: int) -> int:
    """Return the newest stamp, or complain of a page that is older than what was asked for."""
    newest = page["stamp"].max()
    if not isinstance(newest, int) or newest < asked_from:
        raise UnexpectedShape(f"asked from {asked_from} on, the newest row is of {newest!r}")
    return newest
