"""Stored minutes that stand still for longer than is usual: found, and requested once more.

They are rows and no gaps, so ``data_gaps`` does not have them. The archive has flat minutes
without a trade where REST has trades; what was collected before that was looked for, came by
recordings or was landed, is asked for again here. What was found is kept beside the size and the
time of the day's file in ``warehouse/.scans/ohlcv_1m-silent.parquet``, with when REST was asked: a
stretch that it has without a trade too is true, and is not asked for again.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.contract_lives import admitted
from cryptopipe_assets.collect.gaps.intervals import INSTANT, SPANS, difference
from cryptopipe_assets.collect.gaps.refetched import inside_gaps, tell
from cryptopipe_assets.core.errors import VendorError
from cryptopipe_assets.core.schema import stamped
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.vendors.binance.parse_klines import BAR_SCHEMA
from cryptopipe_assets.vendors.parsing.silence import SILENT, silent_stretches

MOST_FILES = 366
"""Files that are read in one look, the newest first; the next look goes on."""

MOST_STRETCHES = 500
"""Stretches that are requested in one repair, the newest first."""

FILE = pl.Schema({"day": pl.Date(), "size": pl.Int64(), "changed": pl.Int64()})
STRETCHES = pl.Schema({**FILE, **SPANS, "asked_at": INSTANT})
NAME = f"{Ohlcv1m.table_name()}-silent"


def look_for_silence(lake: Lake) -> pl.DataFrame:
    """Stretches that are stored without a trade and unusually long for the contract and day.

    Files that changed since the last look are read.

    Returns
    -------
    DataFrame of ``SPANS`` and asked_at (when REST had no trade in it either; null: it was not
    asked), cut at midnight, sorted by symbol and start.
    """
    with lake.lock(NAME):
        files = pl.DataFrame(lake.stamps(Ohlcv1m.table_name()), schema=FILE, orient="row")
        before = _kept(lake)
        unchanged = before.join(files, on=FILE.names(), how="semi")
        read = files.join(unchanged, on="day", how="anti").sort("day", descending=True)
        found = [
            _of_day(lake, file, asked=before)
            for file in read.head(MOST_FILES).iter_rows(named=True)
        ]
        every = pl.concat([unchanged, *found]).sort("day", "symbol", "start")
        if found or every.height != before.height:
            lake.keep_scan(NAME, every)
    return _stretches(every)


def known_silence(lake: Lake) -> pl.DataFrame:
    """What the last look found, as of ``look_for_silence``; reads no bars."""
    return _stretches(_kept(lake))


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
    due = (
        stretches.filter(
            pl.col("symbol").is_in(list(symbols)), pl.lit(again) | pl.col("asked_at").is_null()
        )
        .sort("start", "symbol", descending=[True, False])
        .head(MOST_STRETCHES)
        .select(SPANS.names())
    )
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
    _mark(warehouse.lake, still, at=now)
    return Settled(days, still.height, failed)


def _of_day(lake: Lake, file: Mapping[str, object], *, asked: pl.DataFrame) -> pl.DataFrame:
    """Stretches of a file; one line without a symbol if it has none."""
    day = file["day"]
    assert isinstance(day, date)
    bars = lake.scan(Ohlcv1m, day, day).select("symbol", "ts", "volume_base", "trades").collect()
    minutes = pl.duration(minutes=pl.col("minutes"))
    found = silent_stretches(bars).select("symbol", start="ts", end=pl.col("ts") + minutes)
    remembered = asked.select(*SPANS.names(), "asked_at").unique(SPANS.names())
    lines = found.cast(dict(SPANS)).join(
        remembered, on=SPANS.names(), how="left", maintain_order="left"
    )
    one = pl.DataFrame(
        [file], schema={name: STRETCHES[name] for name in ("day", "size", "changed")}
    )
    return one.join(lines.with_columns(day=pl.lit(day)), on="day", how="left").select(
        STRETCHES.names()
    )


def _mark(lake: Lake, spans: pl.DataFrame, *, at: datetime) -> None:
    """Remember of stretches that REST has no trade in them; what was stored meanwhile is cut out.

    The file may have changed by what was stored: the next look reads it again and finds the same
    stretches.
    """
    with lake.lock(NAME):
        kept = _kept(lake)
        days = spans.with_columns(day=pl.col("start").dt.date())
        facts = kept.select(FILE.names()).unique("day")
        marked = days.join(facts, on="day", how="inner").with_columns(
            asked_at=pl.lit(at).cast(INSTANT)
        )
        others = kept.join(spans, on=SPANS.names(), how="anti")
        lake.keep_scan(NAME, pl.concat([others, marked.select(STRETCHES.names())]))


def _stretches(kept: pl.DataFrame) -> pl.DataFrame:
    return kept.drop_nulls("symbol").select(*SPANS.names(), "asked_at").sort("symbol", "start")


def _kept(lake: Lake) -> pl.DataFrame:
    kept = lake.kept_scan(NAME)
    return kept if kept is not None and kept.schema == STRETCHES else STRETCHES.to_frame()
