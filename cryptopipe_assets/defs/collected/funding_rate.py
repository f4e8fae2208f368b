"""Funding settlements of perpetual contracts."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import dagster as dg
import polars as pl

from cryptopipe_assets.collection import expected_minutes
from cryptopipe_assets.contracts import Collected, column, stamped
from cryptopipe_assets.defs.asked import asked_of
from cryptopipe_assets.defs.collected.instruments import followed_instruments, instruments
from cryptopipe_assets.defs.funding_readings import of_other_contracts, only_where_nothing_else
from cryptopipe_assets.defs.vendor_clients import VendorClients
from cryptopipe_assets.errors import VendorUnavailable
from cryptopipe_assets.factors.funding import settlement_intervals
from cryptopipe_assets.partitions import midnight, months
from cryptopipe_assets.preview import markdown
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables import Publication, days_checked, days_of, table
from cryptopipe_assets.universe import Universe
from cryptopipe_assets.vendors.binance_bars import collect_settlements

ONE_DAY = timedelta(days=1)
"""Longer than any interval, so that a day's first settlement meets the one before it."""

MINUTES_WITH_A_SETTLEMENT = 9 * 60
"""In so long a stretch every contract settles, whatever its interval."""

DAILY_SOURCE = "coinalyze"
"""Tells the last settlement of a day only."""


class FundingRate(Collected):
    """One settlement of funding: longs pay shorts where the rate is positive.

    Stored per its own interval, which differs between contracts and changes over time; compare
    rates only after scaling by ``interval_hours``.
    """

    venue: str = column("Exchange that lists the contract.", unit="id")
    symbol: str = column("Canonical instrument, e.g. BTC-USDT-PERP.", unit="id")
    funding_rate: float = column(
        "Share of the position's value that was paid.", unit="fraction per interval", ge=-1, le=1
    )
    interval_hours: int = column(
        "Hours that this settlement pays for; null where neither its neighbours nor the venue say.",
        unit="hours",
        ge=1,
        le=24,
        nullable=True,
    )

    class Config:
        """``ts`` is the settlement's whole hour; the venue stamps some milliseconds later."""

        name = "funding_rate"
        unique = ["symbol", "ts", "venue"]  # noqa: RUF012


@dg.asset(**table(FundingRate), deps=[instruments], pool="binance")
def funding_rate(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Ask for the settlements of the days and of the day before, which tells the interval."""
    publication = Publication(context, warehouse, FundingRate)
    vendors = vendors.reporting_to(publication.journal)
    asked = asked_of(context, universe)
    followed = followed_instruments(warehouse, asked, FundingRate.table_name())
    every, elsewhere, spent = days_of(context), FundingRate.empty_frame(), Counter[str]()
    if vendors.reach.coinalyze_funding:
        coins = asked.coins(FundingRate.table_name())
        elsewhere, spent = asyncio.run(of_other_contracts(vendors, coins, every))
    for days in months(every):
        symbols = _listed_by(followed, days[-1])
        inside, cost = asyncio.run(settlements_of(vendors, symbols, days))
        spent.update(cost)
        if vendors.missing_instrument == "fail":
            _require_settlements(followed, days, inside, now=vendors.clock())
        others = only_where_nothing_else(elsewhere, inside)
        others = others.filter(pl.col("ts").dt.date().is_between(days[0], days[-1]))
        yield from publication.write(pl.concat([inside, others.select(inside.columns)]), days)
    yield from publication.finish({name: spent[name] for name in sorted(spent)})


def _listed_by(followed: pl.DataFrame, day: date) -> dict[str, str]:
    """Vendor's and our symbol of the contracts that had been listed when the day was over."""
    listed = followed.filter(pl.col("listed_at") < midnight(day) + ONE_DAY)
    return dict(listed.select("vendor_symbol", "symbol").iter_rows())


async def settlements_of(
    vendors: VendorClients, symbols: dict[str, str], days: list[date]
) -> tuple[pl.DataFrame, Counter[str]]:
    """Settlements of the days, with the interval of each, and what asking cost.

    Without a contract nothing is asked.
    """
    if not symbols:
        return FundingRate.empty_frame(), Counter()
    async with vendors.binance() as binance, vendors.binance_archive() as archive:
        now = await binance.server_time()
        got = await collect_settlements(
            binance,
            archive,
            symbols,
            start=midnight(days[0]) - ONE_DAY,
            end=min(midnight(days[-1]) + ONE_DAY, now),
            now=now,
        )
        spent = Counter({f"symbol_days_from_{how}": n for how, n in got.transports.items()})
        spent["api_calls"] = sum(binance.calls.values())
        spent["archive_downloads"] = sum(archive.calls.values())
        rows = settlement_intervals(got.frame.lazy()).drop("declared_interval_hours").collect()
        inside = rows.filter(pl.col("ts") >= midnight(days[0]))
        return stamped(inside, FundingRate, source=binance.vendor, at=now), spent


def _require_settlements(
    followed: pl.DataFrame, days: list[date], settlements: pl.DataFrame, *, now: datetime
) -> None:
    """Check that every contract that trades settled on every day long enough for it.

    Raises
    ------
    VendorUnavailable
    """
    due = expected_minutes(followed.filter(status="TRADING"), days, now=now).filter(
        pl.col("expected") >= MINUTES_WITH_A_SETTLEMENT
    )
    settled = settlements.select("symbol", day=pl.col("ts").dt.date()).unique()
    if not (silent := due.join(settled, on=["symbol", "day"], how="anti")).is_empty():
        symbol, day = silent.select("symbol", "day").sort("day", "symbol").row(0)
        raise VendorUnavailable(
            "binance",
            f"not one settlement of {symbol} on {day} ({silent.height} instrument-days in all) "
            "though it is listed and trading; nothing was written. Run again later, or set "
            'collect.missing_instrument = "warn" in cryptopipe.toml to store the others',
        )


@dg.asset_check(asset=funding_rate)
def funding_rate_is_on_schedule(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Each settlement follows the one before it by its own interval: none is missing."""
    days = days_checked(context, warehouse, FundingRate)
    since = (pl.col("ts") - pl.col("ts").shift(1).over("symbol", order_by="ts")).dt.total_hours()
    late = (
        warehouse.lake.scan(FundingRate, days[0] - ONE_DAY, days[-1])
        .with_columns(hours_since_previous=since)
        .filter(
            pl.col("source") != DAILY_SOURCE,
            pl.col("ts") >= midnight(days[0]),
            pl.col("hours_since_previous") > pl.col("interval_hours"),
        )
        .select("symbol", "ts", "interval_hours", "hours_since_previous")
        .sort("symbol", "ts")
        .collect()
    )
    return dg.AssetCheckResult(
        passed=late.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"holes": late.height, "first": dg.MetadataValue.md(markdown(late.head(10)))},
    )


@dg.asset_check(asset=funding_rate)
def funding_rate_covers_the_universe(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    universe: dg.ResourceParam[Universe],
) -> dg.AssetCheckResult:
    """Every followed contract settles at least once on each whole day of its listed life."""
    days = days_checked(context, warehouse, FundingRate)
    settled = warehouse.lake.scan(FundingRate, days[0], days[-1]).collect()
    newest = settled.select(pl.max("ts")).item()
    followed = followed_instruments(
        warehouse, asked_of(context, universe), FundingRate.table_name()
    )
    whole = expected_minutes(followed, days, now=newest or midnight(days[0]))
    without = (
        whole.filter(pl.col("expected") == 1440)
        .join(settled.with_columns(day=pl.col("ts").dt.date()), on=["symbol", "day"], how="anti")
        .select("symbol", "day")
        .sort("symbol", "day")
    )
    return dg.AssetCheckResult(
        passed=without.is_empty() and newest is not None,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "instrument_days_without_settlement": without.height,
            "first": dg.MetadataValue.md(markdown(without.head(10))),
        },
    )
