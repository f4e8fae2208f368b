"""Requests for missing bars: only for them, in few calls, by every transport.

Whole days come from the archive's month or day, as when they are first collected. For the rest REST
is used, whose calls cover neighbouring gaps; what it lacks is looked for in the archive's file of
the day and then of the month. Where all have responded without a bar, the venue's hourly bars show
whether anything was traded.
"""

from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl

from cryptopipe_assets.collect.gaps.intervals import SPANS, difference, segments
from cryptopipe_assets.core.errors import NotPublished
from cryptopipe_assets.core.time import DAY, MINUTE, midnight
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import MOST_KLINES, Binance
from cryptopipe_assets.vendors.binance.collect import collect_bars
from cryptopipe_assets.vendors.binance.parse_klines import BAR_SCHEMA
from cryptopipe_assets.vendors.binance.transports import is_published, next_month
from cryptopipe_assets.vendors.http.gather import all_or_nothing

TRANSPORTS = ("rest", "archive_day", "archive_month")
GIVEN_UP_AFTER = 7 * DAY
"""A file that is not there a week after its time will not come: that is the response."""


@dataclass(frozen=True)
class Refetched:
    """What was requested and what came.

    Attributes
    ----------
    bars
        ``BAR_SCHEMA``, of missing minutes only.
    asked
        By transport, the ``SPANS`` for which it responded, be it with nothing.
    """

    bars: pl.DataFrame
    asked: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def left(self, gaps: pl.DataFrame) -> pl.DataFrame:
        """Minutes of the gaps for which no bar came, ``SPANS``."""
        came = self.bars.select("symbol", start="ts", end=pl.col("ts").dt.offset_by("1m"))
        return difference(gaps, came)

    def transports(self, gaps: pl.DataFrame) -> pl.DataFrame:
        """The gaps cut where transports or bars differ: ``SPANS``, came, asked (their names)."""
        came = self.bars.select("symbol", start="ts", end=pl.col("ts").dt.offset_by("1m"))
        none = SPANS.to_frame()
        layers = {"gap": gaps.select(SPANS.names()), "came": came}
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
        files, responded = await _files(archive, left, symbols, transport=transport, now=now)
        frames.append(files)
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


async def _files(
    archive: BinanceArchive,
    left: pl.DataFrame,
    symbols: Mapping[str, str],
    *,
    transport: str,
    now: datetime,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bars of the archive's files that touch what is left, and the ``SPANS`` they cover."""
    monthly = transport == "archive_month"
    of = archive.klines_of_month if monthly else archive.klines_of_day
    wanted = sorted(set(_file_names(left, monthly=monthly, now=now)))
    came = await all_or_nothing(
        _rows(of(symbols[symbol], symbol, start)) for symbol, start, _ in wanted
    )
    frames, responded = [BAR_SCHEMA.to_frame()], []
    for (symbol, start, end), frame in zip(wanted, came, strict=True):
        if frame is not None:
            frames.append(frame)
        if frame is not None or midnight(end) + GIVEN_UP_AFTER < now:
            responded.append((symbol, midnight(start), midnight(end)))
    return pl.concat(frames), pl.DataFrame(responded, schema=SPANS, orient="row")


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


async def _rows(file: Coroutine[Any, Any, pl.DataFrame]) -> pl.DataFrame | None:
    try:
        return await file
    except NotPublished:
        return None


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
