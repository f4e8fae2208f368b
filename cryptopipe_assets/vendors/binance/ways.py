"""From the archive's month to its day to REST: each day of each symbol by the next smaller way.

The archive costs no weight and a month of minutes is one file. A file may be late, damaged, odd,
without its checksum, or short of some days: it gives what it has, and the days that are not whole
are asked for by the next way. What a way said instead of rows is kept.
"""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

import polars as pl

from cryptopipe_assets.core.errors import (
    NotPublished,
    RateLimited,
    VendorError,
    VendorUnavailable,
)
from cryptopipe_assets.vendors.binance.transports import Plan, is_published, plan, spans_of
from cryptopipe_assets.vendors.http.gather import all_or_nothing, as_one_of_many
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_assets.vendors.parsing.told import TOLD

TRANSPORTS = ("archive_month", "archive_day", "rest")
DAYS_NAMED = 5

Said = Literal["not published", "not usable", "no response", "not whole"]
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

    Attributes
    ----------
    short_of
        Which of the days a file lacks rows of, or has rows of that are to be doubted.
    """

    by_rest: Rest[T]
    short_of: Callable[[T, Sequence[date]], Collection[date]]
    of_month: File[T] | None = None
    of_day: File[T] | None = None


@dataclass(frozen=True)
class Setback:
    """What a way said of some days of a symbol, instead of all their rows.

    Attributes
    ----------
    said
        ``not published``: there is no such file (yet). ``not usable``: damaged, not to be verified,
        or not what it should be. ``no response``: the archive did not respond. ``not whole``: it
        lacks minutes of the days, or has some that are to be doubted.
    why
        In the words of the error; empty where ``said`` says it all.
    """

    symbol: str
    transport: str
    days: tuple[date, ...]
    said: Said
    why: str = ""


@dataclass(frozen=True)
class Parts(Generic[T]):
    """What came by which way.

    Attributes
    ----------
    from_archive
        Of each symbol the months before the days.
    transports
        As of ``Collected``.
    rest_days
        Days of each symbol for which REST was asked.
    """

    from_archive: list[T]
    by_rest: list[T]
    transports: dict[str, int]
    setbacks: list[Setback]
    rest_days: Mapping[str, Collection[date]]


@dataclass(frozen=True)
class _FromArchive(Generic[T]):
    """The rows that the archive had of one symbol, and the days that it did not have whole."""

    parts: list[T] = field(default_factory=list)
    transports: Counter[str] = field(default_factory=Counter)
    missing: set[date] = field(default_factory=set)
    setbacks: list[Setback] = field(default_factory=list)


@dataclass(frozen=True)
class _Instead:
    """What was said instead of the rows of a file."""

    said: Said
    why: str = ""


async def cheapest(
    ways: Ways[T], symbols: Mapping[str, str], *, start: datetime, end: datetime, now: datetime
) -> Parts[T]:
    """Ask for all of ``[start, end)``: the archive first, then REST for what it lacks.

    Whole months, days and REST are wanted as ``plan`` has them. Days that several symbols lack are
    asked for together.

    Raises
    ------
    RateLimited
    VendorUnavailable, VendorRejected, PayloadChanged
        From REST.
    """
    wanted = plan(start, end, now=now)
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
    return Parts(
        [part for each in found for part in each.parts],
        by_rest,
        dict(transports),
        [setback for each in found for setback in each.setbacks],
        {name: each.missing for name, each in zip(symbols.values(), found, strict=True)},
    )


async def _from_archive(
    ways: Ways[T], names: tuple[str, str], wanted: Plan, *, now: datetime
) -> _FromArchive[T]:
    """Take of one symbol what the archive has."""
    result = _FromArchive[T](missing={*wanted.rest})
    months = await _taken(
        ways, ways.of_month, names, wanted.months, transport="archive_month", into=result
    )
    again = [day for day in months if is_published(day, now=now)]
    result.missing.update(day for day in months if not is_published(day, now=now))
    singles = {day: [day] for day in (*wanted.days, *again)}
    result.missing.update(
        await _taken(ways, ways.of_day, names, singles, transport="archive_day", into=result)
    )
    return result


async def _taken(
    ways: Ways[T],
    file: File[T] | None,
    names: tuple[str, str],
    wanted: Mapping[date, Sequence[date]],
    *,
    transport: str,
    into: _FromArchive[T],
) -> list[date]:
    """Take the files of some days; returns the days of which something is left to be asked for."""
    left: list[date] = []
    if file is None:
        return [day for days in wanted.values() for day in days]
    came = await all_or_nothing(_or_instead(file, names, first) for first in wanted)
    for part, days in zip(came, wanted.values(), strict=True):
        if isinstance(part, _Instead):
            left += days
            into.setbacks.append(Setback(names[1], transport, tuple(days), part.said, part.why))
            continue
        into.parts.append(part)
        lacking = set(ways.short_of(part, days))
        short = tuple(day for day in days if day in lacking)
        into.transports[transport] += len(days) - len(short)
        if short:
            left += short
            into.setbacks.append(Setback(names[1], transport, short, "not whole"))
    return left


async def _or_instead(file: File[T], names: tuple[str, str], day: date) -> T | _Instead:
    """Return the file's rows, or what was said instead.

    Raises
    ------
    RateLimited
    """
    try:
        return await file(*names, day)
    except RateLimited:
        raise
    except VendorError as exc:
        said = said_of(exc)
        return _Instead(said, "" if said == "not published" else as_one_of_many(exc))


def said_of(failure: VendorError) -> Said:
    """What the failure of a way says of its days."""
    if isinstance(failure, NotPublished):
        return "not published"
    return "no response" if isinstance(failure, VendorUnavailable) else "not usable"


def told_by(
    setbacks: Sequence[Setback],
    rest_days: Mapping[str, Collection[date]],
    *,
    refused: Mapping[tuple[str, date], Said],
) -> pl.DataFrame:
    """What each way that was asked said of the days that it did not give whole: ``TOLD``.

    Parameters
    ----------
    rest_days
        As of ``Parts``; a day that REST gave whole is better left out by the reader.
    refused
        Symbol and day of which REST failed, and how.
    """
    rows: list[tuple[str, date, str, Said | None]] = [
        (each.symbol, day, each.transport, None if each.said == "not whole" else each.said)
        for each in setbacks
        for day in each.days
    ]
    rows += [
        (symbol, day, "rest", refused.get((symbol, day)))
        for symbol, days in rest_days.items()
        for day in days
    ]
    return pl.DataFrame(rows, schema=TOLD, orient="row").unique().sort("symbol", "day", "transport")


def counts_of(setbacks: Sequence[Setback]) -> Counter[str]:
    """Symbol-days by what was said of them, e.g. ``archive_day_not_usable``."""
    found: Counter[str] = Counter()
    for each in setbacks:
        found[f"{each.transport}_{each.said.replace(' ', '_')}"] += len(each.days)
    return found


def tell(journal: Journal, setbacks: Sequence[Setback]) -> None:
    """Put into the journal what each way said of which days, one line a symbol and way.

    A file that is not there yet is no news, and an archive that does not respond is told of once.
    """
    silent = [each for each in setbacks if each.said == "no response"]
    if silent:
        days = sorted({day for each in silent for day in each.days})
        journal.note(
            "fallback",
            f"the archive did not respond for {len({each.symbol for each in silent})} contracts, "
            f"{named(days)}; the next way was asked instead. First: {silent[0].why}",
        )
    together: defaultdict[tuple[str, str, Said], list[Setback]] = defaultdict(list)
    for each in setbacks:
        if each.said in ("not usable", "not whole"):
            together[each.symbol, each.transport, each.said].append(each)
    for (symbol, transport, said), some in together.items():
        days = sorted({day for each in some for day in each.days})
        first = f". First: {some[0].why}" if some[0].why else ""
        journal.note(
            "fallback",
            f"{transport} of {symbol} is {said}, {named(days)}; the next way was asked "
            f"instead{first}",
        )


def named(days: Sequence[date]) -> str:
    """The first days in words."""
    more = f" and {len(days) - DAYS_NAMED} more days" if len(days) > DAYS_NAMED else ""
    return f"{', '.join(map(str, days[:DAYS_NAMED]))}{more}"
