"""Bars and settlements of any window, each day from the cheapest transport that has it.

The archive costs no weight and a month of minutes is one file; what it does not have, or not
yet, comes by REST. All or nothing: if one symbol fails, there is no answer at all.
"""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

import polars as pl

from cryptopipe_assets.core.errors import NotPublished
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.parse_klines import BAR_SCHEMA
from cryptopipe_assets.vendors.binance.transports import is_published, plan, spans_of
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA

TRANSPORTS = ("archive_month", "archive_day", "rest")

File = Callable[[str, str, date], Awaitable[pl.DataFrame]]


class Rest(Protocol):
    """``Binance.klines`` or ``Binance.settlements``."""

    def __call__(
        self, symbols: Mapping[str, str], *, start: datetime, end: datetime
    ) -> Coroutine[Any, Any, pl.DataFrame]:
        """Return the rows of ``[start, end)``."""


@dataclass(frozen=True)
class Collected:
    """What was collected, and by which way.

    Parameters
    ----------
    frame
        The rows, sorted by symbol and ts.
    transports
        Symbol-days that came from ``archive_month``, ``archive_day`` and ``rest``; a day on which
        a transport had no row counts too.
    """

    frame: pl.DataFrame
    transports: dict[str, int]


@dataclass(frozen=True)
class _FromArchive:
    """The rows that the archive had of one symbol, and the days it did not have."""

    frames: list[pl.DataFrame] = field(default_factory=list)
    transports: Counter[str] = field(default_factory=Counter)
    missing: set[date] = field(default_factory=set)


async def collect_bars(
    binance: Binance,
    archive: BinanceArchive,
    symbols: Mapping[str, str],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
) -> Collected:
    """Collect the closed 1-minute bars of ``[start, end)``.

    A month that is over comes as one file if at least 15 of its days are wanted, other days that
    are two days old come as one file each, the rest comes by REST. A file that is not published
    falls back to the next smaller way.

    Parameters
    ----------
    symbols
        Vendor symbol to canonical symbol. Days before a symbol was listed cost a request each;
        leave them out if you know them.
    now
        Decides what the archive should have.

    Returns
    -------
    Collected with a frame of ``BAR_SCHEMA``.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    of_day = archive.klines_of_day
    found = await all_or_nothing(
        _from_archive(archive.klines_of_month, of_day, each, start=start, end=end, now=now)
        for each in symbols.items()
    )
    return await _complete(
        found, binance.klines, symbols=symbols, schema=BAR_SCHEMA, start=start, end=end
    )


async def collect_settlements(
    binance: Binance,
    archive: BinanceArchive,
    symbols: Mapping[str, str],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
) -> Collected:
    """Collect the funding settlements of ``[start, end)``: ``SETTLEMENT_SCHEMA``.

    All else as ``collect_bars``, except that the archive has funding by month only. The declared
    interval is null for rows that came by REST.
    """
    found = await all_or_nothing(
        _from_archive(archive.settlements_of_month, None, each, start=start, end=end, now=now)
        for each in symbols.items()
    )
    return await _complete(
        found,
        binance.settlements,
        symbols=symbols,
        schema=SETTLEMENT_SCHEMA,
        start=start,
        end=end,
    )


async def _from_archive(
    of_month: File,
    of_day: File | None,
    names: tuple[str, str],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
) -> _FromArchive:
    """Take of one symbol what the archive has; ``of_day`` is null where it has months only."""
    wanted = plan(start, end, now=now)
    result = _FromArchive(missing={*wanted.rest})
    months = await all_or_nothing(_or_null(of_month(*names, first)) for first in wanted.months)
    days = list(wanted.days)
    for frame, of_it in zip(months, wanted.months.values(), strict=True):
        if frame is None:
            days += [day for day in of_it if is_published(day, now=now)]
            result.missing.update(day for day in of_it if not is_published(day, now=now))
        else:
            result.frames.append(frame)
            result.transports["archive_month"] += len(of_it)
    if of_day is None:
        result.missing.update(days)
        return result
    singles = await all_or_nothing(_or_null(of_day(*names, day)) for day in days)
    for day, frame in zip(days, singles, strict=True):
        if frame is None:
            result.missing.add(day)
        else:
            result.frames.append(frame)
            result.transports["archive_day"] += 1
    return result


async def _or_null(file: Awaitable[pl.DataFrame]) -> pl.DataFrame | None:
    """Return the file's rows, or null if it is not published: then another way is taken."""
    try:
        return await file
    except NotPublished:
        return None


async def _complete(
    found: list[_FromArchive],
    rest: Rest,
    *,
    symbols: Mapping[str, str],
    schema: pl.Schema,
    start: datetime,
    end: datetime,
) -> Collected:
    """Ask by REST for what the archive did not have, and put everything together."""
    together: defaultdict[tuple[datetime, datetime], dict[str, str]] = defaultdict(dict)
    transports = Counter(dict.fromkeys(TRANSPORTS, 0))
    frames = [schema.to_frame()]
    for each, (vendor_symbol, symbol) in zip(found, symbols.items(), strict=True):
        for span in spans_of(each.missing, start=start, end=end):
            together[span][vendor_symbol] = symbol
        transports.update(each.transports)
        transports["rest"] += len(each.missing)
        frames += each.frames
    frames += await all_or_nothing(
        rest(some, start=span[0], end=span[1]) for span, some in sorted(together.items())
    )
    frame = (
        pl.concat(frames)
        .filter(pl.col("ts").is_between(start, end, closed="left"))
        .sort("symbol", "ts")
    )
    return Collected(frame, dict(transports))
