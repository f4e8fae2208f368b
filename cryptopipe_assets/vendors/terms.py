"""What a vendor declares of itself: address, key, limits, and what it offers for which table.

Each vendor has its ``TERMS`` in ``vendors/<name>/terms.py``; ``vendors.catalog`` collects them. The
settings, the clients, the forecast of calls, the status and the documentation are made from these
declarations. Importing one opens no connection and brings no HTTP client along.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from cryptopipe_assets.vendors.http.limits import RequestLimits, Window
from cryptopipe_assets.vendors.parsing.bounds import Bounds

NOW_ONLY = timedelta(0)
"""The vendor tells the present only: a step that is not asked in time is lost."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A vendor's API key.

    Attributes
    ----------
    variable
        Environment variable (or line of ``.env``) that holds it.
    is_required
        The vendor answers nobody without one.
    plan_variable, plans
        Variable that says what the key is of, and its values; null where the vendor has no plans
        that decide what is asked.
    plan_of
        From the key and the stated plan, the plan that is assumed.
    """

    variable: str
    is_required: bool
    plan_variable: str | None = None
    plans: tuple[str, ...] = ()
    plan_of: Callable[[SecretStr | None, str | None], str] = lambda _key, stated: stated or ""

    @property
    def setting(self) -> str:
        """Name of the key among the settings."""
        return self.variable.lower()

    @property
    def plan_setting(self) -> str | None:
        """Name of the plan among the settings."""
        return self.plan_variable.lower() if self.plan_variable else None


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A limit that a vendor sets: ``units`` of a family of requests in a window.

    Attributes
    ----------
    family
        Which requests share it, e.g. ``weight``.
    counts
        Family of the costs that are held against it, where that is another name.
    """

    family: str
    window: Window
    units: int
    counts: str = ""


@dataclass(frozen=True, kw_only=True)
class RequestCost:
    """What a table asks of one endpoint each time: ``units`` is what the limit counts."""

    family: str
    endpoint: str
    calls: int
    units: int


def call(family: str, endpoint: str, calls: int = 1) -> RequestCost:
    """Calls that cost a unit each."""
    return RequestCost(family=family, endpoint=endpoint, calls=calls, units=calls)


@dataclass(frozen=True, kw_only=True)
class Poll:
    """One scheduled request for a table: what decides the number of calls.

    Attributes
    ----------
    every_minutes
        Time since the request before.
    days_before
        Days before today that are asked for too; 0 but for the daily closing.
    coins
        Coins that are followed.
    contracts
        Contracts of these coins at the vendor.
    """

    every_minutes: int
    days_before: int
    coins: tuple[str, ...]
    contracts: int

    @property
    def days(self) -> int:
        """Days that are asked for."""
        return self.days_before + 1

    @property
    def closes(self) -> bool:
        """Whether it closes the days before."""
        return self.days_before > 0


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A contract to fetch: its coin, and its life as far as it is known.

    Attributes
    ----------
    earlier
        First and last day of each life before that, of a contract that was closed and opened again.
    """

    symbol: str
    coin: str
    listed: date
    delisted: date | None = None
    earlier: tuple[tuple[date, date], ...] = ()

    def days_in(self, days: Sequence[date]) -> list[date]:
        """Days of the chunk on which it was listed."""
        lives = (*self.earlier, (self.listed, self.delisted or date.max))
        return [day for day in days if any(first <= day <= last for first, last in lives)]


@dataclass(frozen=True, kw_only=True)
class Backfill:
    """A past to fetch: contracts, days (ascending), and the present.

    Attributes
    ----------
    limits
        The vendor's section of cryptopipe.toml.
    plan
        The plan of its key; empty where it has none.
    """

    contracts: Sequence[Followed]
    days: Sequence[date]
    now: datetime
    limits: Any
    plan: str = ""


@dataclass(frozen=True, kw_only=True)
class BackfillCost:
    """What a backfill of one table asks of a vendor.

    Attributes
    ----------
    calls
        Requests, archive files and their checksums included.
    seconds
        At our share of the vendor's limit.
    counted
        Units that count against the vendor's days and months; 0 where it has no such limit.
    of
        The part of the vendor that is asked, where that is not its API: ``archive``.
    """

    what: str
    calls: int
    seconds: float
    counted: int = 0
    of: str = ""


def _no_cost(_request: Any) -> Iterator[Any]:
    yield from ()


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a vendor has for a table.

    Attributes
    ----------
    table
        Name of the table.
    source
        Name of the source in ``[sources]`` of cryptopipe.toml; null if the table has no choice.
    switch
        Key of cryptopipe.toml that turns it on; null where it is not an option.
    endpoint
        The vendor's own name of it.
    keeps
        How far back it can be asked. ``NOW_ONLY`` for the present; null if nothing is deleted.
    plans
        Plans of the vendor's key for which this holds; empty for all.
    afterwards
        Where an older row can still be had; empty if nowhere.
    derived
        Columns that are computed from what the vendor says, and how; the others are as it says.
    null
        Columns that it does not tell.
    polled
        What a scheduled request costs.
    backfilled
        What fetching the past costs.
    """

    table: str
    source: str | None = None
    switch: str | None = None
    endpoint: str
    keeps: timedelta | None
    plans: tuple[str, ...] = ()
    afterwards: str = ""
    derived: Mapping[str, str] = field(default_factory=dict)
    null: tuple[str, ...] = ()
    polled: Callable[[Poll], Iterator[RequestCost]] = _no_cost
    backfilled: Callable[[Backfill], Iterator[BackfillCost]] = _no_cost


@dataclass(frozen=True, kw_only=True)
class VendorTerms:
    """A vendor, as everybody else needs to know it.

    Attributes
    ----------
    name
        As its folder, its section of cryptopipe.toml and the column ``source`` have it.
    title
        Its name for the reader.
    client, archive_client
        File of its folder and class: of its API's client, and of its archive's, if it has one.
    venue
        File and class of what offers capabilities, built of those clients; the client does, if
        empty.
    address
        Base of its API.
    archive
        Base of its archive of files; null where it has none.
    standin_path
        Where the stand-in serves it; its name, if empty.
    docs, terms_of_use
        Addresses of its documentation and of its conditions.
    key
        Null where there is none.
    limits
        Type of its section of cryptopipe.toml.
    rates
        The limits that follow from that section and the plan of the key.
    contracts_a_coin
        Contracts of a coin of which nothing is stored yet, for the forecast.
    offers
        What it has, by table.
    bounds
        The most that a response of an endpoint may have, where that is not what all have: by the
        endpoint's name in ``VendorClient.calls``.
    """

    name: str
    title: str
    client: str
    archive_client: str = ""
    venue: str = ""
    address: str
    archive: str | None = None
    standin_path: str = ""
    docs: str
    terms_of_use: str
    key: Key | None = None
    limits: type[RequestLimits]
    rates: Callable[[Any, str], tuple[Rate, ...]]
    contracts_a_coin: int = 0
    offers: tuple[Offer, ...]
    bounds: Mapping[str, Bounds] = field(default_factory=dict)

    def offer_of(self, table: str) -> Offer | None:
        """Its first offer for a table; null if it has none."""
        return next((each for each in self.offers if each.table == table), None)
