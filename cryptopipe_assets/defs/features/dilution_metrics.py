"""Dilution of each coin: what may still come into circulation, and how fast it does."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.config.compat import Compat
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.defs.collected.market_cap import market_cap
from cryptopipe_assets.defs.partitions import look_back
from cryptopipe_assets.defs.publishing.publication import Publication, days_checked, days_of, table
from cryptopipe_assets.panels.daily_inputs import end_of_ended_days, stretches
from cryptopipe_assets.quant.metrics.dilution import metrics as dilution
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.market_cap import MarketCap
from cryptopipe_assets.tables.features.dilution_metrics import DilutionMetrics

SNAPSHOTS_BEFORE = 366 + 31
"""Days of input before the first day: twelve months, and snapshots that came a month late."""

ROUNDED_SHARE = 1.005
"""What vendors' rounding of supplies can make of a share of 1."""


@dg.asset(
    **table(DilutionMetrics),
    deps=[dg.AssetDep(market_cap, partition_mapping=look_back(SNAPSHOTS_BEFORE, after=1))],
)
def dilution_metrics(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    compat: dg.ResourceParam[Compat],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Compare the last snapshot of each ended day with the cap and with the year before."""
    publication = Publication(context, warehouse, DilutionMetrics)
    without_cap = without_velocity = 0
    for days in stretches(warehouse.lake, MarketCap, days_of(context)):
        snapshots = _snapshots(warehouse.lake, days)
        measured = dilution.dilution_metrics(
            snapshots.collect(),
            latest_caps=_latest_caps(warehouse.lake) if compat.latest_caps else None,
            start=midnight(days[0]),
            end=end_of_ended_days(days, snapshots, now=vendors.clock()),
        )
        without_cap += measured["max_supply_effective"].null_count()
        without_velocity += measured["dilution_velocity_share_per_year"].null_count()
        yield from publication.write(measured, days)
    yield from publication.finish(
        {"rows_without_cap": without_cap, "rows_without_velocity": without_velocity}
    )


def _latest_caps(lake: Lake) -> pl.DataFrame:
    """Total and maximum supply of each coin as its newest row that has one of them says them."""
    days = lake.days(MarketCap.table_name())
    if not days:
        return MarketCap.empty_frame().select("coin_id", "total_supply", "max_supply")
    return (
        lake.scan(MarketCap, days[0], days[-1])
        .filter(pl.any_horizontal(pl.col("total_supply", "max_supply") > 0))
        .sort("coin_id", "ts")
        .unique("coin_id", keep="last", maintain_order=True)
        .select("coin_id", "total_supply", "max_supply")
        .collect()
    )


def _snapshots(lake: Lake, days: list[date]) -> pl.LazyFrame:
    """Snapshots of the days, of the first instant after them and of the year before.

    A vendor's past may not say the supply. On days on which no other row of the coin does, it is
    what the market cap says: cap over price. It never displaces a supply that was said.
    """
    is_said = (pl.col("circulating_supply") > 0).fill_null(value=False)
    # The close of a day is stamped with the first instant of the next one.
    day = pl.col("ts").dt.offset_by("-1ms").dt.date()
    implied = pl.col("market_cap_usd") / pl.col("price_usd")
    return (
        lake.scan(MarketCap, days[0] - SNAPSHOTS_BEFORE * DAY, days[-1] + DAY)
        .filter(is_said | ~is_said.any().over("coin_id", day))
        .with_columns(
            circulating_supply=pl.when(is_said).then("circulating_supply").otherwise(implied)
        )
        .filter(pl.col("circulating_supply") > 0)
    )


@dg.asset_check(asset=dilution_metrics)
def dilution_metrics_circulate_below_their_cap(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """No more of a coin circulates than its maximum supply, half a percent of rounding aside."""
    days = days_checked(context, warehouse, DilutionMetrics)
    rows = warehouse.lake.scan(DilutionMetrics, days[0], days[-1]).collect()
    capped = rows.filter(pl.col("cap_kind") == "max", pl.col("circulating_share").is_not_null())
    above = capped.filter(pl.col("circulating_share") > ROUNDED_SHARE)
    shown = ("coin_id", "coin", "ts", "circulating_share")
    return dg.AssetCheckResult(
        passed=above.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "coin_days_with_maximum_supply": capped.height,
            "coin_days_above_it": above.height,
            "first": dg.MetadataValue.md(markdown(above.select(shown).head(10))),
        },
    )


@dg.asset_check(asset=dilution_metrics)
def dilution_metrics_have_their_categories(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """A coin whose share of the same kind of cap was known a month to eleven ago has a category."""
    days = days_checked(context, warehouse, DilutionMetrics)
    footing = ("coin_id", "cap_kind", "cap_pit")
    rows = (
        warehouse.lake.scan(DilutionMetrics, days[0] - 334 * DAY, days[-1])
        .filter(pl.col("circulating_share").is_not_null())
        .select(*footing, "ts", "supply_asof", "category")
        .collect()
    )
    earlier = rows.group_by(footing).agg(pl.col("supply_asof").min().alias("first_asof"))
    due = (
        rows.filter(pl.col("ts") >= midnight(days[0]))
        .join(earlier, on=footing)
        .filter(pl.col("supply_asof") - pl.col("first_asof") >= dilution.MIN_DAYS * DAY)
    )
    unnamed = due.filter(pl.col("category").is_null()).sort("coin_id", "ts")
    return dg.AssetCheckResult(
        passed=unnamed.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "coin_days_due": due.height,
            "coin_days_without_category": unnamed.height,
            "first": dg.MetadataValue.md(markdown(unnamed.head(10))),
        },
    )
