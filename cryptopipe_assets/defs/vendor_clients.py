"""The vendors' clients as a Dagster resource: addresses and limits of the chosen profile."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from cryptopipe_assets.limits import RequestLimits, Vendors
from cryptopipe_assets.settings import SourceChoice
from cryptopipe_assets.sources import Choice, choose
from cryptopipe_assets.vendors.binance import Binance
from cryptopipe_assets.vendors.binance_archive import BinanceArchive
from cryptopipe_assets.vendors.bybit import Bybit
from cryptopipe_assets.vendors.coinalyze import Coinalyze
from cryptopipe_assets.vendors.coingecko import CoinGecko
from cryptopipe_assets.vendors.coingecko_plans import Plan
from cryptopipe_assets.vendors.coinmarketcap import CoinMarketCap
from cryptopipe_assets.vendors.http import Budget, utcnow
from cryptopipe_assets.vendors.hyperliquid import Hyperliquid
from cryptopipe_assets.vendors.okx import Okx

LIVE = {
    "binance": "https://fapi.binance.com",
    "binance-archive": "https://data.binance.vision",
    "bybit": "https://api.bybit.com",
    "okx": "https://www.okx.com",
    "hyperliquid": "https://api.hyperliquid.xyz",
    "coinalyze": "https://api.coinalyze.net/v1",
    "coinmarketcap": "https://pro-api.coinmarketcap.com",
}
STANDIN_PATHS = {"coinalyze": "coinalyze/v1"}
STANDIN_SHARE = 3.0
"""The stand-in lets a caller without a key ask thirty times a minute, not ten as at CoinGecko."""


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Keys of the vendors that have any; null or empty is none.

    Attributes
    ----------
    coingecko_plan
        What CoinGecko's key is of; null to find out.
    """

    coinalyze: SecretStr | None = None
    coinmarketcap: SecretStr | None = None
    coingecko: SecretStr | None = None
    coingecko_plan: Plan | None = None

    def present(self) -> frozenset[str]:
        """Vendors whose key is set."""
        keys = {name: getattr(self, name) for name in ("coinalyze", "coinmarketcap", "coingecko")}
        return frozenset(name for name, key in keys.items() if key and key.get_secret_value())


@dataclass(frozen=True, kw_only=True)
class VendorClients:
    """Makes clients; each is an async context manager that owns its session.

    Attributes
    ----------
    limits
        Limits and the share of them that we use.
    missing_instrument
        ``fail`` or ``warn`` when a trading instrument has no bar in a whole day.
    standin
        Address of the stand-in, found or started on first use; None for the real vendors.
    state_folder
        Where budgets and bans are shared between processes.
    sources, keys
        Whom to prefer for a table, and what opens their doors.
    clock
        The present (UTC), for vendors that do not tell it.
    standin_share
        How much of the limits of CoinGecko's plans a stand-in allows.
    """

    limits: Vendors
    missing_instrument: str
    standin: Callable[[], str] | None
    state_folder: Path | None
    sources: SourceChoice = field(default_factory=SourceChoice)
    keys: Keys = Keys()
    clock: Callable[[], datetime] = utcnow
    standin_share: float = STANDIN_SHARE

    def choice(self, dataset: str) -> Choice:
        """Who fills a table that several vendors could fill.

        Raises
        ------
        ConfigError
            If each of them wants a key that is not set.
        """
        ordered = getattr(self.sources, dataset)
        return choose(dataset, ordered, keys_present=self.keys.present())

    def binance(self) -> Binance:
        """The exchange's REST interface."""
        own = self.limits.binance
        budgets = (
            _budget("weight", own.planned(own.weight_per_minute), 60),
            _budget("funding", own.planned(own.funding_calls_per_5_minutes), 300),
            _budget("futures_data", own.planned(own.statistics_calls_per_5_minutes), 300),
        )
        return Binance(
            **self._session("binance", own), budgets=budgets, state_folder=self.state_folder
        )

    def binance_archive(self) -> BinanceArchive:
        """The exchange's bulk archive, which knows no key and no documented limit."""
        return BinanceArchive(**self._session("binance-archive", self.limits.binance))

    def bybit(self) -> Bybit:
        """Perpetuals of Bybit."""
        own = self.limits.bybit
        budget = _budget("requests", own.planned(own.calls_per_5_seconds), 5)
        return Bybit(**self._told("bybit", own, budget))

    def okx(self) -> Okx:
        """Perpetual swaps of OKX."""
        own = self.limits.okx
        budget = _budget("public", own.planned(own.calls_per_2_seconds), 2)
        return Okx(**self._told("okx", own, budget))

    def hyperliquid(self) -> Hyperliquid:
        """Perpetuals of Hyperliquid."""
        own = self.limits.hyperliquid
        budget = _budget("weight", own.planned(own.weight_per_minute), 60)
        return Hyperliquid(**self._told("hyperliquid", own, budget))

    def coinalyze(self) -> Coinalyze:
        """Futures of all large venues, for a key."""
        own = self.limits.coinalyze
        budget = _budget("symbols", own.planned(own.symbols_per_minute), 60)
        return Coinalyze(**self._told("coinalyze", own, budget), api_key=self.keys.coinalyze)

    def coinmarketcap(self) -> CoinMarketCap:
        """Market caps, for a key."""
        own = self.limits.coinmarketcap
        budget = _budget("calls", own.planned(own.calls_per_minute), 60)
        session = self._told("coinmarketcap", own, budget)
        return CoinMarketCap(**session, api_key=self.keys.coinmarketcap)

    def coingecko(self) -> CoinGecko:
        """Market caps, with or without a key."""
        own, standin = self.limits.coingecko, self.standin
        addresses: dict[Plan, str] | None = None
        if standin is not None:
            free, paid = f"{standin()}/coingecko/api/v3", f"{standin()}/coingecko-pro/api/v3"
            addresses = {"none": free, "demo": free, "pro": paid}
        return CoinGecko(
            api_key=self.keys.coingecko,
            plan=self.keys.coingecko_plan,
            addresses=addresses,
            share=own.share if standin is None else self.standin_share,
            concurrency=own.concurrency,
            timeout_seconds=own.timeout_seconds,
            attempts=own.attempts,
            clock=self.clock,
            state_folder=self.state_folder,
        )

    def _told(self, name: str, limits: RequestLimits, budget: Budget) -> dict[str, Any]:
        """Arguments of a client that is told the time and has one budget."""
        return {
            **self._session(name, limits),
            "budgets": (budget,),
            "clock": self.clock,
            "state_folder": self.state_folder,
        }

    def _session(self, name: str, limits: RequestLimits) -> dict[str, Any]:
        """Arguments that every client takes."""
        standin = self.standin
        path = STANDIN_PATHS.get(name, name)
        return {
            "base_url": LIVE[name] if standin is None else f"{standin()}/{path}",
            "concurrency": limits.concurrency,
            "timeout_seconds": limits.timeout_seconds,
            "attempts": limits.attempts,
        }


def _budget(family: str, units: int, per_seconds: float) -> Budget:
    return Budget(family=family, units=units, per_seconds=per_seconds)
