"""What a venue can be asked for, whichever it is: a collector names the capability, not the venue.

A client has a capability if it has the method; ``vendors/<name>/terms.py`` says for which table.
"""

from collections.abc import Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol, Self, runtime_checkable

import polars as pl

from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.vendors.parsing.instruments import ListedInstruments
from cryptopipe_assets.vendors.parsing.open_interest import Measured


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a table wants of a venue.

    Attributes
    ----------
    coins
        Tickers whose contracts are wanted.
    contracts
        The venue's contracts of these coins as the registry of instruments has them, vendor
        symbol to canonical symbol; empty if it has none of this venue.
    days
        Ascending, without a gap.
    now
        The present; nothing after it is wanted.
    """

    coins: frozenset[str]
    contracts: Mapping[str, str] = field(default_factory=dict)
    days: tuple[date, ...]
    now: datetime

    @property
    def start(self) -> datetime:
        """First instant of the days."""
        return midnight(self.days[0])

    @property
    def end(self) -> datetime:
        """End of the days, or the present if that is earlier; exclusive."""
        return min(midnight(self.days[-1]) + DAY, self.now)

    @property
    def has_present(self) -> bool:
        """Whether the present is wanted: all that some venues tell."""
        return self.now.date() in self.days

    def since(self, reach: timedelta) -> datetime:
        """First instant of what a venue is asked that tells no more than ``reach`` of the past."""
        return max(self.start, midnight((self.now - reach).date()))


class Venue(Protocol):
    """An async context manager that owns the sessions of one venue."""

    vendor: Any  # a class variable of clients, which is no variable of theirs for a type checker

    @property
    def parts(self) -> tuple[Any, ...]:
        """The clients behind it: its API's, and its archive's if it has one."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc_info: object) -> None: ...


@runtime_checkable
class TellsTime(Venue, Protocol):
    """A venue that says what time it has."""

    async def server_time(self) -> datetime:
        """The venue's clock, UTC."""
        ...


@runtime_checkable
class OffersInstruments(Venue, Protocol):
    """A venue that lists its contracts."""

    async def instruments(self) -> ListedInstruments:
        """Perpetual contracts that are listed now, each judged by itself, and what else is.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        ...


@runtime_checkable
class OffersOpenInterest(Venue, Protocol):
    """A venue that tells open interest by the hour."""

    async def hourly_open_interest(self, wanted: Wanted) -> Measured:
        """Open interest at the end of the wanted hours, one side of each position.

        Rows of other coins may be among them. A venue that tells the present only has no rows
        unless that is wanted.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        ...


@runtime_checkable
class OffersFunding(Venue, Protocol):
    """A venue that tells settlements of funding."""

    async def funding_settlements(self, wanted: Wanted) -> pl.DataFrame:
        """Settlements of the wanted contracts with ``start <= ts < end``.

        Returns
        -------
        DataFrame of ``SETTLEMENT_SCHEMA``, sorted by symbol and ts.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        ...


class Told(Protocol):
    """Gives the rows of some contracts, vendor symbol to canonical symbol."""

    def __call__(
        self, symbols: Mapping[str, str], /, *, start: datetime, end: datetime
    ) -> Coroutine[Any, Any, pl.DataFrame]:
        """Return the rows of ``[start, end)``."""


@dataclass(frozen=True, kw_only=True)
class FiledDays:
    """The days of a file.

    Attributes
    ----------
    first, last
        Both included.
    taken_from
        Before this instant nobody took the file: what was stored earlier came by the API.
    """

    first: date
    last: date
    taken_from: datetime


@runtime_checkable
class ComparesItsWays(Venue, Protocol):
    """A venue that tells the past in two ways, which should say the same."""

    def days_to_compare(
        self, table: str, days: Collection[date], *, now: datetime
    ) -> FiledDays | None:
        """The file whose rows a run over the days is to compare with those of the API.

        Null if it compares none: there is no second way, or no past day is wanted.
        """
        ...

    async def disagreement(
        self, table: str, stored: Told, symbols: Mapping[str, str], *, now: datetime
    ) -> str | None:
        """What the file says otherwise than rows that are stored, of the contract in turn.

        In words; null if nothing, or if there is no file to be had.
        """
        ...
