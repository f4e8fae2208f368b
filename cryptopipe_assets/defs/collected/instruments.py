"""Perpetual contracts and what is known of them, every version kept."""

import asyncio
from collections.abc import Iterator
from datetime import datetime

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.followed import followed_instruments
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.core.versions import new_versions
from cryptopipe_assets.defs.publishing.publication import Publication, table
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.vendors.binance.client import Binance


@dg.asset(**table(Instruments), pool="binance")
def instruments(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Request the venue's list and append what changed."""
    publication = Publication(context, warehouse, Instruments)
    vendors = vendors.reporting_to(publication.journal)
    client = vendors.binance()
    listing, now = asyncio.run(_listing(client))
    seen = universe.with_tiers(listing)
    universe.require_listed(seen)
    stored = warehouse.lake.read(Instruments)
    fresh = new_versions(stored, seen, INSTRUMENT, source=client.vendor, now=now)
    yield from publication.write_registry(fresh)
    followed = seen.filter(pl.col("tier").is_not_null())
    yield from publication.finish(
        {
            "contracts_listed": seen.height,
            "contracts_followed": followed.height,
            "versions_appended": fresh.height,
            "api_calls": sum(client.calls.values()),
            "followed": dg.MetadataValue.md(
                markdown(followed.select("symbol", "tier", "status", "listed_at", "delisted_at"))
            ),
        }
    )


async def _listing(client: Binance) -> tuple[pl.DataFrame, datetime]:
    """The venue's list, and what time it was there."""
    async with client as binance:
        now = await binance.server_time()
        return await binance.instruments(), now


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
