"""Asking venues for the contracts that they list, and telling what has changed since."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.core.errors import VendorError
from cryptopipe_assets.core.versions import gone, new_versions
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.collected.open_interest import OpenInterest
from cryptopipe_assets.vendors.parsing.instruments import ListedInstruments
from cryptopipe_assets.vendors.protocols import OffersInstruments, TellsTime

ROWS_TOLD = 3

LOOK_BACK = timedelta(days=31)
"""So far back are rows looked for that show how long a contract was there."""


@dataclass(frozen=True)
class Listing:
    """A venue's list, and what time it was there."""

    contracts: ListedInstruments
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Listings:
    """The lists of all venues.

    Attributes
    ----------
    listed
        Venue to its list, ours first.
    failed
        Venue to why it has none this time.
    calls
        Requests by vendor.
    """

    listed: Mapping[str, Listing]
    failed: Mapping[str, str]
    calls: Counter[str]


async def listings(vendors: VendorClients, our_venue: str) -> Listings:
    """Ask every venue that lists contracts.

    A venue that fails takes no other one down: it is named, and asked again the next time. Ours
    is the exception, as nothing can be followed without it.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
        Of our venue.
    """
    venues = vendors.offering(OffersInstruments, Instruments.table_name())
    listed: dict[str, Listing] = {}
    failed: dict[str, str] = {}
    for each in sorted(venues, key=lambda venue: venue.vendor != our_venue):
        try:
            async with each as venue:
                now = await venue.server_time() if isinstance(venue, TellsTime) else vendors.clock()
                found = await venue.instruments()
                listed[venue.vendor] = Listing(found, now)
                _tell(vendors, venue.vendor, found.not_understood)
        except VendorError as exc:
            if each.vendor == our_venue:
                raise
            failed[each.vendor] = str(exc)
            vendors.records.journal.note("fallback", f"instruments: {exc}. Its stored list stays")
    calls = Counter({part.vendor: sum(part.calls.values()) for v in venues for part in v.parts})
    return Listings(listed=listed, failed=failed, calls=calls)


def _tell(vendors: VendorClients, venue: str, odd: pl.DataFrame) -> None:
    """Put into the journal which contracts were left out of a venue's list, and why."""
    if odd.is_empty():
        return
    first = "; ".join(
        f"{name}: {why}"
        for name, why in odd.select("vendor_symbol", "reason").head(ROWS_TOLD).iter_rows()
    )
    more = f"; and {odd.height - ROWS_TOLD} more" if odd.height > ROWS_TOLD else ""
    vendors.records.journal.note(
        "fallback",
        f"instruments: {venue} lists {odd.height} contracts that are not understood; each keeps "
        f"the version that is stored, the others go on. {first}{more}",
    )


def versions_of(
    lake: Lake, venue: str, listing: Listing, seen: pl.DataFrame, *, source: str
) -> pl.DataFrame:
    """Versions to append of what a venue lists now.

    A contract whose row was not understood keeps the version it has: it is listed. If a row does
    not even say whose it is, none is held to be gone this time.

    Parameters
    ----------
    seen
        The contracts that were understood, with ``tier``.
    """
    stored = lake.read(Instruments).filter(venue=venue)
    odd = listing.contracts.not_understood
    missing = gone(stored, seen, INSTRUMENT).filter(
        ~pl.col("symbol").is_in(odd["symbol"].drop_nulls().to_list())
        & ~pl.col("vendor_symbol").is_in(odd["vendor_symbol"].drop_nulls().to_list())
    )
    nameless = odd.filter(pl.col("symbol").is_null() & pl.col("vendor_symbol").is_null())
    vanished = missing.clear() if nameless.height else missing
    return new_versions(
        stored,
        seen,
        INSTRUMENT,
        source=source,
        now=listing.at,
        vanished=_last_seen(lake, vanished, now=listing.at),
    )


def _last_seen(lake: Lake, vanished: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """Add ``last_seen``: when its newest version was seen, or the newest row of it after that."""
    vanished = vanished.with_columns(last_seen="ts")
    for contract in (Ohlcv1m, FundingRate, OpenInterest):
        keys = [name for name in INSTRUMENT if name in contract.key()]
        if vanished.is_empty() or not (days := lake.days(contract.table_name())):
            continue
        since = (now - LOOK_BACK).date()
        rows = lake.scan(contract, since, days[-1]).join(
            vanished.lazy().select(keys), on=keys, how="semi"
        )
        newest = rows.group_by(keys).agg(_newest=pl.max("available_at")).collect()
        vanished = (
            vanished.join(newest, on=keys, how="left", maintain_order="left")
            .with_columns(last_seen=pl.max_horizontal("last_seen", "_newest"))
            .drop("_newest")
        )
    return vanished.with_columns(
        pl.min_horizontal("last_seen", pl.lit(now).dt.cast_time_unit("ms"))
    )
