"""Requests for missing rows: only for them, in few calls, by every transport.

Bars: whole days come from the archive's month or day, as when they are first collected. For the
rest REST is used, whose calls cover neighbouring gaps; what it lacks is looked for in the archive's
file of the day and then of the month. Where all have responded without a bar, the venue's hourly
bars show whether anything was traded. Settlements and open interest: REST as far back as it tells,
then the archive's file, of the month or the day.
"""

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from cryptopipe_assets.collect.funding import with_intervals
from cryptopipe_assets.collect.gaps.datasets import hours_of, paid_for
from cryptopipe_assets.collect.gaps.intervals import SPANS, difference
from cryptopipe_assets.collect.gaps.refetched import (
    EVIDENCE,
    NOT_USABLE,
    TRANSPORTS,
    Refetched,
    inside_gaps,
    raise_if_nobody_responded,
    said_by,
    tell,
)
from cryptopipe_assets.core.errors import NotPublished, VendorError
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
from cryptopipe_assets.vendors.http.gather import each_apart
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured

File = Callable[[str, str, date], Coroutine[Any, Any, pl.DataFrame]]
"""Vendor symbol, canonical symbol and a day of what the file is of, to the rows in the file."""

GIVEN_UP_AFTER = 7 * DAY
"""A file that is not there, or not usable, a week after its time stays so: that is the response."""


async def refetch(
    binance: Binance,
    archive: BinanceArchive,
    gaps: pl.DataFrame,
    symbols: Mapping[str, str],
    *,
    now: datetime,
) -> Refetched:
    """Request from every transport in turn what the ones before it lacked.

    A contract that REST refuses, and a file that cannot be used, hold up no other gap: what was
    said is kept with theirs.

    Parameters
    ----------
    gaps
        ``SPANS``, disjoint.
    symbols
        Canonical symbol to vendor symbol.

    Raises
    ------
    RateLimited
    VendorUnavailable
        If REST responds for none of the contracts.
    PayloadChanged
        If REST mixes contracts up.
    """
    asked: dict[str, list[pl.DataFrame]] = {name: [] for name in EVIDENCE}
    whole = _whole_days(gaps, now=now)
    frames = [BAR_SCHEMA.to_frame()]
    for (start, end), names in whole.items():
        some = {symbols[name]: name for name in names}
        got = await collect_bars(binance, archive, some, start=start, end=end, now=now)
        frames.append(got.frame)
    left = Refetched(pl.concat(frames)).left(gaps)
    bars, failures = await binance.klines_apart(_calls(left, symbols))
    raise_if_nobody_responded(failures, left)
    frames.append(bars)
    for symbol, failure in failures.items():
        asked[f"rest: {said_by(failure)}"].append(left.filter(symbol=symbol))
        tell(archive.records.journal, f"REST of {symbol}", failure)
    asked["rest"].append(left.filter(~pl.col("symbol").is_in(list(failures))))
    for transport in ("archive_day", "archive_month"):
        left = Refetched(pl.concat(frames)).left(gaps)
        of = archive.klines_of_month if transport == "archive_month" else archive.klines_of_day
        files, responses = await files_of(archive, of, left, symbols, transport=transport, now=now)
        frames += files
        for name, spans in responses.items():
            asked[name].append(spans)
    told = {name: pl.concat(spans) for name, spans in asked.items() if spans}
    bars = inside_gaps(pl.concat(frames), gaps, columns=BAR_SCHEMA.names())
    return Refetched(bars, told)


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


async def files_of(
    archive: BinanceArchive,
    of: File,
    left: pl.DataFrame,
    symbols: Mapping[str, str],
    *,
    transport: str,
    now: datetime,
) -> tuple[list[pl.DataFrame], dict[str, pl.DataFrame]]:
    """Rows of the archive's files that touch what is left, and by ``EVIDENCE`` their ``SPANS``."""
    monthly = transport == "archive_month"
    wanted = sorted(set(_file_names(left, monthly=monthly, now=now)))
    came = await each_apart(of(symbols[symbol], symbol, start) for symbol, start, _ in wanted)
    frames: list[pl.DataFrame] = []
    told: dict[str, list[tuple[str, datetime, datetime]]] = {}
    for (symbol, start, end), found in zip(wanted, came, strict=True):
        span = (symbol, midnight(start), midnight(end))
        is_final = midnight(end) + GIVEN_UP_AFTER < now
        if isinstance(found, pl.DataFrame):
            frames.append(found)
        elif not isinstance(found, NotPublished):
            said = said_by(found)
            told.setdefault(f"{transport}: {said}", []).append(span)
            tell(archive.records.journal, f"{transport} of {symbol} from {start} on", found)
            is_final = is_final and said == NOT_USABLE
        if isinstance(found, pl.DataFrame) or is_final:
            told.setdefault(transport, []).append(span)
    spans = {name: pl.DataFrame(rows, schema=SPANS, orient="row") for name, rows in told.items()}
    return frames, spans


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
    responses = await each_apart(
        binance.settlements({symbols[symbol]: symbol}, start=start, end=end)
        for symbol, start, end in asked.iter_rows()
    )
    by_rest = [each for each in responses if isinstance(each, pl.DataFrame)]

    def of(frames: list[pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Settlements of the gaps, and what they pay for."""
        every = pl.concat([SETTLEMENT_SCHEMA.to_frame(), *frames])
        rows = with_intervals(every.unique(["symbol", "ts"], keep="last"), versions)
        paid = paid_for(_told_by_the_venue(rows)).select(SPANS.names())
        return _ending_inside(rows, gaps), paid

    left = difference(gaps, of(by_rest)[1])
    shifted = left.with_columns(pl.col("start", "end") + pl.duration(milliseconds=1))
    files, told = await files_of(
        archive,
        archive.settlements_of_month,
        shifted,
        symbols,
        transport="archive_month",
        now=now,
    )
    rows, paid = of([*by_rest, *files])
    return Refetched(rows, _told(archive, gaps, responses, archive_month=told), paid)


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
    responses = await each_apart(
        open_interest_history(binance, {symbols[symbol]: symbol}, start=start, end=end, now=now)
        for symbol, start, end in recent.select(SPANS.names()).iter_rows()
    )
    by_rest = [each.frame for each in responses if isinstance(each, Measured)]
    rows = pl.concat([OPEN_INTEREST_SCHEMA.to_frame(), *by_rest])

    async def of_day(vendor_symbol: str, symbol: str, day: date) -> pl.DataFrame:
        return (await metrics_of_day(archive, vendor_symbol, symbol, day=day)).frame

    left = difference(gaps, hours_of(_told_by_the_venue(rows)).select(SPANS.names()))
    files, told = await files_of(archive, of_day, left, symbols, transport="archive_day", now=now)
    every = pl.concat([rows, *files]).unique(["symbol", "ts"], keep="first", maintain_order=True)
    inside = inside_gaps(every, gaps, columns=OPEN_INTEREST_SCHEMA.names())
    covered = hours_of(_told_by_the_venue(inside)).select(SPANS.names())
    return Refetched(inside, _told(archive, recent, responses, archive_day=told), covered)


def _told(
    archive: BinanceArchive,
    gaps: pl.DataFrame,
    responses: Sequence[object | VendorError],
    **of_files: Mapping[str, pl.DataFrame],
) -> dict[str, pl.DataFrame]:
    """What REST and the archive's files said of the gaps: ``EVIDENCE`` to ``SPANS``.

    Parameters
    ----------
    responses
        Of REST, one a gap; a failure holds up no other gap, and its own stays open.
    of_files
        Transport to what ``files_of`` told: its own name is there even if no file was asked for.
    """
    said = []
    for symbol, each in zip(gaps["symbol"], responses, strict=True):
        if isinstance(each, VendorError):
            said.append(f"rest: {said_by(each)}")
            tell(archive.records.journal, f"REST of {symbol}", each)
        else:
            said.append("rest")
    by_name = gaps.select(SPANS.names()).with_columns(said=pl.Series(said, dtype=pl.String))
    told = {name: by_name.filter(said=name).drop("said") for name in {"rest", *said}}
    for transport, spans in of_files.items():
        told |= {transport: SPANS.to_frame(), **spans}
    return told


def without_row(responses: Refetched, gaps: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """What is known of gaps of settlements or open interest after they were requested.

    Returns
    -------
    DataFrame of ``SPANS``, asked, and cause: ``silent`` where every transport that reaches so far
    back has responded without a row, else null.
    """
    archives = [name for name in TRANSPORTS if name in responses.asked and name != "rest"]
    too_old = pl.col("start") < pl.lit(now - BY_REST)
    said = pl.col("asked").str.split(", ")
    rest = said.list.contains("rest") | too_old
    final = pl.all_horizontal(rest, *(said.list.contains(name) for name in archives))
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
