"""The final factor set: hourly, cross-sectional, without look-ahead."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.followed import every_life, followed_instruments
from cryptopipe_assets.core.calendar import months
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.time import midnight
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.defs.collected.instruments import instruments
from cryptopipe_assets.defs.features.microstructure_1h import microstructure_1h
from cryptopipe_assets.defs.partitions import look_back
from cryptopipe_assets.defs.publishing.publication import Publication, days_checked, days_of, table
from cryptopipe_assets.quant.bars.panel import bars_outside_validity, hourly_panel
from cryptopipe_assets.quant.factors.factor_set import compute_factors
from cryptopipe_assets.quant.factors.final_set import (
    MIN_COVERAGE,
    final_factor_set,
)
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.features.factors_1h import Factors1h
from cryptopipe_assets.tables.features.microstructure_1h import Microstructure1h

LOOK_BACK_DAYS = 7
"""168 hours: the longest window of the set."""


@dg.asset(
    **table(Factors1h),
    deps=[
        dg.AssetDep(microstructure_1h, partition_mapping=look_back(LOOK_BACK_DAYS)),
        instruments,
    ],
)
def factors_1h(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    universe: dg.ResourceParam[Universe],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Lay the hours on the grid of listed instruments, compute, drop what is incomplete."""
    publication = Publication(context, warehouse, Factors1h)
    listings = _listings(warehouse, universe).lazy()
    dropped: Counter[str] = Counter()
    for days in months(days_of(context)):
        since = days[0] - timedelta(days=LOOK_BACK_DAYS)
        hours = warehouse.lake.scan(Microstructure1h, since, days[-1])
        newest = hours.select(pl.max("ts")).collect().item() or midnight(since)
        panel = hourly_panel(
            hours, listings, start=midnight(since), end=newest + timedelta(hours=1)
        )
        wanted = compute_factors(panel).filter(pl.col("ts") >= midnight(days[0]))
        result = final_factor_set(wanted)
        dropped.update(result.dropped)
        outside = bars_outside_validity(hours, listings).filter(pl.col("ts") >= midnight(days[0]))
        dropped.update(outside_listing=outside.select(pl.len()).collect().item())
        yield from publication.write(result.frame, days)
    yield from publication.finish(_drops(dropped))


def _listings(warehouse: Warehouse, universe: Universe) -> pl.DataFrame:
    """Every life of the followed contracts: windows begin anew with each."""
    followed = followed_instruments(warehouse, universe, Ohlcv1m.table_name())
    return every_life(warehouse.lake.read(Instruments), followed)


def _drops(dropped: Counter[str]) -> dict[str, object]:
    """Rows that were not published, by the first reason that applied."""
    counted = pl.DataFrame(
        [(reason, count) for reason, count in dropped.items() if count],
        schema={"reason": pl.String, "rows": pl.Int64},
        orient="row",
    ).sort("rows", "reason", descending=[True, False])
    return {
        "rows_dropped": sum(dropped.values()),
        "dropped_by_reason": dg.MetadataValue.md(markdown(counted)),
        **{f"dropped/{reason}": count for reason, count in counted.iter_rows()},
    }


@dg.asset_check(asset=factors_1h)
def factors_1h_covers_the_universe(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    universe: dg.ResourceParam[Universe],
) -> dg.AssetCheckResult:
    """Every instrument that has been listed for 168 hours has a row in every published hour."""
    days = days_checked(context, warehouse, Factors1h)
    rows = warehouse.lake.scan(Factors1h, days[0], days[-1]).select("symbol", "ts").collect()
    listings = _listings(warehouse, universe)
    due = (
        rows.select("ts")
        .unique()
        .join(listings.select("symbol", "listed_at", "delisted_at"), how="cross")
        .filter(
            pl.col("ts") >= pl.col("listed_at") + pl.duration(hours=169),
            pl.col("ts") < pl.col("delisted_at").fill_null(pl.col("ts").dt.offset_by("1h")),
        )
    )
    absent = due.join(rows, on=["symbol", "ts"], how="anti")
    worst = absent.group_by("symbol").len("hours").sort("hours", "symbol", descending=[True, False])
    return dg.AssetCheckResult(
        passed=absent.is_empty() and not rows.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "minimum_coverage_of_an_hour": MIN_COVERAGE,
            "instrument_hours_due": due.height,
            "instrument_hours_absent": absent.height,
            "worst": dg.MetadataValue.md(markdown(worst.head(10))),
        },
    )
