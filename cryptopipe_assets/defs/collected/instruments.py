"""Perpetual contracts and what is known of them, every version kept."""

import asyncio
from collections.abc import Iterator

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.followed import followed_instruments
from cryptopipe_assets.collect.instruments import listings
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.core.versions import new_versions
from cryptopipe_assets.defs.publishing.publication import Publication, table
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments


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
    stored = warehouse.lake.read(Instruments)
    seen = {venue: universe.with_tiers(each.frame) for venue, each in found.listed.items()}
    universe.require_listed(seen[universe.venue])
    fresh = pl.concat(
        new_versions(stored.filter(venue=venue), seen[venue], INSTRUMENT, source=venue, now=each.at)
        for venue, each in found.listed.items()
    )
    yield from publication.write_registry(fresh)
    followed = seen[universe.venue].filter(pl.col("tier").is_not_null())
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
        }
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
