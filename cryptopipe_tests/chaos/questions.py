"""How the chaos suite asks the endpoints: through the vendors' real clients, of the stand-in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import SecretStr

from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.catalog import VENDORS, class_of
from cryptopipe_assets.vendors.coingecko.client import CoinGecko
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.records import Records, Tap
from cryptopipe_assets.vendors.parsing.perpetuals import Contract
from cryptopipe_tests.reference.endpoints import Endpoint, Extent

NOW = datetime(2026, 3, 10, 9, 30, 20, tzinfo=UTC)
CANARY = "CG-canary-4f1d9a07"  # begins as CoinGecko's keys do


@dataclass
class Asking:
    """How the questions are asked: where, and how stubbornly.

    ``calls`` are the requests sent, filled when a question is over. ``state_folder`` is where
    samples of rejected answers go and ``shared_folder`` where circuits and bans are; null for
    nowhere. ``tap`` sees every request, and may answer it in the vendor's place.
    """

    address: str
    attempts: int = 3
    timeout_seconds: float = 0.4
    calls: dict[str, int] = field(default_factory=dict)
    state_folder: Path | None = None
    shared_folder: Path | None = None
    clock: Callable[[], datetime] = lambda: NOW
    tap: Tap | None = None

    def client(self, vendor: str) -> VendorClient:
        """Return the vendor's client, not yet open; it has a key if the vendor knows any."""
        options: dict[str, Any] = {
            "attempts": self.attempts,
            "timeout_seconds": self.timeout_seconds,
            "backoff_seconds": 0.005,
            "clock": self.clock,
            "state_folder": self.shared_folder,
            "records": Records(folder=self.state_folder, tap=self.tap),
        }
        if vendor == "coingecko":
            free = f"{self.address}/coingecko/api/v3"
            addresses = {"none": free, "demo": free}
            options |= {"api_key": SecretStr(CANARY), "plan": "demo", "addresses": addresses}
            return CoinGecko(**options)
        if vendor == BinanceArchive.vendor:
            return BinanceArchive(base_url=f"{self.address}/{vendor}", **options)
        terms = VENDORS[vendor]
        if terms.key is not None:
            options["api_key"] = SecretStr(CANARY)
        path = terms.standin_path or vendor
        made = class_of(vendor, terms.client)
        client: VendorClient = made(base_url=f"{self.address}/{path}", **options)
        return client

    async def of(self, endpoint: Endpoint) -> Any:
        """Ask an endpoint, and note how often its client asked."""
        client = self.client(endpoint.vendor)
        try:
            async with client:
                return await endpoint.ask(client, Extent(NOW))
        finally:
            self.calls = dict(client.calls)


def answer_of(said: Any) -> dict[str, pl.DataFrame]:
    """Return what a client answered as frames, whatever its form."""
    if isinstance(said, dict):
        rows = [
            vars(each) if isinstance(each, Contract) else {"name": name, "said": each}
            for name, each in said.items()
        ]
        return {"rows": pl.DataFrame(rows)}
    if isinstance(said, pl.DataFrame):
        return {"rows": said}
    if isinstance(said, str | datetime):
        return {"rows": pl.DataFrame({"said": [said]})}
    left_out = sorted((name, count) for name, count in said.left_out.items() if count)
    return {
        "rows": said.frame,
        "left_out": pl.DataFrame(left_out, schema=["why", "rows"], orient="row"),
    }
