"""Perpetual contracts and what is known of them, every version kept."""

import asyncio
from collections.abc import Iterator
from datetime import datetime

import dagster as dg
import polars as pl

from cryptopipe_assets.contracts import Registry, Timestamp, column
from cryptopipe_assets.defs.vendor_clients import VendorClients
from cryptopipe_assets.errors import RequestError
from cryptopipe_assets.preview import markdown
from cryptopipe_assets.registry import latest, new_versions
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables import Publication, table
from cryptopipe_assets.universe import Universe
from cryptopipe_assets.vendors.binance import Binance

INSTRUMENT = ("venue", "symbol")


class Instruments(Registry):
    """One version of what is known of a perpetual contract.

    A change at the venue (status, interval, delisting) or of our tier appends a row with the
    instant at which we saw it; nothing is overwritten. A contract that the venue no longer lists
    ends with the status VANISHED.
    """

    venue: str = column("Exchange that lists the contract.", unit="id")
    symbol: str = column("Canonical instrument, e.g. 1000PEPE-USDT-PERP.", unit="id")
    vendor_symbol: str = column("The venue's own spelling, e.g. 1000PEPEUSDT.", unit="id")
    coin: str = column("Coin behind the contract, without a multiplier, e.g. PEPE.", unit="id")
    quote: str = column("Currency in which the contract is priced.", unit="id")
    margin_asset: str = column("Currency in which margin and profit are paid.", unit="id")
    contract_multiplier: int = column("Coins in one base unit of the contract.", unit="count", ge=1)
    contract_type: str = column("The venue's kind of contract, e.g. PERPETUAL.", unit="label")
    status: str = column("The venue's status, e.g. TRADING; VANISHED if delisted.", unit="label")
    listed_at: Timestamp = column("When trading began.", unit="UTC")
    delisted_at: Timestamp = column(
        "When trading ends or ended; null while no end is known.", unit="UTC", nullable=True
    )
    funding_interval_hours: int = column("Hours between settlements now.", unit="hours", ge=1)
    price_tick: float = column("Smallest step of the price.", unit="quote", gt=0)
    quantity_step: float = column("Smallest step of the quantity.", unit="base", gt=0)
    tier: str = column(
        "Tier in which we follow the coin; null if we do not.", unit="label", nullable=True
    )

    class Config:
        """A version is named by its contract and when it was seen."""

        name = "instruments"
        unique = ["symbol", "ts", "venue"]  # noqa: RUF012


@dg.asset(**table(Instruments), pool="binance")
def instruments(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Ask for the venue's list and append what changed."""
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


def followed_instruments(warehouse: Warehouse, universe: Universe, table_name: str) -> pl.DataFrame:
    """Newest version of the instruments that a table follows, sorted by symbol.

    Raises
    ------
    RequestError
        If the registry is empty or holds none of them, and the table follows no other coins.
    """
    known = latest(warehouse.lake.read(Instruments), INSTRUMENT)
    followed = universe.followed(universe.with_tiers(known.drop("tier")), table_name)
    if followed.is_empty() and not universe.beyond.get(table_name):
        raise RequestError(
            f"{table_name}: the registry of instruments is empty or holds none of the coins of "
            f"cryptopipe.toml; materialise `instruments` first"
        )
    return followed


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
