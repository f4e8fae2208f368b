"""Binance's funding settlements, from its archive and its REST answers, made into rows.

Pure: no network.
"""

import io
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from cryptopipe_assets.core.time import HOUR_MS, milliseconds
from cryptopipe_assets.vendors.binance.parse_klines import in_milliseconds
from cryptopipe_assets.vendors.parsing.fields import Count
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA
from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, UnexpectedShape, shaped

logger = logging.getLogger("cryptopipe.vendors")

ODD_MS = 60_000
WRONG_MS = 300_000

STAMPED_SCHEMA = pl.Schema(
    {
        "vendor_symbol": pl.String(),
        "stamp": pl.Int64(),
        "rate": pl.String(),
        "declared_interval_hours": pl.Int64(),
    }
)
ARCHIVED = {  # column of the archive's files, to ours
    "calc_time": "stamp",
    "funding_interval_hours": "declared_interval_hours",
    "last_funding_rate": "rate",
}
HIGHEST_RATE = 0.1  # per settlement; the exchange caps it at 0.03, and a percentage is no fraction


class _Settled(TypedDict):
    symbol: str
    fundingTime: Count
    fundingRate: str


_PAGE = TypeAdapter(list[_Settled])


def read_page(payload: Any) -> pl.DataFrame:
    """Return a REST page of ``fundingRate`` as ``STAMPED_SCHEMA``; unknown fields are let be.

    Raises
    ------
    UnexpectedShape
        If it is not a list of objects with a symbol, a time and a rate.
    """
    rows = [
        (each["symbol"], each["fundingTime"], each["fundingRate"], None)
        for each in shaped(_PAGE, payload)
    ]
    page = pl.DataFrame(rows, schema=STAMPED_SCHEMA, orient="row")
    return page.with_columns(in_milliseconds(pl.col("stamp")))


def read_archive(csv: bytes, vendor_symbol: str) -> pl.DataFrame:
    """Return a monthly archive file as ``STAMPED_SCHEMA``; with or without its header line.

    Raises
    ------
    UnexpectedShape
        If the text has another shape or other columns.
    """
    text = csv.strip()
    names = list(ARCHIVED)
    if text[:1].isalpha():
        header, _, text = text.partition(b"\n")
        names = header.strip().lower().decode("utf-8", "replace").split(",")
        if not ARCHIVED.keys() <= set(names):
            raise UnexpectedShape(f"expected the columns {list(ARCHIVED)}, got {header[:200]!r}")
    if not text:
        raise UnexpectedShape("expected settlements, the file has none")
    ours = [ARCHIVED.get(name, f"more_{place}") for place, name in enumerate(names)]
    schema = {name: STAMPED_SCHEMA.get(name, pl.String()) for name in ours}
    try:
        rows = pl.read_csv(io.BytesIO(text), has_header=False, schema=schema)
    except pl.exceptions.PolarsError as exc:
        reason = str(exc).partition("\n")[0]
        raise UnexpectedShape(f"expected time, interval and rate: {reason}") from exc
    return rows.select(
        vendor_symbol=pl.lit(vendor_symbol),
        stamp=in_milliseconds(pl.col("stamp")),
        rate="rate",
        declared_interval_hours="declared_interval_hours",
    )


def settlements_of(
    stamped: pl.DataFrame, symbols: Mapping[str, str], *, start: datetime, end: datetime
) -> pl.DataFrame:
    """Return the settlements of ``symbols`` whose hour is in ``[start, end)``.

    ``SETTLEMENT_SCHEMA``, sorted by symbol and ``ts``. ``ts`` is the hour nearest to the vendor's
    stamp, which is up to 17 ms late; ``available_at`` is the stamp and a millisecond.

    Raises
    ------
    UnexpectedShape
        If a stamp is more than five minutes off the hour, a rate is no number, or an hour has
        two different settlements.
    """
    rows = (
        stamped.lazy()
        .filter(pl.col("vendor_symbol").is_in(list(symbols)))
        .unique()
        .sort("vendor_symbol", "stamp")
        .with_columns(
            ts=((pl.col("stamp") + HOUR_MS // 2) // HOUR_MS * HOUR_MS).cast(TIMESTAMP),
            funding_rate=pl.col("rate").cast(pl.Float64, strict=False),
        )
        .collect()
    )
    _check(rows)
    return (
        rows.lazy()
        .filter(
            pl.col("ts").to_physical() >= milliseconds(start),
            pl.col("ts").to_physical() < milliseconds(end),
        )
        .with_columns(
            symbol=pl.col("vendor_symbol").replace_strict(symbols, return_dtype=pl.String),
            available_at=(pl.col("stamp") + 1).cast(TIMESTAMP),
            venue=pl.lit("binance"),
        )
        .select(SETTLEMENT_SCHEMA.names())
        .sort("symbol", "ts")
        .collect()
    )


def _check(rows: pl.DataFrame) -> None:
    """Complain of the first row that breaks a promise; mention settlements at an odd time."""
    rate = pl.col("funding_rate")
    off_hour = (pl.col("stamp") - pl.col("ts").cast(pl.Int64)).abs()
    faults = {
        "the stamp is missing": pl.col("stamp").is_null(),
        "the rate is not a number": ~rate.is_finite() | rate.is_null(),
        f"the rate is over {HIGHEST_RATE}, and no fraction": rate.abs() > HIGHEST_RATE,
        "the settlement is more than five minutes off the hour": off_hour > WRONG_MS,
        "the hour has two settlements": pl.struct("vendor_symbol", "ts").is_duplicated(),
    }
    # One query of all: a file has a hundred rows, and a month of all contracts hundreds of files.
    found = rows.select(
        **{name: fault.any() for name, fault in faults.items()}, odd=(off_hour > ODD_MS).sum()
    ).row(0, named=True)
    for name, fault in faults.items():
        if found[name]:
            bad = rows.filter(fault)
            raise UnexpectedShape(f"{name} ({bad.height} such rows): {bad.row(0, named=True)}")
    if odd := found["odd"]:
        logger.warning("binance: %d settlements are over a minute off the hour", odd)
