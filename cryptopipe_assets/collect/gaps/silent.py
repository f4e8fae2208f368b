"""Stored minutes that stand still for longer than is usual: which they are, and what is known.

They are rows and no gaps, so ``data_gaps`` does not have them. The archive has flat minutes
without a trade where REST has trades; what was collected before that was looked for, came by
recordings or was landed, is requested again by a repair. What was found is kept beside the size
and the time of the day's file in ``warehouse/.scans/ohlcv_1m-silent.parquet``, with when REST was
asked: a stretch that it has without a trade too is true, and is not requested again.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.collect.gaps.intervals import INSTANT, SPANS
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.vendors.parsing.silence import silent_stretches

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


def silence_due(stretches: pl.DataFrame, symbols: Collection[str], *, again: bool) -> pl.DataFrame:
    """Stretches to be requested now, the newest first: ``SPANS``.

    Parameters
    ----------
    stretches
        As of ``look_for_silence``.
    symbols
        Contracts that may be requested.
    again
        Whether those that were confirmed are due, too.
    """
    return (
        stretches.filter(
            pl.col("symbol").is_in(list(symbols)), pl.lit(again) | pl.col("asked_at").is_null()
        )
        .sort("start", "symbol", descending=[True, False])
        .head(MOST_STRETCHES)
        .select(SPANS.names())
    )


def _of_day(lake: Lake, file: Mapping[str, object], *, asked: pl.DataFrame) -> pl.DataFrame:
    """Stretches of a file; one line without a symbol if it has none."""
    day = file["day"]
    assert isinstance(day, date)
    bars = lake.scan(Ohlcv1m, day, day).select("symbol", "ts", "volume_base", "trades").collect()
    minutes = pl.duration(minutes=pl.col("minutes"))
    found = silent_stretches(bars).select(
        "symbol",
        start=pl.col("ts").cast(INSTANT),
        end=(pl.col("ts") + minutes).cast(INSTANT),
    )
    remembered = asked.select(*SPANS.names(), "asked_at").unique(SPANS.names())
    lines = found.join(remembered, on=SPANS.names(), how="left", maintain_order="left")
    one = pl.DataFrame(
        [file], schema={name: STRETCHES[name] for name in ("day", "size", "changed")}
    )
    return one.join(lines.with_columns(day=pl.lit(day)), on="day", how="left").select(
        STRETCHES.names()
    )


def confirm_silence(lake: Lake, spans: pl.DataFrame, *, at: datetime) -> None:
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
