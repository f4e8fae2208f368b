"""Hourly bars with the microstructure of their minutes."""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import polars as pl

from cryptopipe_assets.contracts import Stamped, column
from cryptopipe_assets.defs.collected.funding_rate import FundingRate, funding_rate
from cryptopipe_assets.defs.collected.instruments import INSTRUMENT, Instruments, instruments
from cryptopipe_assets.defs.collected.ohlcv_1m import Ohlcv1m, ohlcv_1m
from cryptopipe_assets.derivation import when_hours_close
from cryptopipe_assets.factors.microstructure import hourly_microstructure
from cryptopipe_assets.partitions import look_back, midnight, months
from cryptopipe_assets.preview import markdown
from cryptopipe_assets.registry import latest
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables import Publication, days_checked, days_of, table

BARS_BEFORE = 1
FUNDING_BEFORE = 2
"""Days of input before the first day: the first return's close, and a rate of up to 25 h ago."""


class Microstructure1h(Stamped):
    """One hour of a perpetual contract, named by its open, and what its minutes say about it.

    Usable one millisecond after the hour's end. Volatilities are per hour, not annualised. What
    cannot be computed is null, never zero: an hour without a trade has no vwap.
    """

    venue: str = column("Exchange that lists the contract.", unit="id")
    symbol: str = column("Canonical instrument, e.g. BTC-USDT-PERP.", unit="id")
    open: float = column("First price.", unit="quote per base", gt=0)
    high: float = column("Highest price.", unit="quote per base", gt=0)
    low: float = column("Lowest price.", unit="quote per base", gt=0)
    close: float = column("Last price.", unit="quote per base", gt=0)
    volume_base: float = column("Quantity traded.", unit="base", ge=0)
    volume_quote: float = column("Value traded.", unit="quote", ge=0)
    trades: int = column("Number of trades.", unit="count", ge=0)
    taker_buy_base: float = column("Quantity bought by takers.", unit="base", ge=0)
    vwap: float = column(
        "Volume-weighted mean of the minutes' typical prices (H+L+C)/3.",
        unit="quote per base",
        gt=0,
        nullable=True,
    )
    vwap_exact: float = column(
        "Value traded over quantity traded: the true volume-weighted average price.",
        unit="quote per base",
        gt=0,
        nullable=True,
    )
    vwap_dev: float = column("(close - vwap) / vwap.", unit="fraction", nullable=True)
    realized_vol: float = column(
        "Sample standard deviation of the 1-minute simple returns times sqrt(60).",
        unit="fraction per sqrt(hour)",
        ge=0,
        nullable=True,
    )
    rv_sum: float = column(
        "Square root of the sum of squared 1-minute log returns (Andersen & Bollerslev 1998).",
        unit="fraction per sqrt(hour)",
        ge=0,
        nullable=True,
    )
    volume_cv: float = column(
        "Coefficient of variation of the minutes' volumes; 0 for an hour without volume.",
        unit="ratio",
        ge=0,
        nullable=True,
    )
    parkinson: float = column(
        "Range volatility of the hourly bar (Parkinson 1980).",
        unit="fraction per sqrt(hour)",
        ge=0,
        nullable=True,
    )
    garman_klass: float = column(
        "Range volatility of the hourly bar (Garman & Klass 1980).",
        unit="fraction per sqrt(hour)",
        ge=0,
        nullable=True,
    )
    taker_buy_ratio: float = column(
        "Share of the quantity that takers bought.", unit="fraction", ge=0, le=1, nullable=True
    )
    n_minutes: int = column("Minutes present in the hour.", unit="count", ge=1, le=60)
    funding_rate: float = column(
        "Last funding rate known at the hour's end, at most one interval and an hour old.",
        unit="fraction per interval",
        nullable=True,
    )
    funding_interval_hours: int = column(
        "Interval of that rate.", unit="hours", ge=1, nullable=True
    )
    funding_rate_8h: float = column(
        "That rate scaled to eight hours.", unit="fraction per 8 h", nullable=True
    )
    funding_age_h: float = column(
        "Hours from that settlement to the hour's end.", unit="hours", ge=0, nullable=True
    )
    funding_annualized: float = column(
        "That rate over 8,760 hours, by the contract's real interval.",
        unit="fraction per year",
        nullable=True,
    )
    funding_delta: float = column(
        "Change of the funding rate against the hour before.",
        unit="fraction per interval",
        nullable=True,
    )
    arb_pressure: bool = column(
        "Whether annualised funding exceeds 30 % either way.", unit="flag", nullable=True
    )

    class Config:
        """Sorted as the bars are."""

        name = "microstructure_1h"
        unique = ["symbol", "ts", "venue"]  # noqa: RUF012


@dg.asset(
    **table(Microstructure1h),
    deps=[
        dg.AssetDep(ohlcv_1m, partition_mapping=look_back(BARS_BEFORE)),
        dg.AssetDep(funding_rate, partition_mapping=look_back(FUNDING_BEFORE)),
        instruments,
    ],
    automation_condition=when_hours_close(),
)
def microstructure_1h(
    context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Fold the minutes of each closed hour; an hour that is still forming has no row."""
    publication = Publication(context, warehouse, Microstructure1h)
    for days in months(days_of(context)):
        bars = warehouse.lake.scan(Ohlcv1m, _before(days, BARS_BEFORE), days[-1])
        funding = warehouse.lake.scan(FundingRate, _before(days, FUNDING_BEFORE), days[-1])
        hours = hourly_microstructure(bars, funding).filter(pl.col("ts") >= midnight(days[0]))
        yield from publication.write(_collected_whole(hours, bars, warehouse.lake), days)
    yield from publication.finish()


def _collected_whole(hours: pl.LazyFrame, bars: pl.LazyFrame, lake: Lake) -> pl.LazyFrame:
    """Hours after whose end their own contract was asked again, or whose contract ended in them.

    Tiers are asked at different times: that one was asked after the hour says nothing of another.
    """
    contract = ["venue", "symbol"]
    ends = latest(lake.read(Instruments), INSTRUMENT).lazy().select(*contract, "delisted_at")
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
    """Each hour has as many trades, and the same extremes, as the stored minutes say now."""
    days = days_checked(context, warehouse, Microstructure1h)
    minutes = (
        warehouse.lake.scan(Ohlcv1m, days[0], days[-1])
        .group_by("symbol", pl.col("ts").dt.truncate("1h"))
        .agg(pl.sum("trades"), pl.max("high"), pl.min("low"))
    )
    compared = ["symbol", "ts", "trades", "high", "low"]
    differing = (
        warehouse.lake.scan(Microstructure1h, days[0], days[-1])
        .select(compared)
        .join(minutes.select(compared), on=compared, how="anti")
        .sort("symbol", "ts")
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
