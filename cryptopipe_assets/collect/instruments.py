"""Asking venues for the contracts that they list: ours strictly, others if they answer."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.core.errors import VendorError
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_assets.vendors.protocols import OffersInstruments, TellsTime


@dataclass(frozen=True)
class Listing:
    """A venue's list, and what time it was there."""

    frame: pl.DataFrame
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
                listed[venue.vendor] = Listing(await venue.instruments(), now)
        except VendorError as exc:
            if each.vendor == our_venue:
                raise
            failed[each.vendor] = str(exc)
            vendors.records.journal.note("fallback", f"instruments: {exc}. Its stored list stays")
    calls = Counter({part.vendor: sum(part.calls.values()) for v in venues for part in v.parts})
    return Listings(listed=listed, failed=failed, calls=calls)
