"""Requests for missing rows: only for them, in few calls, by every transport.

Bars: whole days come from the archive's month or day, as when they are first collected. For the
rest REST is used, whose calls cover neighbouring gaps; what it lacks is looked for in the archive's
file of the day and then of the month. Where all have responded without a bar, the venue's hourly
bars show whether anything was traded. Settlements and open interest: REST as far back as it tells,
then the archive's file, of the month or the day.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

import polars as pl

from cryptopipe_assets.collect.funding import with_intervals
from cryptopipe_assets.collect.gaps.datasets import hours_of, paid_for
from cryptopipe_assets.collect.gaps.intervals import SPANS, difference, segments
from cryptopipe_assets.core.errors import NotPublished, PayloadChanged, VendorRejected
from cryptopipe_assets.core.time import DAY, MINUTE, midnight
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import MOST_KLINES, Binance
from cryptopipe_assets.vendors.binance.collect import collect_bars
from cryptopipe_assets.vendors.binance.open_interest import (
    BY_REST,
    metrics_of_day,
    open_interest_history,
)
from cryptopipe_assets.vendors.binance.parse_klines import BAR_SCHEMA
from cryptopipe_assets.vendors.binance.transports import is_published, next_month
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA

logger = logging.getLogger("cryptopipe.vendors")

T = TypeVar("T")
File = Callable[[str, str, date], Awaitable[pl.DataFrame]]
"""Vendor symbol, canonical symbol and a day of what the file is of, to the rows in the file."""

TRANSPORTS = ("rest", "archive_day", "archive_month")
GIVEN_UP_AFTER = 7 * DAY
"""A file that is not there a week after its time will not come: that is the response."""


@dataclass(frozen=True)
class Refetched:
    """What was requested and what came.

    Attributes
    ----------
    rows
        Missing rows only; of bars, ``BAR_SCHEMA``.
    asked
        By transport, the ``SPANS`` for which it responded, be it with nothing.
    covered
        ``SPANS`` that the rows stand for; null: each for a minute.
    """

    rows: pl.DataFrame
    asked: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    covered: pl.DataFrame | None = None

    @property
    def came(self) -> pl.DataFrame:
        """``SPANS`` that came."""
        if self.covered is not None:
            return self.covered
        return self.rows.select("symbol", start="ts", end=pl.col("ts").dt.offset_by("1m"))

    def left(self, gaps: pl.DataFrame) -> pl.DataFrame:
        """What of the gaps did not come, ``SPANS``."""
        return difference(gaps, self.came)

    def transports(self, gaps: pl.DataFrame) -> pl.DataFrame:
        """The gaps cut where transports or bars differ: ``SPANS``, came, asked (their names)."""
        none = SPANS.to_frame()
        layers = {"gap": gaps.select(SPANS.names()), "came": self.came}
        layers |= {name: self.asked.get(name, none) for name in TRANSPORTS}
        has = [pl.when(pl.col(name) > 0).then(pl.lit(name)) for name in TRANSPORTS]
        return (
            segments(layers)
            .filter(pl.col("gap") > 0)
            .select(
                *SPANS.names(),
                came=pl.col("came") > 0,
                asked=pl.concat_str(has, separator=", ", ignore_nulls=True),
            )
        )


async def refetch(
    binance: Binance,
    archive: BinanceArchive,
    gaps: pl.DataFrame,
    symbols: Mapping[str, str],
    *,
    now: datetime,
) -> Refetched:
    """Request from every transport in turn what the ones before it lacked.

    Parameters
    ----------
    gaps
        ``SPANS``, disjoint.
    symbols
        Canonical symbol to vendor symbol.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    asked: dict[str, list[pl.DataFrame]] = {name: [] for name in TRANSPORTS}
    whole = _whole_days(gaps, now=now)
    frames = [BAR_SCHEMA.to_frame()]
    for (start, end), names in whole.items():
        some = {symbols[name]: name for name in names}
        got = await collect_bars(binance, archive, some, start=start, end=end, now=now)
        frames.append(got.frame)
    left = Refetched(pl.concat(frames)).left(gaps)
    frames.append(await binance.klines_of_spans(_calls(left, symbols)))
    asked["rest"].append(left)
    for transport in ("archive_day", "archive_month"):
        left = Refetched(pl.concat(frames)).left(gaps)
        monthly = transport == "archive_month"
        of = archive.klines_of_month if monthly else archive.klines_of_day
        files, responded = await _files(of, left, symbols, monthly=monthly, now=now)
        frames += files
        asked[transport].append(responded)
    return Refetched(_inside(pl.concat(frames), gaps), {k: pl.concat(v) for k, v in asked.items()})


def _whole_days(gaps: pl.DataFrame, *, now: datetime) -> dict[tuple[datetime, datetime], list[str]]:
    """Published days of which everything is missing, joined to windows, with their symbols."""
    together: dict[tuple[datetime, datetime], list[str]] = {}
    for symbol, start, end in gaps.select(SPANS.names()).iter_rows():
        first = start.date() if start == midnight(start.date()) else start.date() + DAY
        last = end.date()  # exclusive
        while last > first and not is_published(last - DAY, now=now):
            last -= DAY
        if first < last:
            together.setdefault((midnight(first), midnight(last)), []).append(symbol)
    return together


def _calls(
    left: pl.DataFrame, symbols: Mapping[str, str]
) -> Iterator[tuple[str, str, datetime, datetime]]:
    """Windows for REST: gaps that one call can cover are requested together."""
    window: tuple[str, datetime, datetime] | None = None
    for symbol, start, end in left.sort("symbol", "start").iter_rows():
        if window and window[0] == symbol and end - window[1] <= MOST_KLINES * MINUTE:
            window = (symbol, window[1], end)
            continue
        if window:
            yield symbols[window[0]], *window
        window = (symbol, start, end)
    if window:
        yield symbols[window[0]], *window


async def refetch_settlements(
    binance: Binance,
    archive: BinanceArchive,
    gaps: pl.DataFrame,
    symbols: Mapping[str, str],
    *,
    versions: pl.DataFrame,
    now: datetime,
) -> Refetched:
    """Request the settlements that pay for the gaps: by REST, then from the archive's months.

    Parameters
    ----------
    gaps
        ``SPANS``: of each, the settlements after its start until its end.
    symbols
        Canonical symbol to vendor symbol.
    versions
        The registry of instruments, for the intervals.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    # The day before gives the interval; a settlement at the very end pays for the gap.
    asked = gaps.select(
        "symbol",
        pl.col("start") - pl.duration(days=1),
        pl.col("end") + pl.duration(milliseconds=1),
    )
    responses = await all_or_nothing(
        _unless_refused(binance.settlements({symbols[symbol]: symbol}, start=start, end=end))
        for symbol, start, end in asked.iter_rows()
    )
    by_rest = [each for each in responses if each is not None]

    def of(frames: list[pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Settlements of the gaps, and what they pay for."""
        every = pl.concat([SETTLEMENT_SCHEMA.to_frame(), *frames])
        rows = with_intervals(every.unique(["symbol", "ts"], keep="last"), versions)
        paid = paid_for(_told_by_the_venue(rows)).select(SPANS.names())
        return _ending_inside(rows, gaps), paid

    left = difference(gaps, of(by_rest)[1])
    shifted = left.with_columns(pl.col("start", "end") + pl.duration(milliseconds=1))
    files, responded = await _files(
        _one_by_one(archive.settlements_of_month), shifted, symbols, monthly=True, now=now
    )
    rows, paid = of([*by_rest, *files])
    return Refetched(rows, {"rest": _told(gaps, responses), "archive_month": responded}, paid)


async def refetch_open_interest(
    binance: Binance,
    archive: BinanceArchive,
    gaps: pl.DataFrame,
    symbols: Mapping[str, str],
    *,
    now: datetime,
) -> Refetched:
    """Request missing hours of open interest: REST for four weeks, the archive's days for the rest.

    Parameters
    ----------
    gaps
        ``SPANS``.
    symbols
        Canonical symbol to vendor symbol.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    recent = gaps.filter(pl.col("start") >= pl.lit(now - BY_REST))
    responses = await all_or_nothing(
        _unless_refused(
            open_interest_history(binance, {symbols[symbol]: symbol}, start=start, end=end, now=now)
        )
        for symbol, start, end in recent.select(SPANS.names()).iter_rows()
    )
    by_rest = [each.frame for each in responses if each is not None]
    rows = pl.concat([OPEN_INTEREST_SCHEMA.to_frame(), *by_rest])

    async def of_day(vendor_symbol: str, symbol: str, day: date) -> pl.DataFrame:
        return (await metrics_of_day(archive, vendor_symbol, symbol, day=day)).frame

    left = difference(gaps, hours_of(_told_by_the_venue(rows)).select(SPANS.names()))
    files, responded = await _files(_one_by_one(of_day), left, symbols, monthly=False, now=now)
    every = pl.concat([rows, *files]).unique(["symbol", "ts"], keep="first", maintain_order=True)
    inside = _inside(every, gaps, columns=OPEN_INTEREST_SCHEMA.names())
    covered = hours_of(_told_by_the_venue(inside)).select(SPANS.names())
    return Refetched(inside, {"rest": _told(recent, responses), "archive_day": responded}, covered)


async def _unless_refused(response: Awaitable[T]) -> T | None:
    """The response; null where the vendor refuses or garbles it, as for a contract that is gone.

    Such a gap stays open and is requested again; the others are not held up.
    """
    try:
        return await response
    except (VendorRejected, PayloadChanged) as exc:
        logger.warning("a gap could not be requested: %s", exc)
        return None


def _one_by_one(of: File) -> Callable[[str, str, date], Awaitable[pl.DataFrame | None]]:
    """Files of which one that is refused or garbled is as if it were not there."""

    async def file(vendor_symbol: str, symbol: str, day: date) -> pl.DataFrame | None:
        return await _unless_refused(of(vendor_symbol, symbol, day))

    return file


def _told(gaps: pl.DataFrame, responses: Sequence[object | None]) -> pl.DataFrame:
    """The gaps for which there was a response, ``SPANS``."""
    has_response = pl.Series([each is not None for each in responses], dtype=pl.Boolean)
    return gaps.select(SPANS.names()).filter(has_response)


def without_row(responses: Refetched, gaps: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """What is known of gaps of settlements or open interest after they were requested.

    Returns
    -------
    DataFrame of ``SPANS``, asked, and cause: ``silent`` where every transport that reaches so far
    back has responded without a row, else null.
    """
    archives = [name for name in responses.asked if name != "rest"]
    too_old = pl.col("start") < pl.lit(now - BY_REST)
    rest = pl.col("asked").str.contains("rest") | too_old
    final = pl.all_horizontal(rest, *(pl.col("asked").str.contains(name) for name in archives))
    silent = ~pl.col("came") & final.fill_null(value=False)
    return (
        responses.transports(gaps)
        .with_columns(cause=pl.when(silent).then(pl.lit("silent")))
        .select(*SPANS.names(), "asked", "cause")
    )


def _told_by_the_venue(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(source="venue", ingested_at="available_at")


def _ending_inside(rows: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """Settlements after the start of a gap until its end."""
    spans = gaps.select("symbol", begin="start", until="end").sort("symbol", "begin")
    return (
        rows.sort("symbol", "ts")
        .join_asof(
            spans,
            left_on="ts",
            right_on="begin",
            by="symbol",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .filter(pl.col("ts") <= pl.col("until"))
        .select(rows.columns)
    )


async def _files(
    of: Callable[[str, str, date], Awaitable[pl.DataFrame | None]],
    left: pl.DataFrame,
    symbols: Mapping[str, str],
    *,
    monthly: bool,
    now: datetime,
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Rows of the archive's files that touch what is left, and the ``SPANS`` they cover."""
    wanted = sorted(set(_file_names(left, monthly=monthly, now=now)))
    came = await all_or_nothing(
        _rows(of(symbols[symbol], symbol, start)) for symbol, start, _ in wanted
    )
    frames: list[pl.DataFrame] = []
    responded = []
    for (symbol, start, end), frame in zip(wanted, came, strict=True):
        if frame is not None:
            frames.append(frame)
        if frame is not None or midnight(end) + GIVEN_UP_AFTER < now:
            responded.append((symbol, midnight(start), midnight(end)))
    return frames, pl.DataFrame(responded, schema=SPANS, orient="row")


def _file_names(
    left: pl.DataFrame, *, monthly: bool, now: datetime
) -> Iterator[tuple[str, date, date]]:
    """Symbol, first day and end of the files that should be there by now."""
    for symbol, start, end in left.iter_rows():
        day = start.date()
        while midnight(day) < end:
            first = day.replace(day=1) if monthly else day
            after = next_month(first) if monthly else day + DAY
            if is_published(after - DAY, now=now):
                yield symbol, first, after
            day = after


async def _rows(file: Awaitable[pl.DataFrame | None]) -> pl.DataFrame | None:
    try:
        return await file
    except NotPublished:
        return None


def _inside(
    bars: pl.DataFrame, gaps: pl.DataFrame, *, columns: Sequence[str] = BAR_SCHEMA.names()
) -> pl.DataFrame:
    """Rows of missing time only, each once: what is stored is not touched."""
    spans = gaps.select(SPANS.names()).sort("symbol", "start")
    return (
        bars.unique(["symbol", "ts"], keep="first", maintain_order=True)
        .sort("symbol", "ts")
        .join_asof(spans, left_on="ts", right_on="start", by="symbol", check_sortedness=False)
        .filter(pl.col("ts") < pl.col("end"))
        .select(columns)
    )
