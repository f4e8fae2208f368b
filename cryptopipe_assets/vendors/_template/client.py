"""The vendor's client: one method per endpoint, and the capabilities of ``vendors.protocols``."""

from collections.abc import Mapping
from typing import ClassVar

from cryptopipe_assets.vendors._template.parsing import read_open_interest
from cryptopipe_assets.vendors._template.terms import TERMS
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.parsing.bounds import Bounds
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured
from cryptopipe_assets.vendors.protocols import Wanted

OPEN_INTEREST = "/open-interest"


class Template(VendorClient):
    """The REST endpoints we use, one method each."""

    vendor: ClassVar[str] = "_template"
    bounds: ClassVar[Mapping[str, Bounds]] = TERMS.bounds

    async def hourly_open_interest(self, wanted: Wanted) -> Measured:
        """Return the open interest of the running hour, if the present is wanted.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        if not wanted.has_present:
            return Measured(OPEN_INTEREST_SCHEMA.to_frame())
        payload = await self.get_json(OPEN_INTEREST, {}, family="public")
        with self.promised(OPEN_INTEREST):
            return read_open_interest(payload, now=self.clock())
