"""The hourly panel: every listed instrument at every hour, with bounded fills.

Order of work: microstructure (aggregated before), validity, fill; then the derived factors
(``factor_set.compute_factors``), coverage and drop (``final_set.final_factor_set``).
"""

from datetime import datetime

import polars as pl

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.quant.bars.funding import within_tolerance
from cryptopipe_assets.quant.bars.hourly_grid import hour_grid
from cryptopipe_assets.quant.bars.microstructure import MICROSTRUCTURE_COLUMNS

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
    panel = (
        _with_last_bars(grid, bars)
        .lazy()
        .with_columns(_validity())
        .with_columns(_unless_unknown())
        .with_columns(
            *(pl.when("is_filled").then("close").otherwise(name).alias(name) for name in _RANGE),
            *(pl.when("is_filled").then(0.0).otherwise(name).alias(name) for name in _VOLUMES),
            funding_age_h=pl.col("funding_age_h") + pl.col("bar_age"),
            available_at=pl.col("ts") + pl.duration(hours=1, milliseconds=1),
        )
        .select(*MICROSTRUCTURE_COLUMNS, *WORKING_COLUMNS)
    )
    # Collected here, so that the result does not hold on to what it was made from.
    return panel.collect(engine="in-memory").lazy()


def _with_last_bars(grid: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of each row's last bar; what may not speak for a row is hidden afterwards.

    To gather by a pointer without nulls and to set the null bits takes half the time of gathering
    by one with nulls.
    """
    columns = bars.select(name for name in MICROSTRUCTURE_COLUMNS if name not in _KEY)
    last = columns.clear(grid.height) if bars.is_empty() else columns[grid["last_bar"]]
    return pl.concat([grid, last], how="horizontal")


def _validity() -> list[pl.Expr]:
    has_enough = (pl.col("n_minutes") >= MIN_MINUTES).fill_null(False)
    return [
        pl.col("bar_age").is_between(1, PRICE_FILL_HOURS).alias("is_filled"),
        ((pl.col("bar_age") == 0) & has_enough).alias("is_valid_bar"),
    ]


def _unless_unknown() -> list[pl.Expr]:
    """Hide what the last bar may not say about a row: by age, funding tolerance and validity."""
    within_reach = pl.col("bar_age").is_between(0, PRICE_FILL_HOURS)
    is_fresh = within_tolerance(
        pl.col("funding_age_h") + pl.col("bar_age"), pl.col("funding_interval_hours")
    )
    speaks_for = {
        _CARRIED_PRICES: within_reach,
        _OWN: pl.col("bar_age") == 0,
        _CARRIED_FUNDING: within_reach & (~pl.col("is_filled") | is_fresh),
        _FROM_MINUTES: pl.col("is_valid_bar"),
    }
    return [pl.when(may).then(name) for names, may in speaks_for.items() for name in names]


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
