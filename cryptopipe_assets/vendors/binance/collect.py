"""Rows of any window, each day from the cheapest transport that has it.

The archive costs no weight and a month of minutes is one file; what it does not have, or not
yet, comes by REST. All or nothing: if one symbol fails, there is no answer at all.
"""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar

import polars as pl

from cryptopipe_assets.core.errors import NotPublished
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.parse_klines import BAR_SCHEMA
from cryptopipe_assets.vendors.binance.transports import Plan, is_published, plan, spans_of
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA

TRANSPORTS = ("archive_month", "archive_day", "rest")

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

File = Callable[[str, str, date], Awaitable[T]]
"""Vendor symbol, canonical symbol, and a day of what the file is of, to the rows in the file."""


class Rest(Protocol[T_co]):
    """Asks REST for several symbols, such as ``Binance.klines``."""

    def __call__(
        self, symbols: Mapping[str, str], /, *, start: datetime, end: datetime
    ) -> Coroutine[Any, Any, T_co]:
        """Return the rows of ``[start, end)``."""


@dataclass(frozen=True, kw_only=True)
class Ways(Generic[T]):
    """The transports of one kind of rows; a file is null where the archive has none of its span.

    A file that raises ``NotPublished`` is replaced by the next smaller way.
    """

    by_rest: Rest[T]
    of_month: File[T] | None = None
    of_day: File[T] | None = None


@dataclass(frozen=True)
class Parts(Generic[T]):
    """What came by which way.

    Attributes
    ----------
    transports
        As of ``Collected``.
    """

    from_archive: list[T]
    by_rest: list[T]
    transports: dict[str, int]


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
class _FromArchive(Generic[T]):
    """The rows that the archive had of one symbol, and the days it did not have."""

    parts: list[T] = field(default_factory=list)
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
    return await _frames(
        Ways(
            by_rest=binance.klines,
            of_month=archive.klines_of_month,
            of_day=archive.klines_of_day,
        ),
        symbols,
        BAR_SCHEMA,
        start=start,
        end=end,
        now=now,
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
    return await _frames(
        Ways(by_rest=binance.settlements, of_month=archive.settlements_of_month),
        symbols,
        SETTLEMENT_SCHEMA,
        start=start,
        end=end,
        now=now,
    )


async def _frames(
    ways: Ways[pl.DataFrame],
    symbols: Mapping[str, str],
    schema: pl.Schema,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
) -> Collected:
    """Put together what every transport gave of ``[start, end)``."""
    wanted = plan(start, end, now=now)
    got = await cheapest(ways, symbols, wanted, start=start, end=end, now=now)
    frame = (
        pl.concat([schema.to_frame(), *got.from_archive, *got.by_rest])
        .filter(pl.col("ts").is_between(start, end, closed="left"))
        .sort("symbol", "ts")
    )
    return Collected(frame, got.transports)


async def cheapest(
    ways: Ways[T],
    symbols: Mapping[str, str],
    wanted: Plan,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
) -> Parts[T]:
    """Ask for what is wanted of ``[start, end)``: the archive first, then REST for what it lacks.

    Days that several symbols lack are asked for together.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    found = await all_or_nothing(
        _from_archive(ways, each, wanted, now=now) for each in symbols.items()
    )
    spans: defaultdict[tuple[datetime, datetime], dict[str, str]] = defaultdict(dict)
    transports = Counter(dict.fromkeys(TRANSPORTS, 0))
    for each, (vendor_symbol, symbol) in zip(found, symbols.items(), strict=True):
        for span in spans_of(each.missing, start=start, end=end):
            spans[span][vendor_symbol] = symbol
        transports.update(each.transports)
        transports["rest"] += len(each.missing)
    by_rest = await all_or_nothing(
        ways.by_rest(some, start=span[0], end=span[1]) for span, some in sorted(spans.items())
    )
    return Parts([part for each in found for part in each.parts], by_rest, dict(transports))


async def _from_archive(
    ways: Ways[T], names: tuple[str, str], wanted: Plan, *, now: datetime
) -> _FromArchive[T]:
    """Take of one symbol what the archive has."""
    result = _FromArchive[T](missing={*wanted.rest})
    days = list(wanted.days)
    months = await all_or_nothing(_or_null(ways.of_month, names, first) for first in wanted.months)
    for part, of_it in zip(months, wanted.months.values(), strict=True):
        if part is None:
            days += [day for day in of_it if is_published(day, now=now)]
            result.missing.update(day for day in of_it if not is_published(day, now=now))
        else:
            result.parts.append(part)
            result.transports["archive_month"] += len(of_it)
    singles = await all_or_nothing(_or_null(ways.of_day, names, day) for day in days)
    for day, part in zip(days, singles, strict=True):
        if part is None:
            result.missing.add(day)
        else:
            result.parts.append(part)
            result.transports["archive_day"] += 1
    return result


async def _or_null(file: File[T] | None, names: tuple[str, str], day: date) -> T | None:
    """Return the file's rows; null if there is no such file (yet): then another way is taken."""
    try:
        return None if file is None else await file(*names, day)
    except NotPublished:
        return None
