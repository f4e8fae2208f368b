"""Funding settlements of perpetual contracts."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.followed import every_listing, followed_instruments
from cryptopipe_assets.collect.funding import (
    DAILY_SOURCE,
    FAILED,
    INTERVAL_HOLDS,
    WITHOUT_INTERVAL,
    at_their_settlements,
    of_other_contracts,
    of_other_exchanges,
    only_where_nothing_else,
    settlements_if_told,
    settlements_of,
)
from cryptopipe_assets.collect.gaps.told import keeper
from cryptopipe_assets.collect.overlap import disagreements_with_stored
from cryptopipe_assets.collect.windows import expected_minutes
from cryptopipe_assets.core.calendar import months
from cryptopipe_assets.core.contract_life import lives_of, named_by_life, under_one_name
from cryptopipe_assets.core.errors import VendorError
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.core.versions import VANISHED
from cryptopipe_assets.defs.collected.instruments import instruments
from cryptopipe_assets.defs.publishing.disagreements import (
    disagreements_metadata,
    the_same_by_every_way,
    told_by_last_run,
)
from cryptopipe_assets.defs.publishing.publication import Publication, days_checked, days_of, table
from cryptopipe_assets.defs.run_scope import universe_of
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.vendors.binance.outage import nothing_came

MOST_NAMED, MOST_LISTED = 20, 200

_SILENT = pl.Schema({"symbol": pl.String(), "day": pl.Date()})

MINUTES_WITH_A_SETTLEMENT = 9 * 60
"""In so long a stretch every contract settles, whatever its interval."""


@dg.asset(**table(FundingRate), deps=[instruments], pool="binance")
def funding_rate(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Request the settlements of the days and of the day before, which gives the interval.

    A contract of which nothing comes on a day is named, and the others are stored. Where nothing
    comes of any, the run fails, once the months of which something came are stored.
    """
    publication = Publication(context, warehouse, FundingRate)
    vendors = vendors.reporting_to(publication.journal)
    asked = universe_of(context, universe)
    followed = followed_instruments(warehouse, asked, FundingRate.table_name())
    versions = warehouse.lake.read(Instruments)
    keep = keeper(warehouse.lake, FundingRate.table_name())
    every, spent = days_of(context), Counter[str]()
    differing = asyncio.run(
        disagreements_with_stored(vendors, warehouse.lake, FundingRate, followed, every)
    )
    elsewhere: pl.DataFrame | None = None
    silent = [_SILENT.to_frame()]
    outage: VendorError | None = None
    if vendors.horizon.coinalyze_funding:
        coins = asked.coins(FundingRate.table_name())
        elsewhere, spent = asyncio.run(of_other_contracts(vendors, coins, every, versions=versions))
    settled = _settled_before(warehouse, every[0])
    coins = asked.coins(FundingRate.table_name()) if vendors.horizon.exchange_funding else []
    for days in months(every):
        alive = _alive(followed, versions, days)
        listed = alive.filter(pl.col("status") != VANISHED)
        inside, cost = asyncio.run(
            settlements_of(vendors, _names(listed), days, versions=versions, keep=keep)
        )
        spent.update(cost)
        for name in _names(alive.filter(status=VANISHED)).items():
            rows, cost = asyncio.run(
                settlements_if_told(vendors, name, days, versions=versions, keep=keep)
            )
            inside = pl.concat([inside, rows])
            spent.update(cost)
        judged = followed.filter(~pl.col("symbol").is_in(_failed(spent)))
        silent.append(_silent_days(judged, days, inside, now=vendors.clock()))
        if vendors.missing_instrument == "fail" and inside.is_empty() and not silent[-1].is_empty():
            symbol, day = silent[-1].row(0)
            outage = outage or nothing_came(
                "settlement", symbol=symbol, day=day, now=vendors.clock()
            )
            continue
        others = FundingRate.empty_frame()
        if elsewhere is not None:
            settled = pl.concat([settled, inside.select(settled.columns)])
            of_days = pl.col("ts").dt.date().is_between(days[0], days[-1])
            daily, lost = at_their_settlements(
                elsewhere.filter(of_days),
                versions=versions,
                settlements=settled,
                at=vendors.clock(),
            )
            spent.update(lost)
            others = only_where_nothing_else(daily, inside)
        if coins:
            exchanges, cost = asyncio.run(
                of_other_exchanges(vendors, asked.venue, coins, days, versions=versions)
            )
            spent.update(cost)
            others = pl.concat(
                [only_where_nothing_else(others, exchanges), exchanges.select(others.columns)]
            )
        yield from publication.write(pl.concat([inside, others.select(inside.columns)]), days)
    if outage is not None:
        warehouse.refresh_catalog()
        raise outage
    without = pl.concat(silent).sort("day", "symbol")
    yield from publication.finish(
        {
            **{name: spent[name] for name in sorted(spent)},
            "instrument_days_without_settlement": without.height,
            "without_settlement": dg.MetadataValue.md(markdown(without.head(MOST_NAMED))),
            **disagreements_metadata(differing),
        }
    )


def _settled_before(warehouse: Warehouse, day: date) -> pl.DataFrame:
    """When venues settled lately before the day, by what they said themselves, and the interval."""
    rows = warehouse.lake.scan(FundingRate, day - INTERVAL_HOLDS - DAY, day - DAY)
    own = rows.filter(pl.col("source") != DAILY_SOURCE)
    return own.select("venue", "symbol", "available_at", "interval_hours").collect()


def _alive(followed: pl.DataFrame, versions: pl.DataFrame, days: list[date]) -> pl.DataFrame:
    """The contracts that were listed at some time of the days, be it in an earlier life.

    One that vanished may have gone on until it was seen to be gone.
    """
    own = versions.join(followed, on=INSTRUMENT, how="semi")
    lived = lives_of(own).filter(
        pl.col("start") < midnight(days[-1]) + DAY,
        pl.col("end").is_null() | (pl.col("end") > midnight(days[0])),
    )
    return followed.join(lived, on=INSTRUMENT, how="semi", maintain_order="left")


def _names(contracts: pl.DataFrame) -> dict[str, str]:
    """Vendor's and our symbol."""
    return dict(contracts.select("vendor_symbol", "symbol").iter_rows())


def _failed(spent: Mapping[str, int]) -> list[str]:
    """Contracts that were refused, which is said already."""
    return [name.removeprefix(FAILED) for name in spent if name.startswith(FAILED)]


def _silent_days(
    followed: pl.DataFrame, days: list[date], settlements: pl.DataFrame, *, now: datetime
) -> pl.DataFrame:
    """Symbol and day on which a contract that trades did not settle, though long enough for it.

    It may have been closed for a while, or have been listed long before it opened.
    """
    due = expected_minutes(followed.filter(status="TRADING"), days, now=now).filter(
        pl.col("expected") >= MINUTES_WITH_A_SETTLEMENT
    )
    settled = settlements.select("symbol", day=pl.col("ts").dt.date()).unique()
    silent = due.join(settled, on=["symbol", "day"], how="anti")
    return silent.select(_SILENT.names()).sort("day", "symbol")


@dg.asset_check(asset=funding_rate)
def funding_rate_is_on_schedule(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Each settlement follows the one before it by its own interval: none is missing.

    Where it has no interval, as after a hole of which nothing was declared, that of the one before
    it is due. The first one of a contract that was opened again follows none.
    """
    days = days_checked(context, warehouse, FundingRate)
    lives = lives_of(warehouse.lake.read(Instruments))
    since = (
        pl.col("ts") - pl.col("ts").shift(1).over("venue", "symbol", order_by="ts")
    ).dt.total_hours()
    apart = (
        named_by_life(warehouse.lake.scan(FundingRate, days[0] - DAY, days[-1]), lives)
        .with_columns(
            hours_since_previous=since,
            due_after_hours=pl.col("interval_hours")
            .forward_fill()
            .over("venue", "symbol", order_by="ts"),
        )
        .filter(
            pl.col("source") != DAILY_SOURCE,
            pl.col("ts") >= midnight(days[0]),
            pl.col("hours_since_previous") > pl.col("due_after_hours"),
        )
    )
    late = (
        under_one_name(apart, lives)
        .select("venue", "symbol", "ts", "due_after_hours", "hours_since_previous")
        .sort("venue", "symbol", "ts")
        .collect()
    )
    return dg.AssetCheckResult(
        passed=late.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"holes": late.height, "first": dg.MetadataValue.md(markdown(late.head(10)))},
    )


@dg.asset_check(asset=funding_rate)
def funding_rate_has_intervals(
    context: dg.AssetCheckExecutionContext,
) -> dg.AssetCheckResult:
    """No rate of the last run was left out because nobody says what interval it is paid for."""
    lost = {
        name.removeprefix(WITHOUT_INTERVAL): each
        for name, each in told_by_last_run(context, FundingRate.table_name()).items()
        if name.startswith(WITHOUT_INTERVAL)
    }
    by_venue: dict[str, list[str]] = {}
    for name in sorted(lost)[:MOST_LISTED]:
        venue, _, symbol = name.partition(" ")
        by_venue.setdefault(venue, []).append(symbol)
    shown = "; ".join(f"{venue} {', '.join(names)}" for venue, names in by_venue.items())
    return dg.AssetCheckResult(
        passed=not lost,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{sum(lost.values())} rates of {len(lost)} contracts are left out, as their "
        f"interval is not known (the venue has several, and had neither settled nor declared "
        f"one of the contract by then): {shown}"
        if lost
        else None,
        metadata={"contracts_without_interval": len(lost), "rates_left_out": sum(lost.values())},
    )


@dg.asset_check(asset=funding_rate)
def funding_rate_came_from_everyone(
    context: dg.AssetCheckExecutionContext,
) -> dg.AssetCheckResult:
    """No contract and no other exchange failed in the last run."""
    failed = {
        name: each
        for name, each in told_by_last_run(context, FundingRate.table_name()).items()
        if name.startswith(FAILED) or name.endswith("/failed")
    }
    named = ", ".join(name.removeprefix(FAILED).removesuffix("/failed") for name in sorted(failed))
    return dg.AssetCheckResult(
        passed=not failed,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"nothing new of {named}; asked again the next time" if failed else None,
        metadata=failed,
    )


@dg.asset_check(asset=funding_rate)
def funding_rate_is_the_same_by_every_way(
    context: dg.AssetCheckExecutionContext,
) -> dg.AssetCheckResult:
    """Where the archive's file of a month tells of a stored settlement, both have the same rate."""
    return the_same_by_every_way(context, FundingRate.table_name())


@dg.asset_check(asset=funding_rate)
def funding_rate_covers_the_universe(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    universe: dg.ResourceParam[Universe],
) -> dg.AssetCheckResult:
    """Every followed contract settles at least once on each whole day of its listed lives."""
    days = days_checked(context, warehouse, FundingRate)
    settled = warehouse.lake.scan(FundingRate, days[0], days[-1]).collect()
    newest = settled.select(pl.max("ts")).item()
    followed = followed_instruments(
        warehouse, universe_of(context, universe), FundingRate.table_name()
    )
    listings = every_listing(warehouse.lake.read(Instruments), followed)
    whole = expected_minutes(listings, days, now=newest or midnight(days[0]))
    without = (
        whole.filter(pl.col("expected") == 1440)
        .join(
            settled.filter(venue=universe.venue).with_columns(day=pl.col("ts").dt.date()),
            on=["symbol", "day"],
            how="anti",
        )
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
