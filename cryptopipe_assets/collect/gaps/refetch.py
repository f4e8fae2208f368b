"""Requests for missing bars: only for them, in few calls, by every transport.

Whole days come from the archive's month or day, as when they are first collected. For the rest REST
is used, whose calls cover neighbouring gaps; what it lacks is looked for in the archive's file of
the day and then of the month. Where all have responded without a bar, the venue's hourly bars show
whether anything was traded.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.collect.gaps.intervals import SPANS, difference, segments
from cryptopipe_assets.core.errors import NotPublished, VendorError, VendorUnavailable
from cryptopipe_assets.core.time import DAY, MINUTE, midnight
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import MOST_KLINES, Binance
from cryptopipe_assets.vendors.binance.collect import collect_bars
from cryptopipe_assets.vendors.binance.parse_klines import BAR_SCHEMA
from cryptopipe_assets.vendors.binance.transports import is_published, next_month
from cryptopipe_assets.vendors.http.gather import as_one_of_many, each_apart

TRANSPORTS = ("rest", "archive_day", "archive_month")
NO_RESPONSE, NOT_USABLE = "no response", "not usable"
EVIDENCE = (
    *TRANSPORTS,
    *(f"{name}: {said}" for name in TRANSPORTS for said in (NO_RESPONSE, NOT_USABLE)),
)
"""What is told of a gap: who responded, and who did otherwise."""

GIVEN_UP_AFTER = 7 * DAY
"""A file that is not there, or not usable, a week after its time stays so: that is the response."""


@dataclass(frozen=True)
class Refetched:
    """What was requested and what came.

    Attributes
    ----------
    bars
        ``BAR_SCHEMA``, of missing minutes only.
    asked
        By transport, the ``SPANS`` for which it responded, be it with nothing; and those of which
        it said otherwise, under the names of ``EVIDENCE``.
    """

    bars: pl.DataFrame
    asked: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def left(self, gaps: pl.DataFrame) -> pl.DataFrame:
        """Minutes of the gaps for which no bar came, ``SPANS``."""
        came = self.bars.select("symbol", start="ts", end=pl.col("ts").dt.offset_by("1m"))
        return difference(gaps, came)

    def transports(self, gaps: pl.DataFrame) -> pl.DataFrame:
        """The gaps cut where transports or bars differ: ``SPANS``, came, asked (``EVIDENCE``)."""
        came = self.bars.select("symbol", start="ts", end=pl.col("ts").dt.offset_by("1m"))
        none = SPANS.to_frame()
        layers = {"gap": gaps.select(SPANS.names()), "came": came}
        told = [name for name in EVIDENCE if name in TRANSPORTS or name in self.asked]
        layers |= {name: self.asked.get(name, none) for name in told}
        has = [pl.when(pl.col(name) > 0).then(pl.lit(name)) for name in told]
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
    _raise_if_nobody_responded(failures, left)
    frames.append(bars)
    for symbol, failure in failures.items():
        asked[f"rest: {_said(failure)}"].append(left.filter(symbol=symbol))
        _tell(archive, f"REST of {symbol}", failure)
    asked["rest"].append(left.filter(~pl.col("symbol").is_in(list(failures))))
    for transport in ("archive_day", "archive_month"):
        left = Refetched(pl.concat(frames)).left(gaps)
        files, responses = await _files(archive, left, symbols, transport=transport, now=now)
        frames.append(files)
        for name, spans in responses.items():
            asked[name].append(spans)
    told = {name: pl.concat(spans) for name, spans in asked.items() if spans}
    return Refetched(_inside(pl.concat(frames), gaps), told)


def _raise_if_nobody_responded(failures: Mapping[str, VendorError], left: pl.DataFrame) -> None:
    """Tell an outage of the vendor from failures of some contracts."""
    silent = {name for name, each in failures.items() if isinstance(each, VendorUnavailable)}
    if silent and silent == set(left["symbol"]):
        first = failures[min(silent)]
        raise first from first.__cause__


def _said(failure: VendorError) -> str:
    return NO_RESPONSE if isinstance(failure, VendorUnavailable) else NOT_USABLE


def _tell(archive: BinanceArchive, what: str, failure: VendorError) -> None:
    archive.records.journal.note(
        "fallback", f"data_gaps: {what} failed, the others go on: {as_one_of_many(failure)}"
    )


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


async def _files(
    archive: BinanceArchive,
    left: pl.DataFrame,
    symbols: Mapping[str, str],
    *,
    transport: str,
    now: datetime,
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Bars of the archive's files that touch what is left, and by ``EVIDENCE`` their ``SPANS``."""
    monthly = transport == "archive_month"
    of = archive.klines_of_month if monthly else archive.klines_of_day
    wanted = sorted(set(_file_names(left, monthly=monthly, now=now)))
    came = await each_apart(of(symbols[symbol], symbol, start) for symbol, start, _ in wanted)
    frames = [BAR_SCHEMA.to_frame()]
    told: dict[str, list[tuple[str, datetime, datetime]]] = {}
    for (symbol, start, end), found in zip(wanted, came, strict=True):
        span = (symbol, midnight(start), midnight(end))
        is_final = midnight(end) + GIVEN_UP_AFTER < now
        if isinstance(found, pl.DataFrame):
            frames.append(found)
        elif not isinstance(found, NotPublished):
            said = _said(found)
            told.setdefault(f"{transport}: {said}", []).append(span)
            _tell(archive, f"{transport} of {symbol} from {start} on", found)
            is_final = is_final and said == NOT_USABLE
        if isinstance(found, pl.DataFrame) or is_final:
            told.setdefault(transport, []).append(span)
    spans = {name: pl.DataFrame(rows, schema=SPANS, orient="row") for name, rows in told.items()}
    return pl.concat(frames), spans


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


def _inside(bars: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """Bars of missing minutes only, each once: what is stored is not touched."""
    spans = gaps.select(SPANS.names()).sort("symbol", "start")
    return (
        bars.unique(["symbol", "ts"], keep="first", maintain_order=True)
        .sort("symbol", "ts")
        .join_asof(spans, left_on="ts", right_on="start", by="symbol", check_sortedness=False)
        .filter(pl.col("ts") < pl.col("end"))
        .select(BAR_SCHEMA.names())
    )
