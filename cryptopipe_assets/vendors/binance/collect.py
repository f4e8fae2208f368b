"""Rows of any window, each day from the cheapest transport that has it whole.

What the archive does not have, not yet, or not as it should be, comes by REST: see ``ways``. Bars
of a symbol that fails are missing from the answer, which names it; the others are in it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.core.errors import VendorError, VendorUnavailable
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.overlap import BARS
from cryptopipe_assets.vendors.binance.parse_klines import BAR_SCHEMA
from cryptopipe_assets.vendors.binance.transports import days_of, spans_of
from cryptopipe_assets.vendors.binance.ways import (
    Parts,
    Said,
    Setback,
    Ways,
    cheapest,
    counts_of,
    said_of,
    tell,
    told_by,
)
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA
from cryptopipe_assets.vendors.parsing.silence import CONTRADICTORY, SILENT, silent_stretches
from cryptopipe_assets.vendors.parsing.told import TOLD


@dataclass(frozen=True)
class Collected:
    """What was collected, and by which way.

    Parameters
    ----------
    frame
        The rows, sorted by symbol and ts.
    transports
        Symbol-days that came from ``archive_month``, ``archive_day`` and ``rest``: each counts for
        the last way that was asked for it, even if that had no row.
    setbacks
        What the archive said instead of all rows of some days.
    failures
        Symbols of which REST failed, and how: rows of theirs are missing.
    doubts_settled
        Minutes that the archive has without a trade, or contradictory, and REST has with trades:
        those of REST are in the frame.
    told
        ``TOLD``: of days that are not whole, what each way that was asked said of them.
    disagreements
        Where the archive's files and REST say different things of the same minutes, in words.
    """

    frame: pl.DataFrame
    transports: dict[str, int]
    setbacks: list[Setback] = field(default_factory=list)
    failures: Mapping[str, VendorError] = field(default_factory=dict)
    doubts_settled: int = 0
    told: pl.DataFrame = field(default_factory=TOLD.to_frame)
    disagreements: tuple[str, ...] = ()

    @property
    def counts(self) -> Counter[str]:
        """What is to be told of it in numbers."""
        told = Counter({f"symbol_days_from_{how}": n for how, n in self.transports.items()})
        told.update(counts_of(self.setbacks))
        if self.doubts_settled:
            told["minutes_settled_by_rest"] += self.doubts_settled
        return told


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
    are two days old come as one file each, the rest comes by REST. Days of which a file has not
    every minute of the window, or silent stretches that are unusual for the contract, and days
    whose file is late or cannot be used, are asked for by the next smaller way. Of a minute that
    came twice the archive's row counts, unless it is in doubt and the other is not.

    Parameters
    ----------
    symbols
        Vendor symbol to canonical symbol. Days before a symbol was listed cost some requests each;
        leave them out if you know them.
    now
        Decides what the archive should have.

    Returns
    -------
    Collected with a frame of ``BAR_SCHEMA``.

    Raises
    ------
    RateLimited
        By the archive or by REST.
    VendorUnavailable
        If REST does not even tell its time.
    PayloadChanged
        If REST mixes symbols up.
    """
    failures: dict[str, VendorError] = {}

    async def by_rest(
        some: Mapping[str, str], /, *, start: datetime, end: datetime
    ) -> pl.DataFrame:
        if not some or start >= end:
            return BAR_SCHEMA.to_frame()
        spans = ((*names, start, end) for names in some.items())
        frame, failed = await binance.klines_apart(spans)
        if not (again := _day_by_day(some, failed, start=start, end=end)):
            failures.update({**failed, **failures})
            return frame
        by_day, failed_again = await binance.klines_apart(again)
        silent = {
            name: each for name, each in failed.items() if isinstance(each, VendorUnavailable)
        }
        failures.update({**silent, **failed_again, **failures})
        return pl.concat([frame, by_day])

    def short_of(rows: pl.DataFrame, days: Sequence[date]) -> Collection[date]:
        return _days_not_whole(rows, days, start=start, end=end) | _days_in_doubt(rows)

    ways = Ways(
        by_rest=by_rest,
        of_month=archive.klines_of_month,
        of_day=archive.klines_of_day,
        short_of=short_of,
    )
    got = await cheapest(ways, symbols, start=start, end=end, now=now)
    journal = archive.records.journal
    tell(journal, got.setbacks)
    every = _in_order(got, BAR_SCHEMA, start=start, end=end)
    frame = _bar_of_each_minute(every)
    settled = _settled_by_rest(every)
    _tell_of_doubts(journal, settled)
    told = told_by(got.setbacks, got.rest_days, refused=_refused(got, every, failures))
    return Collected(
        frame,
        got.transports,
        got.setbacks,
        failures,
        int(settled["minutes"].sum()),
        _of_days_not_whole(told, frame, start=start, end=end),
        _disagreements(every, symbols),
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

    All else as ``collect_bars``, except that the archive has funding by month only, that a file is
    taken to lack a day if it has settlements before and after it and none of it, and that a symbol
    that fails by REST fails them all. The declared interval is null for rows that came by REST.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    ways = Ways(
        by_rest=binance.settlements,
        of_month=archive.settlements_of_month,
        short_of=_days_without_rows,
    )
    got = await cheapest(ways, symbols, start=start, end=end, now=now)
    tell(archive.records.journal, got.setbacks)
    every = _in_order(got, SETTLEMENT_SCHEMA, start=start, end=end)
    frame = every.unique(["symbol", "ts"], keep="first", maintain_order=True).sort("symbol", "ts")
    frame = frame.select(SETTLEMENT_SCHEMA.names())
    told = told_by(got.setbacks, got.rest_days, refused={})
    came = frame.select("symbol", day=pl.col("ts").dt.date()).unique()
    lacking = told.join(came, on=["symbol", "day"], how="anti", maintain_order="left")
    return Collected(frame, got.transports, got.setbacks, told=lacking)


def _day_by_day(
    symbols: Mapping[str, str],
    failed: Mapping[str, VendorError],
    *,
    start: datetime,
    end: datetime,
) -> list[tuple[str, str, datetime, datetime]]:
    """The days of the symbols whose response was refused or odd: one bad day spoils no other."""
    days = days_of(start, end)
    return [
        (*names, *span)
        for names in symbols.items()
        if names[1] in failed
        and not isinstance(failed[names[1]], VendorUnavailable)
        and len(days) > 1
        for day in days
        for span in spans_of([day], start=start, end=end)
    ]


def _in_order(
    got: Parts[pl.DataFrame], schema: pl.Schema, *, start: datetime, end: datetime
) -> pl.DataFrame:
    """Rows of the window, the archive's before those of REST, with by_rest."""
    archived = pl.concat([schema.to_frame(), *got.from_archive]).with_columns(by_rest=False)
    rest = pl.concat([schema.to_frame(), *got.by_rest]).with_columns(by_rest=True)
    return pl.concat([archived, rest]).filter(pl.col("ts").is_between(start, end, closed="left"))


def _disagreements(every: pl.DataFrame, symbols: Mapping[str, str]) -> tuple[str, ...]:
    """What differs where a file did not have a day whole and REST told all of it."""
    key, by_rest = ["symbol", "ts"], pl.col("by_rest")
    filed = every.filter(~by_rest).unique(key, keep="first", maintain_order=True)
    told = every.filter(by_rest).join(filed, on=key, how="semi")
    vendor_symbols = {symbol: name for name, symbol in symbols.items()}
    days = told.group_by("symbol", day=pl.col("ts").dt.date())
    found = [
        BARS.compared(
            filed.filter(pl.col("symbol") == symbol),
            rows,
            vendor_symbol=vendor_symbols[symbol],
            day=day,
        ).said
        for (symbol, day), rows in sorted(days, key=lambda each: each[0])
    ]
    return tuple(said for said in found if said is not None)


def _bar_of_each_minute(every: pl.DataFrame) -> pl.DataFrame:
    """The first bar of each minute that is not in doubt, or else the first."""
    return (
        every.with_columns(in_doubt=SILENT | CONTRADICTORY)
        .sort("symbol", "ts", "in_doubt", maintain_order=True)
        .unique(["symbol", "ts"], keep="first", maintain_order=True)
        .select(BAR_SCHEMA.names())
    )


def _settled_by_rest(every: pl.DataFrame) -> pl.DataFrame:
    """Minutes whose bar is in doubt in the archive and sound by REST: symbol, first, minutes."""
    in_doubt = SILENT | CONTRADICTORY
    both = every.group_by("symbol", "ts").agg(
        archived=(~pl.col("by_rest")).any(),
        sound=(~in_doubt & ~pl.col("by_rest")).any(),
        rest=(~in_doubt & pl.col("by_rest")).any(),
    )
    return (
        both.filter("archived", ~pl.col("sound"), "rest")
        .group_by("symbol")
        .agg(first=pl.min("ts"), minutes=pl.len())
        .sort("symbol")
    )


def _tell_of_doubts(journal: Journal, settled: pl.DataFrame) -> None:
    for symbol, first, minutes in settled.iter_rows():
        journal.note(
            "fallback",
            f"the archive has {minutes} minutes of {symbol}, the first at {first:%Y-%m-%d %H:%M}, "
            "without a trade or contradictory, and REST has trades in them: those are taken",
        )


def _days_not_whole(
    rows: pl.DataFrame, days: Sequence[date], *, start: datetime, end: datetime
) -> set[date]:
    """Days of which not every minute within ``[start, end)`` has a bar."""
    inside = rows.filter(pl.col("ts").is_between(start, end, closed="left"))
    came = dict(inside.group_by(pl.col("ts").dt.date()).len().iter_rows())
    return {day for day in days if came.get(day, 0) < _minutes(day, start=start, end=end)}


def _minutes(day: date, *, start: datetime, end: datetime) -> int:
    """Minutes that begin on the day and in ``[start, end)``."""
    first, last = max(start, midnight(day)), min(end, midnight(day) + DAY)
    return max(0, -(-int(last.timestamp()) // 60) - -(-int(first.timestamp()) // 60))


def _refused(
    got: Parts[pl.DataFrame], every: pl.DataFrame, failures: Mapping[str, VendorError]
) -> dict[tuple[str, date], Said]:
    """Symbol and day of which REST failed, and how; a day of which it has a row did not."""
    by_rest = every.filter(pl.col("by_rest"), pl.col("symbol").is_in(list(failures)))
    came = {*by_rest.select("symbol", pl.col("ts").dt.date()).iter_rows()}
    return {
        (symbol, day): said_of(failure)
        for symbol, failure in failures.items()
        for day in got.rest_days[symbol]
        if (symbol, day) not in came
    }


def _of_days_not_whole(
    told: pl.DataFrame, frame: pl.DataFrame, *, start: datetime, end: datetime
) -> pl.DataFrame:
    """What was said of days that lack a minute of the window; of the others nobody will ask."""
    came = frame.group_by("symbol", day=pl.col("ts").dt.date()).len("minutes")
    due = {day: _minutes(day, start=start, end=end) for day in told["day"].unique()}
    return (
        told.join(came, on=["symbol", "day"], how="left", maintain_order="left")
        .with_columns(due=pl.col("day").replace_strict(due, return_dtype=pl.Int64))
        .filter(pl.col("minutes").fill_null(0) < pl.col("due"))
        .select(TOLD.names())
    )


def _days_in_doubt(rows: pl.DataFrame) -> set[date]:
    """Days with unusually long silence, or with bars that contradict themselves."""
    by_day = rows.with_columns(day=pl.col("ts").dt.date())
    silent = silent_stretches(by_day, by=("symbol", "day"))
    return {*silent["day"], *by_day.filter(CONTRADICTORY)["day"]}


def _days_without_rows(rows: pl.DataFrame, days: Sequence[date]) -> set[date]:
    """Days without a row, of those between the first that has one and the last."""
    came = {*rows.select(pl.col("ts").dt.date()).to_series()}
    return {day for day in days if came and min(came) < day < max(came)} - came
