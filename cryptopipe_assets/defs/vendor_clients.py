"""The vendors' clients as a Dagster resource: addresses and limits of the chosen profile."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptopipe_assets.settings import BinanceLimits
from cryptopipe_assets.vendors.binance import Binance
from cryptopipe_assets.vendors.binance_archive import BinanceArchive
from cryptopipe_assets.vendors.http import Budget

BINANCE_LIVE = "https://fapi.binance.com"
BINANCE_ARCHIVE_LIVE = "https://data.binance.vision"


@dataclass(frozen=True, kw_only=True)
class VendorClients:
    """Makes clients; each is an async context manager that owns its session.

    Attributes
    ----------
    binance_limits
        Limits and the share of them that we use.
    missing_instrument
        ``fail`` or ``warn`` when a trading instrument has no bar in a whole day.
    standin
        Address of the stand-in, found or started on first use; None for the real vendors.
    state_folder
        Where budgets and bans are shared between processes.
    """

    binance_limits: BinanceLimits
    missing_instrument: str
    standin: Callable[[], str] | None
    state_folder: Path | None

    def binance(self) -> Binance:
        """The exchange's REST interface."""
        limits = self.binance_limits
        return Binance(
            base_url=BINANCE_LIVE if self.standin is None else f"{self.standin()}/binance",
            budgets=(
                Budget(
                    family="weight",
                    units=int(limits.weight_per_minute * limits.share),
                    per_seconds=60,
                ),
                Budget(
                    family="funding",
                    units=int(limits.funding_calls_per_5_minutes * limits.share),
                    per_seconds=300,
                ),
            ),
            concurrency=limits.concurrency,
            timeout_seconds=limits.timeout_seconds,
            attempts=limits.attempts,
            state_folder=self.state_folder,
        )

    def binance_archive(self) -> BinanceArchive:
        """The exchange's bulk archive, which knows no key and no documented limit."""
        limits = self.binance_limits
        standin = self.standin
        return BinanceArchive(
            base_url=BINANCE_ARCHIVE_LIVE if standin is None else f"{standin()}/binance-archive",
            concurrency=limits.concurrency,
            timeout_seconds=limits.timeout_seconds,
            attempts=limits.attempts,
        )
