"""Open interest of Binance USD-M futures, hour by hour, by REST and from the bulk archive.

Docs      https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data
          (Open-Interest-Statistics); https://github.com/binance/binance-public-data (metrics)
Auth      none
Budgets   ``futures_data``, 1,000 calls in 5 minutes and address, no weight; the archive has none
History   REST: the latest month. Archive: daily files from 2020 or 2021 on, a day or two late
Symbols   ``BTCUSDT``, ``1000PEPEUSDT``; one symbol a call, 500 points a call
Numbers   strings; base units and USDT, one side; a point stamped T is the state at T
Terms     https://www.binance.com/en/terms; not offered in every country (HTTP 451)
"""

from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

import polars as pl

from cryptopipe_assets.core.errors import (
    PayloadChanged,
    RequestError,
    VendorError,
    VendorRejected,
)
from cryptopipe_assets.core.time import HOUR_MS, milliseconds
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.archive_file import ArchiveFile
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.parse_metrics import (
    POINT_SCHEMA,
    VENUE,
    coin_of,
    read_metrics,
    read_points,
    readings_of,
)
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.parsing.one_by_one import Failure
from cryptopipe_assets.vendors.parsing.open_interest import (
    Measured,
    at_the_hours_end,
    together,
)
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape

HISTORY = "/futures/data/openInterestHist"
MOST_POINTS = 500
KEPT = timedelta(days=28)  # "latest 1 month", and a February has no more
BY_REST = timedelta(days=27)

Period = Literal["1h", "2h", "4h", "6h", "12h", "1d"]
PERIODS_MS: dict[Period, int] = {
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "6h": 6 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": 24 * HOUR_MS,
}


async def open_interest_history(
    binance: Binance,
    symbols: Mapping[str, str],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    period: Period = "1h",
) -> Measured:
    """Return the open interest at the end of the hours ``start <= ts < end``, by REST.

    Parameters
    ----------
    symbols
        Vendor symbol to canonical symbol.
    now
        The present; Binance keeps one month before it.
    period
        Distance of the points; one of four hours is the last of its four hours.

    Raises
    ------
    RequestError
        If ``start`` is more than 28 days before ``now``.
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    if now - start > KEPT:
        raise RequestError(
            f"open interest of Binance by REST from {start:%Y-%m-%d %H:%M} on: Binance keeps one "
            f"month, so ask from {now - KEPT:%Y-%m-%d %H:%M} on, or take the archive's metrics"
        )
    first, last = milliseconds(start) + HOUR_MS, milliseconds(end) + HOUR_MS - 1
    asked = list(symbols.items()) if start < end else []
    responses = await all_or_nothing(
        _or_error(
            _history_of(
                binance, names, first=first, last=min(last, milliseconds(now)), period=period
            )
        )
        for names in asked
    )
    return _each_by_itself(asked, responses)


async def _or_error(response: Awaitable[Measured]) -> Measured | VendorError:
    """What one contract's request came to: a vendor that is unavailable is so for all of them."""
    try:
        return await response
    except (VendorRejected, PayloadChanged) as exc:
        return exc


def _each_by_itself(
    asked: Sequence[tuple[str, str]], responses: Sequence[Measured | VendorError]
) -> Measured:
    """What came; a contract whose request failed is named, and takes no other one down.

    Raises
    ------
    VendorRejected, PayloadChanged
        If every contract failed.
    """
    errors = {
        vendor_symbol: (symbol, each)
        for (vendor_symbol, symbol), each in zip(asked, responses, strict=True)
        if isinstance(each, VendorError)
    }
    if errors and len(errors) == len(asked):
        raise next(iter(errors.values()))[1]
    found = together(each for each in responses if isinstance(each, Measured))
    failed = {
        name: Failure(coin_of(symbol), str(error)) for name, (symbol, error) in errors.items()
    }
    counts = Counter(found.left_out) + Counter(failed=len(failed))
    return Measured(found.frame, dict(counts), {**found.failed, **failed})


async def _history_of(
    binance: Binance, names: tuple[str, str], *, first: int, last: int, period: Period
) -> Measured:
    """Return one symbol's points with ``first <= stamp <= last`` (ms)."""
    vendor_symbol, symbol = names
    stride = MOST_POINTS * PERIODS_MS[period]
    windows = [(begin, min(begin + stride - 1, last)) for begin in range(first, last + 1, stride)]
    pages = [POINT_SCHEMA.to_frame()]
    with binance.promised(f"{HISTORY} {vendor_symbol}"):
        while windows:
            begin, until = windows.pop()
            page = await _page(binance, vendor_symbol, first=begin, last=until, period=period)
            if page.is_empty():
                continue
            pages.append(page)
            # Which end of a window a page is cut at is not documented: ask for what is not covered.
            oldest, newest = _ends(page, begin, until)
            if oldest - begin >= PERIODS_MS[period]:
                windows.append((begin, oldest - 1))
            if until - newest >= PERIODS_MS[period]:
                windows.append((newest + 1, until))
        found = pl.concat(pages)
        rows = at_the_hours_end(readings_of(found, symbol), venue=VENUE)
        lacking = len(range(first, last + 1, PERIODS_MS[period])) - found["stamp"].n_unique()
        return Measured(rows, {"hours_missing": lacking} if lacking > 0 else {})


async def _page(
    binance: Binance, vendor_symbol: str, *, first: int, last: int, period: Period
) -> pl.DataFrame:
    params: dict[str, str | int] = {
        "symbol": vendor_symbol,
        "period": period,
        "startTime": first,
        "endTime": last,
        "limit": MOST_POINTS,
    }
    payload = await binance.get_json(HISTORY, params, family="futures_data")
    return read_points(payload, vendor_symbol)


def _ends(page: pl.DataFrame, first: int, last: int) -> tuple[int, int]:
    """Return the oldest and the newest stamp, which lie in the window that was asked for."""
    oldest, newest = page["stamp"].min(), page["stamp"].max()
    assert isinstance(oldest, int)  # no page is empty here, and no stamp is null
    assert isinstance(newest, int)
    if oldest < first or newest > last:
        raise UnexpectedShape(f"asked for {first} to {last}, got {oldest} to {newest}")
    return oldest, newest


async def metrics_of_day(
    archive: BinanceArchive, vendor_symbol: str, symbol: str, *, day: date
) -> Measured:
    """Return the open interest at the end of each hour of ``day``, from the archive.

    Rows that repeat or are blank, and hours without a row, are counted: the files have all three.
    Which end of the five minutes its labels are, is told by which midnight the file has.

    Raises
    ------
    NotPublished
        If the archive has no such file (yet).
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    file = ArchiveFile.of_day("metrics", vendor_symbol, day)
    csv = await archive.csv(file)
    with archive.promised(file.path):
        points, lost = read_metrics(csv, vendor_symbol, day)
        return Measured(at_the_hours_end(readings_of(points, symbol), venue=VENUE), dict(lost))
