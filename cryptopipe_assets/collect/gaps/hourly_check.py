"""Whether anything was traded in minutes for which no transport had a bar."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

import polars as pl

from cryptopipe_assets.collect.gaps.intervals import SPANS
from cryptopipe_assets.collect.gaps.refetched import Refetched
from cryptopipe_assets.core.errors import RateLimited, VendorError, VendorRejected
from cryptopipe_assets.core.time import HOUR
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.hourly_trades import MOST_HOURS, trades_by_hour
from cryptopipe_assets.vendors.http.gather import as_one_of_many

UNANSWERED = "unanswered"

LEAST = ("rest", "archive_day")
"""Transports that must have responded before a gap is explained; months repeat the days."""


async def without_response(
    binance: Binance,
    lake: Lake,
    responses: Refetched,
    gaps: pl.DataFrame,
    *,
    symbols: Mapping[str, str],
    now: datetime,
) -> pl.DataFrame:
    """What is known of the gaps after a repair.

    The venue's hourly bars are the reference: an hour that counts more trades than are stored had
    bars that no transport has (``source_hole``), one that counts no more had no trades
    (``no_trades``). Without a reference it is a ``source_hole`` too, unless the whole venue halted.

    Returns
    -------
    DataFrame of ``SPANS``, asked (transports that responded), and cause: null where bars came or
    not every transport has responded, ``silent`` where there is no reference.
    """
    pieces = responses.transports(gaps)
    everyone = pl.all_horizontal(
        pl.col("asked").str.split(", ").list.contains(name) for name in LEAST
    )
    final = pieces.filter(~pl.col("came"), everyone.fill_null(value=False))
    found = []
    for symbol, start, end in final.select(SPANS.names()).iter_rows():
        known_causes = [
            await _cause_of(binance, lake, responses.rows, (symbol, symbols[symbol]), span, now=now)
            for span in _hours(start, end)
        ]
        if UNANSWERED in known_causes:
            continue
        worst = next((each for each in ("traded", "silent") if each in known_causes), "no_trades")
        found.append((symbol, start, end, "source_hole" if worst == "traded" else worst))
    causes = pl.DataFrame(found, schema={**SPANS, "cause": pl.String}, orient="row")
    return pieces.join(causes, on=SPANS.names(), how="left", maintain_order="left").drop("came")


def _hours(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The whole hours around a gap, in windows that one call can cover."""
    first = start.replace(minute=0)
    last = (end - timedelta(minutes=1)).replace(minute=0) + HOUR
    while first < last:
        until = min(last, first + MOST_HOURS * HOUR)
        yield first, until
        first = until


async def _cause_of(
    binance: Binance,
    lake: Lake,
    came: pl.DataFrame,
    names: tuple[str, str],
    span: tuple[datetime, datetime],
    *,
    now: datetime,
) -> str:
    """``traded``, ``no_trades``, or ``silent`` if an hour has no bar or is not over.

    ``unanswered`` if the venue failed this time: the gap stays open.
    """
    symbol, vendor_symbol = names
    try:
        counted = await trades_by_hour(binance, vendor_symbol, start=span[0], end=span[1], now=now)
    except VendorRejected:  # recordings have no hourly bars: there is no reference
        return "silent"
    except RateLimited:
        raise
    except VendorError as exc:
        binance.records.journal.note(
            "fallback",
            f"data_gaps: whether {symbol} traded at {span[0]:%Y-%m-%d %H:%M} was not to be told, "
            f"its gap stays open: {as_one_of_many(exc)}",
        )
        return UNANSWERED
    stored = lake.scan(Ohlcv1m, span[0].date(), _last_day(span[1])).filter(symbol=symbol)
    both = pl.concat(
        [stored.select("ts", "trades").collect(), came.filter(symbol=symbol).select("ts", "trades")]
    )
    if both["trades"].has_nulls():  # bars whose vendor counts no trades: nothing to compare
        return "silent"
    ours = dict(
        both.unique("ts").group_by(pl.col("ts").dt.truncate("1h")).agg(pl.sum("trades")).iter_rows()
    )
    hours = [span[0] + n * HOUR for n in range((span[1] - span[0]) // HOUR)]
    if any(counted.get(hour, 0) > ours.get(hour, 0) for hour in hours):
        return "traded"
    return "no_trades" if all(hour in counted for hour in hours) else "silent"


def _last_day(end: datetime) -> date:
    return (end - timedelta(minutes=1)).date()
