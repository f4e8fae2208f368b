"""Open interest of a coin: over all its perpetual contracts, or of the one an original followed."""

from datetime import timedelta

import polars as pl

from cryptopipe_assets.core.single_contract import QUOTE_PREFERENCE, VENUE_PREFERENCE
from cryptopipe_assets.core.time import DAY, HOUR_MS
from cryptopipe_assets.quant.math.daily_grid import KNOWN_AFTER
from cryptopipe_assets.quant.math.ordered_sums import ordered_sums

SEEN_HOURS = 24
"""A contract belongs to its coin for as long after its last value."""

MAX_CLOSE_AGE = timedelta(hours=2)
"""How long before the day's end the last measurement of a day may lie."""

_CONTRACT = ("coin", "venue", "symbol")
_UTC_MS = pl.Datetime("ms", "UTC")


def coin_totals(open_interest: pl.DataFrame) -> pl.DataFrame:
    """Sum the open interest of each coin over its perpetual contracts and venues.

    Parameters
    ----------
    open_interest
        Hourly rows: ts (open of the hour), available_at, venue, symbol, coin, open_interest_usd;
        unique per (ts, venue, symbol). To get the coverage right they begin 23 hours before the
        first wanted row.

    Returns
    -------
    DataFrame sorted by coin, ts: ts, available_at (the latest of the parts), coin,
    open_interest_usd (USD), oi_venues and oi_contracts (Int64, those with a value in the hour),
    oi_coverage (fraction). The coverage is the share of the coin's open interest that the hour's
    values stand for: total / (total + last values of the contracts that had one in the 23 hours
    before and have none now). 1 if all reported; null if the total is 0.
    """
    hours = _with_absent(open_interest).with_columns(
        absent_usd=pl.when("is_absent").then("open_interest_usd").otherwise(0.0),
        present_usd=pl.when("is_absent").then(0.0).otherwise("open_interest_usd"),
    )
    present = pl.col("is_absent").not_()
    counts = (
        hours.group_by("coin", "ts", maintain_order=True)
        .agg(
            pl.col("available_at").max(),
            pl.col("venue").filter(present).n_unique().cast(pl.Int64).alias("oi_venues"),
            present.sum().cast(pl.Int64).alias("oi_contracts"),
        )
        .with_columns(ordered_sums(hours, ["coin", "ts"], ["present_usd", "absent_usd"]))
    )
    total = pl.col("present_usd")
    return counts.filter(pl.col("oi_contracts") > 0).select(
        "ts",
        "available_at",
        "coin",
        total.alias("open_interest_usd"),
        "oi_venues",
        "oi_contracts",
        oi_coverage=pl.when(total > 0).then(total / (total + pl.col("absent_usd"))),
    )


def single_contract(open_interest: pl.DataFrame) -> pl.DataFrame:
    """Open interest of one contract per coin, as source 0 chose it; for comparison only.

    The first by venue (``VENUE_PREFERENCE``), then by quote: USD before USDT before USDC, which
    is how that source ended with coin-margined contracts for the large coins. Chosen among the
    contracts with a value in the 24 hours to the row; where the chosen one has no value in the
    hour there is no row, rather than another contract's.

    Returns
    -------
    DataFrame sorted by coin, ts with the columns of ``coin_totals`` and venue, symbol (the
    contract). oi_venues, oi_contracts and oi_coverage are 1: of the one contract that is meant.
    """
    quote = pl.col("symbol").str.split("-").list.get(1, null_on_oob=True)
    preferred = (
        _with_absent(open_interest)
        .with_columns(
            venue_place=_place(pl.col("venue"), VENUE_PREFERENCE),
            quote_place=_place(quote, QUOTE_PREFERENCE),
        )
        .drop_nulls(["venue_place", "quote_place"])
        .sort("coin", "ts", "venue_place", "quote_place", "symbol")
        .unique(["coin", "ts"], keep="first", maintain_order=True)
    )
    return preferred.filter(~pl.col("is_absent")).select(
        *("ts", "available_at", "coin", "open_interest_usd"),
        *(pl.lit(1, pl.Int64).alias(name) for name in ("oi_venues", "oi_contracts")),
        pl.lit(1.0).alias("oi_coverage"),
        *("venue", "symbol"),
    )


def daily_close(hourly: pl.DataFrame, *, max_age: timedelta = MAX_CLOSE_AGE) -> pl.DataFrame:
    """Last value of each coin and UTC day that was known when the day ended.

    Parameters
    ----------
    hourly
        Result of ``coin_totals`` or ``single_contract``.
    max_age
        A day whose last measurement lies longer before its end has no close.

    Returns
    -------
    DataFrame sorted by coin, ts with the columns of ``hourly``, ts (open of the day),
    available_at (end of the day plus one millisecond) and oi_asof, the instant of the
    measurement (of a total: of its latest part).
    """
    day = pl.col("ts").dt.truncate("1d")
    measured_at = pl.col("available_at") - pl.duration(milliseconds=1)
    return (
        hourly.with_columns(day=day, oi_asof=measured_at)
        .filter(
            pl.col("oi_asof") <= pl.col("day") + DAY,
            pl.col("day") + DAY - pl.col("oi_asof") <= max_age,
        )
        .sort("coin", "ts")
        .unique(["coin", "day"], keep="last", maintain_order=True)
        .with_columns(ts=pl.col("day"), available_at=pl.col("day") + KNOWN_AFTER)
        .drop("day")
    )


def _with_absent(open_interest: pl.DataFrame) -> pl.DataFrame:
    """Add ``is_absent`` rows: the last value of a contract, at hours in which it has none.

    Only at hours in which another contract of the coin has a value, and for 23 hours at most. The
    rows after a hole are read for their time alone: they end it.
    """
    rows = open_interest.select("ts", "available_at", *_CONTRACT, "open_interest_usd").drop_nulls(
        "open_interest_usd"
    )
    ordered = rows.sort(*_CONTRACT, "ts")
    until_next = (pl.col("ts").shift(-1).over(_CONTRACT) - pl.col("ts")).dt.total_milliseconds()
    hole = pl.min_horizontal(until_next.fill_null(SEEN_HOURS * HOUR_MS) // HOUR_MS, SEEN_HOURS)
    standing = (
        ordered.with_columns(hole=hole)
        .filter(pl.col("hole") > 1)
        .with_columns(hour=pl.int_ranges(1, pl.col("hole")))
        .explode("hour")
        .with_columns(ts=(pl.col("ts") + pl.duration(hours=pl.col("hour"))).cast(_UTC_MS))
        .join(rows.select("ts", "coin").unique(), on=["ts", "coin"], how="semi")
        .select(ordered.columns)
    )
    return pl.concat(
        [
            ordered.with_columns(is_absent=pl.lit(value=False)),
            standing.with_columns(is_absent=pl.lit(value=True)),
        ]
    ).sort("coin", "ts", "venue", "symbol")


def _place(value: pl.Expr, preference: tuple[str, ...]) -> pl.Expr:
    """Position in an order of preference; null for what is not in it."""
    places = {name: place for place, name in enumerate(preference)}
    return value.replace_strict(places, default=None, return_dtype=pl.Int64)
