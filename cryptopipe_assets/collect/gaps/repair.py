"""Repair: missing rows are requested again and stored; what does not come is explained."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.contract_lives import admitted
from cryptopipe_assets.collect.gaps.causes import BY_CHOICE
from cryptopipe_assets.collect.gaps.datasets import BARS, Dataset
from cryptopipe_assets.collect.gaps.hourly_check import without_response
from cryptopipe_assets.collect.gaps.intervals import SPANS, difference, minutes_of
from cryptopipe_assets.collect.gaps.ledger import tried
from cryptopipe_assets.collect.gaps.refetch import (
    refetch,
    refetch_open_interest,
    refetch_settlements,
    without_row,
)
from cryptopipe_assets.collect.gaps.refetched import Refetched, inside_gaps, tell
from cryptopipe_assets.collect.gaps.silent import confirm_silence, silence_due
from cryptopipe_assets.core.errors import VendorError
from cryptopipe_assets.core.schema import stamped
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.vendors.binance.parse_klines import BAR_SCHEMA
from cryptopipe_assets.vendors.parsing.silence import SILENT

AT_ONCE = 500
MINUTES_AT_ONCE = 2_000_000
"""Gaps, and minutes, that are requested before their bars are stored: what memory must hold, and
what a kill may lose."""

LONGEST_PAUSE_HOURS = 24


@dataclass(frozen=True)
class Tried:
    """The ledger after a repair, and what it took.

    Attributes
    ----------
    gaps
        ``GAPS``; minutes that were repaired are still in it, until the next look.
    days
        Rows stored by day.
    """

    gaps: pl.DataFrame
    spent: Counter[str] = field(default_factory=Counter)
    days: Counter[date] = field(default_factory=Counter)


@dataclass(frozen=True)
class GapRepair:
    """Repairs a table of one warehouse.

    Attributes
    ----------
    log
        Logs what is requested and what was stored.
    on_stored
        Called with a day and the number of rows that were stored of it.
    """

    warehouse: Warehouse
    vendors: VendorClients
    log: logging.Logger
    on_stored: Callable[[date, int], None]
    dataset: Dataset = BARS

    def repair(self, gaps: pl.DataFrame, symbols: Mapping[str, str], *, again: bool) -> Tried:
        """Request the gaps that are due, and store the rows that come.

        Parameters
        ----------
        gaps
            The ledger, ``GAPS``.
        symbols
            Canonical to vendor symbol.
        again
            Do not wait between attempts, and request explained gaps too that may have bars.

        Raises
        ------
        RateLimited, VendorUnavailable, PayloadChanged, StorageError
            What was stored before stays. One contract that is refused is no error: its gaps stay
            open.
        """
        wanted = by_month(due(gaps, now=self.vendors.clock(), again=again))
        result = Tried(cut(gaps, wanted))
        for some in at_once(wanted):
            self.log.info(
                "%s: requesting %d gaps of %d, %d minutes",
                *(self.dataset.name, some.height, wanted.height, minutes_of(some)),
            )
            result = self._some(result, some, symbols)
        if wanted.height:
            self.log.info("%s: stored %d rows", self.dataset.name, sum(result.days.values()))
        return result

    def _some(self, before: Tried, some: pl.DataFrame, symbols: Mapping[str, str]) -> Tried:
        responses, outcome, now, spent = asyncio.run(self._ask(some, symbols))
        table = self.dataset.table
        rows = stamped(responses.rows, table, source="binance", at=now)
        found = admitted(self.warehouse.lake, table, rows)
        if found.refused_rows:
            self.log.warning("%s: %s", self.dataset.name, found.why)
        rows = found.rows
        days: Counter[date] = Counter()
        for (day,), part in rows.group_by(pl.col("ts").dt.date(), maintain_order=True):
            assert isinstance(day, date)
            commit = self.warehouse.lake.upsert(table, table.conform(part), day)
            days[day] += commit.added
            self.on_stored(day, commit.added)
        gaps = tried(before.gaps, some, outcome, now=now)
        return Tried(gaps, before.spent + spent, before.days + days)

    async def _ask(
        self, some: pl.DataFrame, symbols: Mapping[str, str]
    ) -> tuple[Refetched, pl.DataFrame, datetime, Counter[str]]:
        """Rows, and what is known of the gaps now: ``SPANS``, asked and cause."""
        gaps = some.select(SPANS.names())
        async with self.vendors.binance() as binance, self.vendors.binance_archive() as archive:
            now = await binance.server_time()
            lake = self.warehouse.lake
            if self.dataset is BARS:
                responses = await refetch(binance, archive, gaps, symbols, now=now)
                outcome = await without_response(
                    binance, lake, responses, gaps, symbols=symbols, now=now
                )
            else:
                if self.dataset.table is FundingRate:
                    versions = lake.read(Instruments)
                    responses = await refetch_settlements(
                        binance, archive, gaps, symbols, versions=versions, now=now
                    )
                else:
                    responses = await refetch_open_interest(
                        binance, archive, gaps, symbols, now=now
                    )
                outcome = without_row(responses, gaps, now=now)
            spent = Counter(
                api_calls=sum(binance.calls.values()), archive_downloads=sum(archive.calls.values())
            )
        return responses, outcome, now, spent


def due(gaps: pl.DataFrame, *, now: datetime, again: bool) -> pl.DataFrame:
    """Gaps worth a request now, newest first: open ones, with growing pauses between attempts.

    After the first attempt an hour passes, then two, four, and at most a day.
    """
    doubled = pl.lit(2.0).pow(pl.col("attempts") - 1)
    pause = doubled.clip(upper_bound=LONGEST_PAUSE_HOURS).cast(pl.Int64)
    rested = pl.col("last_tried_at") + pl.duration(hours=pause) <= pl.lit(now)
    is_open = (pl.col("status") == "open") & rested.fill_null(value=True)
    may_have_bars = (pl.col("status") != "repaired") & ~pl.col("cause").is_in(BY_CHOICE)
    return gaps.filter(may_have_bars if again else is_open).sort(
        "start", "symbol", descending=[True, False]
    )


def by_month(gaps: pl.DataFrame) -> pl.DataFrame:
    """Gaps cut at the ends of calendar months, in their order: none needs more than a month."""
    month = pl.datetime_ranges(
        pl.col("start").dt.truncate("1mo"),
        pl.col("end") - pl.duration(milliseconds=1),
        "1mo",
        time_unit="ms",
    )
    return (
        gaps.with_columns(month=month)
        .explode("month")
        .with_columns(
            start=pl.max_horizontal("start", "month"),
            end=pl.min_horizontal("end", pl.col("month").dt.offset_by("1mo")),
        )
        .drop("month")
    )


def cut(gaps: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    """The ledger with the gaps of ``pieces`` in pieces."""
    edges = pieces.select("symbol", "start", piece="end").sort("symbol", "start")
    held = gaps.sort("symbol", "start").join_asof(
        edges, on="start", by="symbol", check_sortedness=False
    )
    whole = held.filter(~(pl.col("start") < pl.col("piece")).fill_null(value=False))
    names = gaps.columns
    return pl.concat([whole.select(names), pieces.select(names)]).sort("symbol", "start")


def at_once(gaps: pl.DataFrame) -> list[pl.DataFrame]:
    """Gaps in portions that may be requested together."""
    minutes = (pl.col("end") - pl.col("start")).dt.total_minutes().cum_sum()
    portion = pl.struct(pl.int_range(pl.len()) // AT_ONCE, minutes // MINUTES_AT_ONCE)
    return gaps.with_columns(portion=portion.rle_id()).partition_by(
        "portion", maintain_order=True, include_key=False
    )


@dataclass(frozen=True)
class Settled:
    """What came of stretches that were requested once more.

    Attributes
    ----------
    days
        Minutes with trades that were stored, by day.
    confirmed
        Stretches in which REST has no trade either.
    failed
        Contracts that REST refused or did not respond for: asked for again the next time.
    """

    days: Counter[date] = field(default_factory=Counter)
    confirmed: int = 0
    failed: Mapping[str, VendorError] = field(default_factory=dict)


async def settle_silence(
    warehouse: Warehouse,
    vendors: VendorClients,
    stretches: pl.DataFrame,
    symbols: Mapping[str, str],
    *,
    log: logging.Logger,
    again: bool,
) -> Settled:
    """Request silent stretches by REST, and store the minutes that have trades.

    A contract that is refused holds up no other.

    Parameters
    ----------
    stretches
        As of ``look_for_silence``.
    symbols
        Canonical to vendor symbol of the contracts that may be requested.
    again
        Whether stretches that were confirmed are requested, too.

    Raises
    ------
    RateLimited, VendorUnavailable
        If REST limits us, or does not tell its time.
    """
    due = silence_due(stretches, symbols, again=again)
    if due.is_empty():
        return Settled()
    async with vendors.binance() as binance:
        now = await binance.server_time()
        bars, failed = await binance.klines_apart(
            (symbols[symbol], symbol, start, end) for symbol, start, end in due.iter_rows()
        )
        for symbol, failure in failed.items():
            tell(binance.records.journal, f"REST of silent minutes of {symbol}", failure)
        traded = inside_gaps(bars.filter(~SILENT), due, columns=BAR_SCHEMA.names())
        rows = stamped(traded, Ohlcv1m, source=binance.vendor, at=now)
    found = admitted(warehouse.lake, Ohlcv1m, rows)
    if found.refused_rows:
        log.warning("%s: %s", Ohlcv1m.table_name(), found.why)
    days: Counter[date] = Counter()
    for (day,), part in found.rows.group_by(pl.col("ts").dt.date(), maintain_order=True):
        assert isinstance(day, date)
        warehouse.lake.upsert(Ohlcv1m, Ohlcv1m.conform(part), day)
        days[day] += part.height
    heard = due.filter(~pl.col("symbol").is_in(list(failed)))
    minutes = traded.select("symbol", start="ts", end=pl.col("ts").dt.offset_by("1m"))
    still = difference(heard, minutes)
    confirm_silence(warehouse.lake, still, at=now)
    return Settled(days, still.height, failed)
