"""Hyperliquid's endpoints that we use; what is known of the vendor is the card of this folder."""

from collections.abc import Mapping
from typing import Any, ClassVar

from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.hyperliquid.parsing import details_of, read_list, read_states
from cryptopipe_assets.vendors.hyperliquid.terms import TERMS
from cryptopipe_assets.vendors.parsing.bounds import Bounds
from cryptopipe_assets.vendors.parsing.instruments import ListedInstruments
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured
from cryptopipe_assets.vendors.protocols import Wanted

INFO = "/info"
ALL_PERPETUALS = "metaAndAssetCtxs"
ASKED = f"{INFO} {ALL_PERPETUALS}"


class Hyperliquid(VendorClient):
    """The info endpoint: questions are JSON bodies."""

    vendor: ClassVar[str] = "hyperliquid"
    bounds: ClassVar[Mapping[str, Bounds]] = TERMS.bounds
    verb: ClassVar[str] = "POST"

    async def hourly_open_interest(self, wanted: Wanted) -> Measured:
        """Return the open interest of the running hour, if the present is wanted.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        if not wanted.has_present:
            return Measured(OPEN_INTEREST_SCHEMA.to_frame())
        return await self.open_interest_now()

    async def open_interest_now(self) -> Measured:
        """Return the open interest of all perpetuals, as of the moment the answer is here.

        Contracts that ended, and those whose figures are blank, are left out and counted; one whose
        row is wrong is left out and named.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        payload = await self._all_perpetuals()
        with self.promised(ASKED):
            return read_states(payload, now=self.clock())

    async def instruments(self) -> ListedInstruments:
        """Return the perpetual contracts that Hyperliquid lists now, and what it lists besides.

        ``listed_at`` is null: the list does not tell it.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        payload = await self._all_perpetuals()
        with self.promised(ASKED):
            return read_list(payload).instruments(self.vendor, details_of)

    async def _all_perpetuals(self) -> Any:
        return await self.get_json(
            INFO, {"type": ALL_PERPETUALS}, family="weight", cost=20, label=ASKED
        )
