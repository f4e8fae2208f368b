"""A vendor that is none of the real ones, for tests of what all of them share."""

from collections.abc import Awaitable, Callable
from typing import Any

from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_tests.unit.vendors.conftest import Vendor, asked, mocked


class Acme(VendorClient):
    """Has one key, in a header."""

    vendor = "acme"
    key_header = "X-Acme-Key"


def acme(vendor: Vendor, kind: type[VendorClient] = Acme, **options: Any) -> Any:
    """Return a client of ``kind``, not yet open."""
    return mocked(kind, vendor, **{"base_url": "https://acme.test/v1", **options})


async def prices(client: VendorClient) -> Any:
    """Ask for one thing, at the cost of one unit."""
    return await client.get_json("/prices", {"symbol": "BTC"}, family="weight")


def ask(client: VendorClient, work: Callable[[Any], Awaitable[Any]] = prices) -> Any:
    """Enter the client, do the work (by default one question), leave it."""
    return asked(client, work)
