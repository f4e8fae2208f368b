"""The hourly panel: every listed instrument at every hour, with bounded fills.

Order of work: microstructure (aggregated before), validity, fill; then the derived factors
(``factor_set.compute_factors``), coverage and drop (``final_set.final_factor_set``).
"""

from datetime import datetime

import polars as pl

from cryptopipe_assets.errors import RequestError
from cryptopipe_assets.factors.funding import within_tolerance
from cryptopipe_assets.factors.grid import hour_grid
from cryptopipe_assets.factors.microstructure import MICROSTRUCTURE_COLUMNS
from cryptopipe_assets.factors.operators import hours_since

MIN_MINUTES = 50
"""Minutes that an hour needs for its features to count."""

PRICE_FILL_HOURS = 3
"""How long the last price stands in for missing bars."""

WORKING_COLUMNS = ("position", "is_valid_bar", "is_filled")
"""Columns of the panel that describe its rows and are not published."""

_KEY = ("ts", "available_at", "venue", "symbol")
_RANGE = ("open", "high", "low")
_CARRIED_PRICES = ("close", "vwap", "vwap_exact")
_VOLUMES = ("volume_base", "volume_quote")
_CARRIED_FUNDING = (
    *("funding_rate", "funding_interval_hours", "funding_rate_8h", "funding_age_h"),
    *("funding_annualized", "arb_pressure"),
)
_OWN = (*_RANGE, "n_minutes", "funding_delta")
_FROM_MINUTES = tuple(
    name
    for name in MICROSTRUCTURE_COLUMNS
    if name not in {*_KEY, *_CARRIED_PRICES, *_CARRIED_FUNDING, *_OWN}
)


def hourly_panel(
    microstructure: pl.LazyFrame, listings: pl.LazyFrame, *, start: datetime, end: datetime
) -> pl.LazyFrame:
    """Lay the bars on the grid of listed instruments x hours, ``start <= ts < end``.

    A bar of fewer than ``MIN_MINUTES`` minutes keeps its prices, minutes and funding, but its
    other features are null. For up to ``PRICE_FILL_HOURS`` hours after an instrument's last bar
    the last close stands in for all four prices, the last vwap for vwap, with zero volume and
    ``is_filled``; the last funding stands in within its tolerance. Nothing is filled backward,
    before the listing or after the delisting; volume and volatility features never are. Both inputs
    are read by the call itself.

    Parameters
    ----------
    microstructure
        Rows of ``hourly_microstructure``, unique per (venue, symbol, ts). Rows outside
        ``[start, end)`` or outside an instrument's validity are left out: see
        ``bars_outside_validity``.
    listings
        venue, symbol, listed_at (null: earlier than anyone knows), delisted_at (null: still
        listed). The hour of the listing and that of the delisting belong to the instrument.

    Returns
    -------
    LazyFrame of the microstructure columns and position (hours since the instrument's first row),
    is_valid_bar, is_filled; sorted by venue, symbol, ts.

    Raises
    ------
    RequestError
        If start or end is not a full hour, UTC.
    """
    _require_full_hours(start=start, end=end)
    bars = microstructure.collect(engine="in-memory")
    grid = hour_grid(bars, listings.collect(), start=start, end=end)
    rows = _with_pointers(grid, bars)
    return (
        pl.concat([rows, _from_bars(bars, rows)], how="horizontal")
        .lazy()
        .with_columns(
            *(pl.when("is_filled").then("close").otherwise(name).alias(name) for name in _RANGE),
            *(pl.when("is_filled").then(0.0).otherwise(name).alias(name) for name in _VOLUMES),
            funding_age_h=pl.col("funding_age_h") + pl.col("bar_age"),
            available_at=pl.col("ts") + pl.duration(hours=1, milliseconds=1),
        )
        .select(*MICROSTRUCTURE_COLUMNS, *WORKING_COLUMNS)
    )


def _with_pointers(grid: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
    """Add which bar may speak for a row: a valid one, the last one, one with usable funding."""

    def of(name: str, pointer: str) -> pl.Expr:
        return pl.lit(bars[name]).gather(pl.col(pointer))

    within_reach = pl.col("bar_age").is_between(0, PRICE_FILL_HOURS)
    is_valid = of("n_minutes", "own_bar") >= MIN_MINUTES
    is_fresh = within_tolerance(
        of("funding_age_h", "last_bar") + pl.col("bar_age"),
        of("funding_interval_hours", "last_bar"),
    )
    return (
        grid.with_columns(bar_age=hours_since(pl.col("own_bar").is_not_null()))
        .with_columns(
            is_filled=pl.col("bar_age").is_between(1, PRICE_FILL_HOURS).fill_null(False),
            is_valid_bar=is_valid.fill_null(False),
            last_bar=pl.when(within_reach).then(pl.col("own_bar").forward_fill()),
        )
        .with_columns(
            valid_bar=pl.when("is_valid_bar").then("own_bar"),
            funding_bar=pl.when(~pl.col("is_filled") | is_fresh).then("last_bar"),
        )
    )


def _from_bars(bars: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Gather the columns of the bars, each by the pointer that fits its kind."""
    pointer_of = {
        "last_bar": _CARRIED_PRICES,
        "own_bar": _OWN,
        "funding_bar": _CARRIED_FUNDING,
        "valid_bar": _FROM_MINUTES,
    }
    return pl.concat(
        (bars.select(pl.col(names).gather(rows[by])) for by, names in pointer_of.items()),
        how="horizontal",
    )


def bars_outside_validity(microstructure: pl.LazyFrame, listings: pl.LazyFrame) -> pl.LazyFrame:
    """Return the bars that no listing covers and that a panel therefore leaves out."""
    covered = (
        microstructure.select("venue", "symbol", "ts")
        .join(listings, on=["venue", "symbol"])
        .filter(
            (pl.col("ts") >= pl.col("listed_at").dt.truncate("1h")).fill_null(True),
            (pl.col("ts") < pl.col("delisted_at")).fill_null(True),
        )
    )
    return microstructure.join(covered, on=["venue", "symbol", "ts"], how="anti")


def _require_full_hours(**limits: datetime) -> None:
    for name, limit in limits.items():
        offset = limit.utcoffset()
        if offset is None or offset or limit.minute or limit.second or limit.microsecond:
            raise RequestError(f"panel: expected {name} to be a full hour in UTC, got {limit!r}")
