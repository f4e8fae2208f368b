"""Perpetual contracts and what is known of them, every version kept."""

import asyncio
from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.followed import followed_instruments
from cryptopipe_assets.collect.instruments import listings, versions_of
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.defs.publishing.publication import Publication, table
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments

NOT_UNDERSTOOD, PASSED_OVER = "contracts_not_understood", "passed_over"
MOST_PASSED_SHOWN = 50


@dg.asset(**table(Instruments), pool="binance")
def instruments(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Request every venue's list and append what changed."""
    publication = Publication(context, warehouse, Instruments)
    vendors = vendors.reporting_to(publication.journal)
    found = asyncio.run(listings(vendors, universe.venue))
    lake = warehouse.lake
    seen = {
        venue: universe.with_tiers(each.contracts.frame) for venue, each in found.listed.items()
    }
    fresh = pl.concat(
        versions_of(lake, venue, each, seen[venue], source=venue)
        for venue, each in found.listed.items()
    )
    known = latest(pl.concat([lake.read(Instruments), fresh]), INSTRUMENT)
    universe.require_listed(known)
    yield from publication.write_registry(fresh)
    followed = seen[universe.venue].filter(pl.col("tier").is_not_null())
    passed = pl.concat(
        each.contracts.passed_over.select(pl.lit(venue).alias("venue"), pl.all())
        for venue, each in found.listed.items()
    )
    yield from publication.finish(
        {
            "contracts_listed": sum(each.height for each in seen.values()),
            "contracts_followed": followed.height,
            "versions_appended": fresh.height,
            "api_calls": sum(found.calls.values()),
            **{f"not_listed/{venue}": why for venue, why in sorted(found.failed.items())},
            "followed": dg.MetadataValue.md(
                markdown(followed.select("symbol", "tier", "status", "listed_at", "delisted_at"))
            ),
            **passed_over_metadata(passed),
        }
    )


def passed_over_metadata(passed: pl.DataFrame) -> dict[str, Any]:
    """What a run's page shows of contracts that are listed and passed over.

    Their number, by venue too, and by name and reason as many of a venue as a page can show: those
    that are not understood first.

    Parameters
    ----------
    passed
        venue and the columns of ``PASSED_OVER_SCHEMA``.
    """
    ordered = passed.sort("is_understood", "venue", "vendor_symbol")
    shown = ordered.group_by("venue", maintain_order=True).head(MOST_PASSED_SHOWN)
    by_venue = passed.group_by("venue").len().sort("venue")
    return {
        "contracts_passed_over": passed.height,
        NOT_UNDERSTOOD: passed.filter(~pl.col("is_understood")).height,
        **{f"contracts_passed_over/{venue}": number for venue, number in by_venue.iter_rows()},
        PASSED_OVER: dg.MetadataValue.md(
            markdown(shown.sort("is_understood", "venue", "vendor_symbol"))
        ),
    }


@dg.asset_check(asset=instruments)
def followed_coins_are_listed(
    warehouse: dg.ResourceParam[Warehouse], universe: dg.ResourceParam[Universe]
) -> dg.AssetCheckResult:
    """Every coin of a table of contracts has one that our venue lists."""
    known = latest(warehouse.lake.read(Instruments), INSTRUMENT)
    missing = universe.unlisted(known)
    return dg.AssetCheckResult(
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(missing.values()) or None,
        metadata={"coins_without_contract": ", ".join(missing)},
    )


@dg.asset_check(asset=instruments)
def listed_contracts_are_understood(
    context: dg.AssetCheckExecutionContext,
) -> dg.AssetCheckResult:
    """Nothing that may be a perpetual was left out of the newest lists."""
    last = context.instance.get_latest_materialization_event(dg.AssetKey(Instruments.table_name()))
    told = last.asset_materialization.metadata if last and last.asset_materialization else {}
    odd = told[NOT_UNDERSTOOD].value if NOT_UNDERSTOOD in told else 0
    return dg.AssetCheckResult(
        passed=odd == 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{odd} contracts are left out, as their rows are not understood"
        if odd
        else None,
        metadata={
            NOT_UNDERSTOOD: odd,
            **({PASSED_OVER: told[PASSED_OVER]} if odd else {}),
        },
    )


@dg.asset_check(asset=instruments)
def followed_instruments_are_trading(
    warehouse: dg.ResourceParam[Warehouse], universe: dg.ResourceParam[Universe]
) -> dg.AssetCheckResult:
    """Every followed contract has the status TRADING."""
    followed = followed_instruments(warehouse, universe, Instruments.table_name())
    idle = followed.filter(pl.col("status") != "TRADING")
    return dg.AssetCheckResult(
        passed=idle.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "contracts_followed": followed.height,
            "not_trading": dg.MetadataValue.md(
                markdown(idle.select("symbol", "status", "delisted_at"))
            ),
        },
    )
