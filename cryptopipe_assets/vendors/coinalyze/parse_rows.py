"""Coinalyze's bars and readings under our names and in our units. Pure: no network."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from cryptopipe_assets.core.time import HOUR
from cryptopipe_assets.vendors.coinalyze.parse_bars import MILLISECONDS_FROM
from cryptopipe_assets.vendors.parsing.fields import Count, Number
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA
from cryptopipe_assets.vendors.parsing.staleness import require_recent
from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, refuse, shaped

PERCENT = 100.0
BY_CHANCE = 12  # so many bars are not alike by chance, even of a coin that costs a dollar
HIGHEST_PERCENT = 10.0  # per settlement; [data] the highest of 94 symbols in years was 4.1

_STAMPS = {"ts": TIMESTAMP, "available_at": TIMESTAMP, "venue": pl.String(), "symbol": pl.String()}

FUNDING_BAR_SCHEMA = pl.Schema(
    {
        **_STAMPS,
        "coin": pl.String(),
        "margin_type": pl.String(),
        "funding_rate": pl.Float64(),
        "funding_rate_high": pl.Float64(),
        "funding_rate_low": pl.Float64(),
    }
)
LIQUIDATION_SCHEMA = pl.Schema(
    {
        **_STAMPS,
        "long_liquidations_usd": pl.Float64(),
        "short_liquidations_usd": pl.Float64(),
    }
)


class _Reading(TypedDict):
    symbol: str
    value: Number
    update: Count


_READINGS = TypeAdapter(list[_Reading])


def open_interest_rows(
    in_usd: pl.DataFrame, in_base: pl.DataFrame, markets: pl.DataFrame, *, width: timedelta
) -> pl.DataFrame:
    """Return ``OPEN_INTEREST_SCHEMA`` from the closes of two histories.

    ``ts`` is the last hour of the bar: the hour at whose end the close was seen.
    ``open_interest_base`` is null where ``in_base`` has no such bar.

    Raises
    ------
    UnexpectedShape
        If open interest is negative, or is the same number in USD and in the base.
    """
    base = in_base.select("vendor_symbol", "t", open_interest_base="c")
    both = in_usd.join(base, on=["vendor_symbol", "t"], how="left")
    _require_two_units(both)
    rows = both.with_columns(
        ts=pl.col("opened_at") + width - HOUR,
        available_at=_knowable(width),
        open_interest_contracts=pl.lit(None, dtype=pl.Float64),
        open_interest_usd=pl.col("c"),
    )
    return _named(rows, markets, OPEN_INTEREST_SCHEMA)


def _require_two_units(both: pl.DataFrame) -> None:
    """Complain of a market whose amounts are the same in either unit: a cache mixed them up."""
    alike = ((pl.col("c") == pl.col("open_interest_base")) & (pl.col("c") > 0)).fill_null(
        value=False
    )
    mixed = both.group_by("vendor_symbol", maintain_order=True).agg(
        mixed=alike.all() & (pl.len() >= BY_CHANCE), t=pl.first("t")
    )
    fault = {"USD and base are the same numbers": pl.col("mixed")}
    refuse(mixed, fault, show=("vendor_symbol", "t"))


def read_open_interest_now(payload: Any, markets: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """Return the current readings in USD as ``OPEN_INTEREST_SCHEMA``.

    ``ts`` is the hour of the reading, ``available_at`` its instant + 1 ms; there is no base amount.

    Raises
    ------
    UnexpectedShape
        If a reading is negative, occurs twice, or its stamp is not of now in milliseconds.
    VendorUnavailable
        If the newest reading is over an hour old.
    """
    readings = [
        (each["symbol"], each["update"], each["value"]) for each in shaped(_READINGS, payload)
    ]
    rows = pl.DataFrame(
        readings,
        schema={"vendor_symbol": pl.String, "t": pl.Int64, "open_interest_usd": pl.Float64},
        orient="row",
    )
    refuse(
        rows,
        {
            "the update is not in milliseconds": pl.col("t") < MILLISECONDS_FROM,
            "the symbol occurs twice": pl.col("vendor_symbol").is_duplicated(),
        },
        show=("vendor_symbol", "t"),
    )
    if readings:
        newest = max(update for _, update, _ in readings)
        require_recent(newest, now=now, vendor="coinalyze", what="the readings of open interest")
    nothing = pl.lit(None, dtype=pl.Float64)
    stamped = rows.with_columns(
        ts=pl.col("t").cast(TIMESTAMP).dt.truncate("1h"),
        available_at=(pl.col("t") + 1).cast(TIMESTAMP),
        open_interest_contracts=nothing,
        open_interest_base=nothing,
    )
    return _named(stamped, markets, OPEN_INTEREST_SCHEMA)


def funding_rows(bars: pl.DataFrame, markets: pl.DataFrame, *, width: timedelta) -> pl.DataFrame:
    """Return ``FUNDING_BAR_SCHEMA``: percent becomes a fraction, the rate is the bar's close.

    Raises
    ------
    UnexpectedShape
        If a rate is beyond ten percent.
    """
    refuse(
        bars,
        {"the rate is no percentage": pl.col("c").abs() > HIGHEST_PERCENT},
        show=("vendor_symbol", "t"),
    )
    rows = bars.with_columns(
        ts=pl.col("opened_at"),
        available_at=_knowable(width),
        funding_rate=pl.col("c") / PERCENT,
        funding_rate_high=pl.col("h") / PERCENT,
        funding_rate_low=pl.col("l") / PERCENT,
    )
    return _named(rows, markets, FUNDING_BAR_SCHEMA)


def liquidation_rows(
    bars: pl.DataFrame, markets: pl.DataFrame, *, width: timedelta
) -> pl.DataFrame:
    """Return ``LIQUIDATION_SCHEMA``.

    Raises
    ------
    UnexpectedShape
        If an amount is negative.
    """
    rows = bars.with_columns(
        ts=pl.col("opened_at"),
        available_at=_knowable(width),
        long_liquidations_usd=pl.col("l"),
        short_liquidations_usd=pl.col("s"),
    )
    return _named(rows, markets, LIQUIDATION_SCHEMA)


def _knowable(width: timedelta) -> pl.Expr:
    """First instant after the bar."""
    return pl.col("opened_at") + width + pl.duration(milliseconds=1)


def _named(rows: pl.DataFrame, markets: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Give the rows our names, check that amounts are amounts, and sort."""
    amounts = [name for name in schema if name.endswith(("_usd", "_base"))]
    if amounts:
        negative = pl.any_horizontal(pl.col(amounts) < 0)
        refuse(rows, {"an amount is negative": negative}, show=("vendor_symbol", "ts"))
    names = markets.select("vendor_symbol", "venue", "symbol", "coin", "margin_type")
    return (
        rows.join(names, on="vendor_symbol", how="inner")
        .select(schema.names())
        .cast(schema)
        .sort("venue", "symbol", "ts")
    )
