"""Dilution of a coin: what may still come into circulation, and how fast it does.

Formulas: DEFINITIONS A4, as fractions. Each snapshot is measured by the cap it came with; a cap
that was learned later is used only if given, and marked by ``cap_pit`` = false.
"""

from datetime import datetime

import polars as pl

from cryptopipe_assets.quant.math.daily_asof import news_of_days
from cryptopipe_assets.quant.math.daily_grid import KNOWN_AFTER, DayGrid, between
from cryptopipe_assets.quant.metrics.dilution.caps import with_effective_cap
from cryptopipe_assets.quant.metrics.dilution.velocity import SupplyWindow

LOOKBACK_MONTHS = 12
MIN_DAYS = 28
"""Snapshots that lie closer together say nothing about a year."""

LOW_PER_YEAR, HIGH_PER_YEAR = 0.05, 0.10
SCARCE_SHARE, COMPLETE_SHARE = 0.50, 0.90

_SNAPSHOT = (
    *("coin_id", "coin", "name", "rank", "price_usd", "market_cap_usd"),
    *("circulating_supply", "total_supply", "max_supply"),
)
DILUTION_COLUMNS = (
    *("ts", "available_at", *_SNAPSHOT, "max_supply_effective", "cap_kind", "cap_pit"),
    *("circulating_share", "potential_dilution", "locked_tokens"),
    *("dilution_velocity_share_per_year", "velocity_days"),
    *("dilution_velocity_tokens_per_year", "supply_inflation_ann", "supply_days"),
    *("category", "risk", "supply_asof"),
)


def dilution_metrics(
    market_cap: pl.DataFrame,
    *,
    lookback_months: int = LOOKBACK_MONTHS,
    min_days: int = MIN_DAYS,
    latest_caps: pl.DataFrame | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> pl.DataFrame:
    """Measure the dilution of every coin on every day that brought a snapshot of its supply.

    Parameters
    ----------
    market_cap
        Snapshots of any frequency: ts, available_at, coin_id, coin, name, rank, price_usd,
        market_cap_usd, circulating_supply, total_supply, max_supply (all but the first four
        nullable). They begin ``lookback_months`` before ``start``.
    lookback_months
        Velocities compare with the first snapshot of so many months that end with the day.
    min_days
        Velocities are null over less than this.
    latest_caps
        coin_id, total_supply, max_supply as known today, for snapshots that came without; what
        they yield has ``cap_pit`` = false, which strategies leave out by default.
    start, end
        Days to return, ``start <= ts < end``.

    Returns
    -------
    DataFrame of ``DILUTION_COLUMNS``, sorted by coin_id, ts (open of the UTC day), usable one
    millisecond after the day; the last snapshot known by then counts, its instant is supply_asof.
    ``dilution_velocity_share_per_year`` compares shares of a cap of the same kind and origin
    only. ``supply_inflation_ann`` is the log growth of the circulating supply per year and needs
    no cap. ``velocity_days`` and ``supply_days`` (days) are what the two span. A supply or a cap
    of 0 means unknown.
    """
    snapshots = news_of_days(market_cap).select(
        *_SNAPSHOT,
        supply_asof="ts",
        ts="day",
        available_at=pl.col("day") + KNOWN_AFTER,
    )
    grid = DayGrid.over(snapshots, by="coin_id")
    measured = with_effective_cap(grid.frame, latest_caps).with_columns(_of_cap())
    window = SupplyWindow.trailing(grid, measured, months=lookback_months)
    return (
        measured.with_columns(*window.share_velocity(min_days), *window.growth(min_days))
        .with_columns(category=_category(), risk=_risk())
        .select(DILUTION_COLUMNS)
        .pipe(between, start, end)
    )


def _of_cap() -> list[pl.Expr]:
    """Compare what circulates with the cap."""
    circulating, cap = pl.col("circulating_supply"), pl.col("max_supply_effective")
    return [
        (circulating / cap).alias("circulating_share"),
        ((cap - circulating) / circulating).alias("potential_dilution"),
        (cap - circulating).alias("locked_tokens"),
    ]


def _category() -> pl.Expr:
    """Name the velocity; each bound belongs to the lower category."""
    velocity = pl.col("dilution_velocity_share_per_year")
    return (
        pl.when(velocity <= 0)
        .then(pl.lit("deflationary"))
        .when(velocity <= LOW_PER_YEAR)
        .then(pl.lit("low"))
        .when(velocity <= HIGH_PER_YEAR)
        .then(pl.lit("medium"))
        .when(velocity.is_not_null())
        .then(pl.lit("high"))
    )


def _risk() -> pl.Expr:
    """Name the share that is still to come."""
    share = pl.col("circulating_share")
    return (
        pl.when(share < SCARCE_SHARE)
        .then(pl.lit("high"))
        .when(share > COMPLETE_SHARE)
        .then(pl.lit("low"))
        .when(share.is_not_null())
        .then(pl.lit("medium"))
    )
