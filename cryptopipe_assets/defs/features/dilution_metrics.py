"""Dilution of each coin: what may still come into circulation, and how fast it does."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl

from cryptopipe_assets.contracts import Stamped, Timestamp, column
from cryptopipe_assets.defs.collected.market_cap import MarketCap, market_cap
from cryptopipe_assets.defs.daily_inputs import ONE_DAY, end_of_ended_days, stretches
from cryptopipe_assets.derivation import when_days_end
from cryptopipe_assets.factors import dilution
from cryptopipe_assets.partitions import look_back, midnight
from cryptopipe_assets.preview import markdown
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables import Publication, days_checked, days_of, table

SNAPSHOTS_BEFORE = 366 + 31
"""Days of input before the first day: twelve months, and snapshots that came a month late."""

ROUNDED_SHARE = 1.005
"""What vendors' rounding of supplies can make of a share of 1."""


class DilutionMetrics(Stamped):
    """One coin and UTC day that brought a snapshot of its supply, against the cap it came with.

    All coins of market_cap, stable and wrapped ones too. A coin without maximum supply is
    measured by its total supply (``cap_kind``). Velocities compare with the first snapshot of the
    last twelve months. Usable one millisecond after the day.
    """

    coin_id: str = column("Vendor's id of the coin, e.g. cmc:1.", unit="id")
    coin: str = column("Ticker, e.g. BTC.", unit="id")
    name: str = column("Name of the coin, e.g. Bitcoin.", unit="label")
    rank: int = column("Rank by market cap, 1 the largest.", unit="count", ge=1, nullable=True)
    price_usd: float = column("Price of one coin.", unit="USD", ge=0, nullable=True)
    market_cap_usd: float = column(
        "Price times circulating supply.", unit="USD", ge=0, nullable=True
    )
    circulating_supply: float = column(
        "Coins in circulation; cap over price where it is not said.",
        unit="coins",
        gt=0,
        nullable=True,
    )
    total_supply: float = column(
        "Coins that exist, locked ones too.", unit="coins", gt=0, nullable=True
    )
    max_supply: float = column(
        "Coins that can ever exist; null without a cap.", unit="coins", gt=0, nullable=True
    )
    max_supply_effective: float = column(
        "The cap measured by: maximum supply, else total supply.",
        unit="coins",
        gt=0,
        nullable=True,
    )
    cap_kind: str = column(
        "Which of the two it is: max or total.", unit="label", isin=["max", "total"], nullable=True
    )
    cap_pit: bool = column(
        "Whether the cap was known in the snapshot itself.", unit="flag", nullable=True
    )
    circulating_share: float = column(
        "Circulating supply over the cap.", unit="fraction", gt=0, nullable=True
    )
    potential_dilution: float = column(
        "What is still to come over what circulates.", unit="fraction", ge=-1, nullable=True
    )
    locked_tokens: float = column("Cap less circulating supply.", unit="coins", nullable=True)
    dilution_velocity_share_per_year: float = column(
        "Change of the circulating share per year.", unit="fraction per year", nullable=True
    )
    velocity_days: float = column(
        "Days between the snapshots compared for that.", unit="days", ge=0, nullable=True
    )
    dilution_velocity_tokens_per_year: float = column(
        "Change of the circulating supply per year.", unit="coins per year", nullable=True
    )
    supply_inflation_ann: float = column(
        "Log growth of the circulating supply per year; needs no cap.",
        unit="log per year",
        nullable=True,
    )
    supply_days: float = column(
        "Days between the snapshots compared for those two.", unit="days", ge=0, nullable=True
    )
    category: str = column(
        "The velocity in words: deflationary, low to 5 %, medium to 10 %, high a year.",
        unit="label",
        isin=["deflationary", "low", "medium", "high"],
        nullable=True,
    )
    risk: str = column(
        "The share in words: high below 50 %, low above 90 %, else medium.",
        unit="label",
        isin=["low", "medium", "high"],
        nullable=True,
    )
    supply_asof: Timestamp = column("Instant of the snapshot.", unit="UTC")

    class Config:
        """By the vendor's id: tickers are not unique."""

        name = "dilution_metrics"
        unique = ["coin_id", "ts"]  # noqa: RUF012


@dg.asset(
    **table(DilutionMetrics),
    deps=[dg.AssetDep(market_cap, partition_mapping=look_back(SNAPSHOTS_BEFORE, after=1))],
    automation_condition=when_days_end(),
)
def dilution_metrics(
    context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Compare the last snapshot of each ended day with the cap and with the year before."""
    publication = Publication(context, warehouse, DilutionMetrics)
    without_cap = without_velocity = 0
    for days in stretches(warehouse.lake, MarketCap, days_of(context)):
        snapshots = _snapshots(warehouse.lake, days)
        measured = dilution.dilution_metrics(
            snapshots.collect(), start=midnight(days[0]), end=end_of_ended_days(days, snapshots)
        )
        without_cap += measured["max_supply_effective"].null_count()
        without_velocity += measured["dilution_velocity_share_per_year"].null_count()
        yield from publication.write(measured, days)
    yield from publication.finish(
        {"rows_without_cap": without_cap, "rows_without_velocity": without_velocity}
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
        lake.scan(MarketCap, days[0] - SNAPSHOTS_BEFORE * ONE_DAY, days[-1] + ONE_DAY)
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
        warehouse.lake.scan(DilutionMetrics, days[0] - 334 * ONE_DAY, days[-1])
        .filter(pl.col("circulating_share").is_not_null())
        .select(*footing, "ts", "supply_asof", "category")
        .collect()
    )
    earlier = rows.group_by(footing).agg(pl.col("supply_asof").min().alias("first_asof"))
    due = (
        rows.filter(pl.col("ts") >= midnight(days[0]))
        .join(earlier, on=footing)
        .filter(pl.col("supply_asof") - pl.col("first_asof") >= dilution.MIN_DAYS * ONE_DAY)
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
