"""Hourly bars with the microstructure of their minutes."""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import polars as pl

from cryptopipe_assets.core.calendar import months
from cryptopipe_assets.core.contract_life import (
    lives_of,
    named_by_life,
    of_the_later_life,
    under_one_name,
)
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.time import midnight
from cryptopipe_assets.defs.collected.funding_rate import funding_rate
from cryptopipe_assets.defs.collected.instruments import instruments
from cryptopipe_assets.defs.collected.ohlcv_1m import ohlcv_1m
from cryptopipe_assets.defs.partitions import look_back
from cryptopipe_assets.defs.publishing.publication import Publication, days_checked, days_of, table
from cryptopipe_assets.quant.bars.microstructure import hourly_microstructure
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.features.microstructure_1h import Microstructure1h

BARS_BEFORE = 1
FUNDING_BEFORE = 2
"""Days of input before the first day: the first return's close, and a rate of up to 25 h ago."""


@dg.asset(
    **table(Microstructure1h),
    deps=[
        dg.AssetDep(ohlcv_1m, partition_mapping=look_back(BARS_BEFORE)),
        dg.AssetDep(funding_rate, partition_mapping=look_back(FUNDING_BEFORE)),
        instruments,
    ],
)
def microstructure_1h(
    context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Fold the minutes of each closed hour; an hour that is still forming has no row."""
    publication = Publication(context, warehouse, Microstructure1h)
    lake = warehouse.lake
    lives = lives_of(lake.read(Instruments))
    for days in months(days_of(context)):
        # A contract that was closed and opened again under its name is two of them here: neither
        # a return nor a rate of funding goes from one life into the next.
        bars = named_by_life(lake.scan(Ohlcv1m, _before(days, BARS_BEFORE), days[-1]), lives)
        settled = lake.scan(FundingRate, _before(days, FUNDING_BEFORE), days[-1])
        hours = hourly_microstructure(bars, named_by_life(settled, lives))
        wanted = of_the_later_life(hours.filter(pl.col("ts") >= midnight(days[0])), lives)
        whole = under_one_name(_collected_whole(wanted, bars, lives), lives)
        yield from publication.write(whole, days)
    yield from publication.finish()


def _collected_whole(hours: pl.LazyFrame, bars: pl.LazyFrame, lives: pl.DataFrame) -> pl.LazyFrame:
    """Hours after whose end their contract was requested again, or whose contract ended in them.

    Tiers are collected at different times: one after the hour says nothing of another.
    """
    contract = ["venue", "symbol"]
    began = lives.with_columns(ts="start").lazy()
    ends = named_by_life(began, lives).select(*contract, delisted_at="due_until")
    hour_end = pl.col("ts").dt.offset_by("1h")
    return (
        hours.join(bars.group_by(contract).agg(pl.max("ingested_at")), on=contract)
        .join(ends, on=contract, how="left")
        .filter(pl.min_horizontal(hour_end, "delisted_at") <= pl.col("ingested_at"))
        .drop("ingested_at", "delisted_at")
    )


def _before(days: list[date], count: int) -> date:
    return days[0] - timedelta(days=count)


@dg.asset_check(asset=microstructure_1h)
def microstructure_1h_agrees_with_its_minutes(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Each hour has as many trades, and the same extremes, as the stored minutes say now.

    Of an hour that two lives of a contract share, the minutes of the later one count.
    """
    days = days_checked(context, warehouse, Microstructure1h)
    lives = lives_of(warehouse.lake.read(Instruments))
    is_counted = pl.col("trades").null_count() == 0
    of_lives = (
        named_by_life(warehouse.lake.scan(Ohlcv1m, days[0], days[-1]), lives)
        .group_by("venue", "symbol", pl.col("ts").dt.truncate("1h"))
        .agg(pl.when(is_counted).then(pl.sum("trades")), pl.max("high"), pl.min("low"))
    )
    minutes = under_one_name(of_lives, lives)
    compared = ["venue", "symbol", "ts", "trades", "high", "low"]
    differing = (
        warehouse.lake.scan(Microstructure1h, days[0], days[-1])
        .select(compared)
        .join(minutes.select(compared), on=compared, how="anti", nulls_equal=True)
        .sort("venue", "symbol", "ts")
        .collect()
    )
    return dg.AssetCheckResult(
        passed=differing.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "hours_differing": differing.height,
            "first": dg.MetadataValue.md(markdown(differing.head(10))),
        },
    )


@dg.asset_check(asset=microstructure_1h)
def microstructure_1h_hours_are_whole(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Every hour has its sixty minutes."""
    days = days_checked(context, warehouse, Microstructure1h)
    hours = warehouse.lake.scan(Microstructure1h, days[0], days[-1]).collect()
    short = hours.filter(pl.col("n_minutes") < 60).select("symbol", "ts", "n_minutes")
    return dg.AssetCheckResult(
        passed=short.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "hours": hours.height,
            "hours_with_missing_minutes": short.height,
            "first": dg.MetadataValue.md(markdown(short.sort("symbol", "ts").head(10))),
        },
    )


@dg.asset_check(asset=microstructure_1h)
def microstructure_1h_has_taker_volume(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Every hour has its takers' volume; null where the vendor of its bars does not tell it."""
    days = days_checked(context, warehouse, Microstructure1h)
    absent = (
        warehouse.lake.scan(Microstructure1h, days[0], days[-1])
        .filter(pl.col("taker_buy_base").is_null())
        .group_by("symbol")
        .agg(hours=pl.len(), first=pl.min("ts"), last=pl.max("ts"))
        .sort("symbol")
        .collect()
    )
    return dg.AssetCheckResult(
        passed=absent.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "hours_without_taker_volume": int(absent["hours"].sum()),
            "first": dg.MetadataValue.md(markdown(absent.head(10))),
        },
    )
