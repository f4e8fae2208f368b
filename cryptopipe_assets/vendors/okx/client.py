"""OKX's endpoints that we use; what is known of the vendor is the card of this folder."""

from collections.abc import Mapping
from typing import ClassVar

import httpx

from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.envelope import Envelope
from cryptopipe_assets.vendors.okx.parsing import details_of, read_instruments, read_open_interest
from cryptopipe_assets.vendors.okx.terms import TERMS
from cryptopipe_assets.vendors.parsing.bounds import Bounds
from cryptopipe_assets.vendors.parsing.instruments import ListedInstruments
from cryptopipe_assets.vendors.parsing.listing import Listing
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured
from cryptopipe_assets.vendors.parsing.perpetuals import Contract
from cryptopipe_assets.vendors.protocols import Wanted

INSTRUMENTS = "/api/v5/public/instruments"
OPEN_INTEREST = "/api/v5/public/open-interest"
ENVELOPE = Envelope(
    code="code",
    message="msg",
    too_often=frozenset({"50011"}),
    broken=frozenset({"50001", "50004", "50013", "50026"}),
)


class Okx(VendorClient):
    """The REST endpoints we use, one method each."""

    vendor: ClassVar[str] = "okx"
    bounds: ClassVar[Mapping[str, Bounds]] = TERMS.bounds

    def screen(self, response: httpx.Response) -> None:
        """Read the code that OKX sends with status 200."""
        ENVELOPE.open(response, vendor=self.vendor, redact=self.redact)

    async def contracts(self) -> dict[str, Contract]:
        """Return the perpetual swaps of coins that OKX lists now, by its own name.

        Swaps of stocks, metals and currencies, kinds that we do not know, those that are not open
        yet, and those whose row is wrong, are left out.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        return (await self._listing()).contracts

    async def instruments(self) -> ListedInstruments:
        """Return the perpetual swaps that OKX lists now, and what it lists besides.

        ``funding_interval_hours`` is null: the list does not tell it.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        listing = await self._listing()
        with self.promised(INSTRUMENTS):
            return listing.instruments(self.vendor, details_of)

    async def _listing(self) -> Listing:
        payload = await self.get_json(INSTRUMENTS, {"instType": "SWAP"}, family="public")
        with self.promised(INSTRUMENTS):
            return read_instruments(payload)

    async def hourly_open_interest(self, wanted: Wanted) -> Measured:
        """Return the open interest of the running hour, if the present is wanted.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        if not wanted.has_present:
            return Measured(OPEN_INTEREST_SCHEMA.to_frame())
        listing = await self._listing()
        return await self.open_interest_now(listing.contracts, listing)

    async def open_interest_now(
        self, contracts: Mapping[str, Contract], listing: Listing | None = None
    ) -> Measured:
        """Return the open interest of ``contracts``, each as of the instant that OKX says.

        Left out and counted: swaps not in ``contracts``, contracts of which OKX says nothing or
        a blank, those whose figure is over an hour older than the newest, and those whose row is
        wrong, which are named.

        Parameters
        ----------
        listing
            Where the contracts are from, for what else is listed.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        payload = await self.get_json(OPEN_INTEREST, {"instType": "SWAP"}, family="public")
        with self.promised(OPEN_INTEREST):
            return read_open_interest(payload, contracts, now=self.clock(), listing=listing)
