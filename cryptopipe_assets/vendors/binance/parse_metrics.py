"""Binance's open interest, from its REST answers and its archive's ``metrics``, made into readings.

Pure: no network.
"""

import io
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import polars as pl
from pydantic import TypeAdapter

from cryptopipe_assets.core.own_files.open_interest import (
    FIVE_MINUTES_MS,
    Point,
    labels_are_starts,
)
from cryptopipe_assets.core.symbology import split_multiplier
from cryptopipe_assets.core.time import HOUR_MS, midnight, milliseconds
from cryptopipe_assets.vendors.parsing.fields import Count, TextFigure, Wire
from cryptopipe_assets.vendors.parsing.open_interest import READING_SCHEMA
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, refuse, shaped

VENUE = "binance"
HOURS_A_DAY = 24
ROWS_AN_HOUR = 12
NEEDED = ["create_time", "symbol", "sum_open_interest", "sum_open_interest_value"]
COLUMNS = [  # of the files that have no header line
    *NEEDED,
    "count_toptrader_long_short_ratio",
    "sum_toptrader_long_short_ratio",
    "count_long_short_ratio",
    "sum_taker_long_short_vol_ratio",
]
LABEL = "%Y-%m-%d %H:%M:%S"
AMOUNTS = ["sum_open_interest", "sum_open_interest_value"]
POINT_SCHEMA = pl.Schema(
    {
        "stamp": pl.Int64(),
        "sum_open_interest": pl.Float64(),
        "sum_open_interest_value": pl.Float64(),
    }
)


class _Point(Wire):
    symbol: str
    sum_open_interest: TextFigure
    sum_open_interest_value: TextFigure
    timestamp: Count


_POINTS = TypeAdapter(list[_Point])


def read_points(payload: Any, vendor_symbol: str) -> pl.DataFrame:
    """Return a REST page of ``openInterestHist`` as ``POINT_SCHEMA``.

    Raises
    ------
    UnexpectedShape
        If a field is missing, or the page is of another symbol.
    """
    points = shaped(_POINTS, payload)
    if others := {each.symbol for each in points} - {vendor_symbol}:
        raise UnexpectedShape(f"asked for {vendor_symbol}, got {sorted(others)}")
    rows = [
        (each.timestamp, each.sum_open_interest, each.sum_open_interest_value) for each in points
    ]
    return pl.DataFrame(rows, schema=POINT_SCHEMA, orient="row")


def read_metrics(
    csv: bytes, vendor_symbol: str, day: date, *, until: date | None = None
) -> tuple[pl.DataFrame, Counter[str]]:
    """Return the whole hours of a five-minute file as ``POINT_SCHEMA``, and what is lost.

    A row is the state at the end of its five minutes. Files of 00:05 to the next midnight label
    that end, those of 00:00 to 23:55 the start, so that a row holds the state five minutes after
    its label; nothing else in the file tells. A file that has both of these edges, or none, could
    be read both ways and is refused: a wrong guess would be a look-ahead of five minutes. Of rows
    that share a stamp the last is taken. Counted are ``duplicate`` and ``blank`` rows of whole
    hours, and the ``hours_missing``. Returned stamps are of the state.

    Parameters
    ----------
    day, until
        The first day of the file, and the day after its last one; of one day by itself.

    Raises
    ------
    UnexpectedShape
        If columns are missing, a stamp is no time of its days, an amount is no number, the file is
        of another symbol, has no whole hour although it is longer than an hour, or it cannot be
        told whether its labels are the starts or the ends.
    """
    rows = _metrics_table(csv)
    start = milliseconds(midnight(day))
    until = until or day + timedelta(days=1)
    end = milliseconds(midnight(until))
    stamp = pl.col("create_time").str.to_datetime(LABEL, time_unit="ms", strict=False)
    read = rows.with_columns(
        stamp=stamp.dt.epoch("ms"),
        **{name: pl.col(name).cast(pl.Float64, strict=False) for name in AMOUNTS},
        is_blank=pl.any_horizontal(pl.col(AMOUNTS).is_null()),
    )
    days = day if until - day == timedelta(days=1) else f"{day} to {until - timedelta(days=1)}"
    no_number = pl.any_horizontal(pl.col(AMOUNTS).is_null()) & ~pl.col("is_blank")
    faults = {
        f"the row is not of {days}": ~pl.col("stamp").is_between(start, end).fill_null(value=False),
        f"the row is not of {vendor_symbol}": pl.col("symbol").ne_missing(vendor_symbol),
        "an amount is no number": no_number,
    }
    refuse(read, faults, show=("create_time", "symbol"))
    try:
        is_start = labels_are_starts(set(read["stamp"]), first=start, last=end)
    except ValueError as exc:
        raise UnexpectedShape(str(exc)) from exc
    if is_start:
        read = read.with_columns(pl.col("stamp") + FIVE_MINUTES_MS)
    hours = read.filter(pl.col("stamp") % HOUR_MS == 0)
    if hours.is_empty() and read.height > ROWS_AN_HOUR:
        raise UnexpectedShape(f"expected stamps of whole hours in {read.height} rows, got none")
    known = hours.filter(~pl.col("is_blank"))
    single = known.unique("stamp", keep="last", maintain_order=True)
    of_the_day = single.filter(pl.col("stamp") > start).height
    lost = Counter(
        blank=hours.height - known.height,
        duplicate=known.height - single.height,
        hours_missing=HOURS_A_DAY * (until - day).days - of_the_day,
    )
    return single.select(POINT_SCHEMA.names()), +lost


def _metrics_table(csv: bytes) -> pl.DataFrame:
    """Return the file's needed columns as text, blanks as nulls."""
    text = csv.strip()
    has_header = text[:1].isalpha()
    try:
        rows = pl.read_csv(io.BytesIO(text), has_header=has_header, infer_schema=False)
        if not has_header:
            rows = rows.rename(dict(zip(rows.columns, COLUMNS, strict=True)))
        return rows.select(NEEDED)
    except (pl.exceptions.PolarsError, ValueError) as exc:
        reason = str(exc).partition("\n")[0]
        raise UnexpectedShape(f"expected the columns {NEEDED} of text: {reason}") from exc


def hours_of(points: Iterable[Point]) -> pl.DataFrame:
    """Return the whole hours of a file that somebody gave as ``POINT_SCHEMA``."""
    rows = [
        (each.time, float(each.base), float(each.usd))
        for each in points
        if each.time % HOUR_MS == 0
    ]
    return pl.DataFrame(rows, schema=POINT_SCHEMA, orient="row")


def coin_of(symbol: str) -> str:
    """Return the coin behind a canonical symbol: ``PEPE`` of ``1000PEPE-USDT-PERP``."""
    return split_multiplier(symbol.partition("-")[0])[0]


def readings_of(points: pl.DataFrame, symbol: str) -> pl.DataFrame:
    """Return ``READING_SCHEMA`` of one linear contract."""
    return points.select(
        "stamp",
        symbol=pl.lit(symbol),
        coin=pl.lit(coin_of(symbol)),
        margin_type=pl.lit("linear"),
        open_interest_contracts=pl.lit(None, dtype=pl.Float64),
        open_interest_base="sum_open_interest",
        open_interest_usd="sum_open_interest_value",
    ).match_to_schema(READING_SCHEMA)
