"""The vendors' clients as a Dagster resource: addresses and limits of the chosen profile."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from cryptopipe_assets.collect.horizon import Horizon
from cryptopipe_assets.collect.raw_archive.recorder import Recorder
from cryptopipe_assets.config.source_choice import SourceChoice
from cryptopipe_assets.config.sources import Choice, usable
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.core.time import utcnow
from cryptopipe_assets.vendors.allowances import Allowance, allowances, budgets_of, quotas_of
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.calls_left import CallsLeft, calls_left
from cryptopipe_assets.vendors.catalog import VENDORS, Vendors, class_of, offered
from cryptopipe_assets.vendors.coinalyze.client import Coinalyze
from cryptopipe_assets.vendors.coinbase.client import Coinbase
from cryptopipe_assets.vendors.coingecko.client import CoinGecko
from cryptopipe_assets.vendors.coingecko.terms import Plan
from cryptopipe_assets.vendors.coinmarketcap.client import CoinMarketCap
from cryptopipe_assets.vendors.http.account import account_of
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_assets.vendors.keys import Keys

Capability = TypeVar("Capability")

STANDIN_SHARE = 30.0
"""The stand-in allows 300 requests a minute without a key; CoinGecko itself gets ten."""


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
        Which source to prefer for a table, and the keys.
    clock
        The present (UTC): for vendors that do not give it, and to compare with those that do.
    standin_share
        How much of the limits of CoinGecko's plans a stand-in allows.
    records
        Where spending and decisions are entered.
    horizon
        What can be requested beyond the present.
    raw_archive
        Makes the recorder of a table's run for the raw archive; null where nothing is archived.
    """

    limits: Vendors
    missing_instrument: str
    standin: Callable[[], str] | None
    state_folder: Path | None
    sources: SourceChoice = field(default_factory=SourceChoice)
    keys: Keys = field(default_factory=Keys)
    clock: Callable[[], datetime] = utcnow
    standin_share: float = STANDIN_SHARE
    horizon: Horizon = field(default_factory=Horizon)
    records: Records = field(default_factory=Records)
    raw_archive: Callable[[Journal, Callable[[], datetime]], Recorder] | None = None

    def reporting_to(self, journal: Journal) -> "VendorClients":
        """The same clients at work for a table and run, whose log has what they decide."""
        records = replace(self.records, journal=journal)
        if self.raw_archive is None:
            return replace(self, records=records)
        recorder = self.raw_archive(journal, self.clock)
        journal.on_written = recorder.wrote
        return replace(self, records=replace(records, tap=recorder), clock=recorder.clock)

    def allowances(self) -> tuple[Allowance, ...]:
        """Every limit of the vendors, for the keys that are set."""
        return allowances(self.limits, self.keys.plans())

    def calls_left(self) -> list[CallsLeft]:
        """What is left of each allowance now; nothing is used where nothing is kept."""
        folder = self.records.folder
        if folder is None:
            raise ConfigError("nothing is kept of what these clients spend: they have no folder")
        return calls_left(
            self.allowances(), folder=folder, accounts=self.accounts(), now=self.clock()
        )

    def accounts(self) -> dict[str, str]:
        """Who each vendor with a key takes us for."""
        folder, keys = self.records.folder, self.keys
        return {name: account_of(keys.of(name), folder) for name in sorted(keys.present())}

    def choices(self, dataset: str) -> tuple[Choice, ...]:
        """Who may fill a table that several vendors could fill, the preferred first.

        Raises
        ------
        ConfigError
            If each of them needs a key that is not set.
        """
        ordered = self.sources.of(dataset) or ()
        return usable(dataset, ordered, keys_present=self.keys.present())

    def client(self, vendor: str) -> Any:
        """A client of the vendor, of the class that its terms name."""
        cls = class_of(vendor, VENDORS[vendor].client)
        return cls(**self._session(vendor), api_key=self.keys.of(vendor))

    def archive(self, vendor: str) -> Any:
        """A client of the vendor's archive of files, which knows no key and states no limit."""
        terms = VENDORS[vendor]
        session = self._session(vendor, name=f"{vendor}-archive", address=terms.archive)
        return class_of(vendor, terms.archive_client)(**session)

    def venue(self, vendor: str) -> Any:
        """What offers the vendor's capabilities: its client, with its archive if it has one."""
        terms = VENDORS[vendor]
        if not terms.venue:
            return self.client(vendor)
        return class_of(vendor, terms.venue)(self.client(vendor), self.archive(vendor))

    def offering(
        self, capability: type[Capability], table: str, source: str | None = None
    ) -> list[Capability]:
        """The venues that have a capability and offer it for a table, in the catalog's order.

        Parameters
        ----------
        capability
            A protocol of ``vendors.protocols``.
        source
            The source of ``[sources]`` that is chosen; null where the table has no choice.
        """
        venues = dict.fromkeys(
            each.vendor.name
            for each in offered(table)
            if each.offer.source in (None, source) and self.horizon.reaches(each.vendor.name)
        )
        made = [self.venue(name) for name in venues]
        return [each for each in made if isinstance(each, capability)]

    def binance(self) -> Binance:
        """The exchange's REST interface."""
        return Binance(**self._session("binance"))

    def binance_archive(self) -> BinanceArchive:
        """The exchange's bulk archive, which knows no key and no documented limit."""
        found: BinanceArchive = self.archive("binance")
        return found

    def coinalyze(self) -> Coinalyze:
        """Futures of all large venues, for a key."""
        return Coinalyze(**self._session("coinalyze"), api_key=self.keys.of("coinalyze"))

    def coinmarketcap(self) -> CoinMarketCap:
        """Market caps, for a key."""
        session = self._session("coinmarketcap")
        return CoinMarketCap(**session, api_key=self.keys.of("coinmarketcap"))

    def coingecko(self) -> CoinGecko:
        """Market caps, with or without a key."""
        own, standin = self.limits.of("coingecko"), self.standin
        addresses: dict[Plan, str] | None = None
        if standin is not None:
            free, paid = f"{standin()}/coingecko/api/v3", f"{standin()}/coingecko-pro/api/v3"
            addresses = {"none": free, "demo": free, "pro": paid}
        return CoinGecko(
            api_key=self.keys.of("coingecko"),
            plan=cast("Plan | None", self.keys.stated_plan("coingecko")),
            addresses=addresses,
            share=own.share if standin is None else self.standin_share,
            concurrency=own.concurrency,
            timeout_seconds=own.timeout_seconds,
            attempts=own.attempts,
            clock=self.clock,
            state_folder=self.state_folder,
            records=self.records,
            calls_per_month=own.calls_per_month,
        )

    def coinbase(self) -> Coinbase:
        """Daily prices of spot products."""
        return Coinbase(**self._session("coinbase"))

    def _session(
        self, vendor: str, *, name: str | None = None, address: str | None = None
    ) -> dict[str, Any]:
        """Arguments of the client of a vendor.

        Parameters
        ----------
        name, address
            Of a part of the vendor that is not its API.
        """
        terms, limits = VENDORS[vendor], self.limits.of(vendor)
        standin, known = self.standin, self.allowances()
        path = name or terms.standin_path or vendor
        return {
            "base_url": address or terms.address if standin is None else f"{standin()}/{path}",
            "budgets": budgets_of(name or vendor, known),
            "quotas": quotas_of(name or vendor, known),
            "concurrency": limits.concurrency,
            "timeout_seconds": limits.timeout_seconds,
            "attempts": limits.attempts,
            "clock": self.clock,
            "state_folder": self.state_folder,
            "records": self.records,
        }
