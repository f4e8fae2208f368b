"""What a source of vendor content must offer to the routes that serve it.

Bars travel as the vendor's own CSV lines (`KLINE_COLUMNS`), so that a number keeps its spelling
from the source to both the REST answer and the archive. Times are milliseconds since 1970, UTC.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptopipe_assets.sandbox.contents.contents import Contents
from cryptopipe_assets.sandbox.contents.times import Clock

PERPETUAL_DELIVERY = 4_133_404_800_000  # Binance's "never", 2100-12-25


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """A contract as the exchange lists it. ``delisted`` is null while it trades."""

    symbol: str
    base: str
    quote: str
    listed: int
    delisted: int | None
    price_decimals: int
    quantity_decimals: int


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """One funding payment. ``rate`` is a fraction per interval; ``mark`` is "" where unknown."""

    symbol: str
    time: int
    rate: str
    mark: str
    interval_hours: int


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Prices of this moment, and the funding they lead to."""

    symbol: str
    mark: str
    index: str
    last_rate: str
    next_funding: int


class Source(Protocol):
    """Content behind the routes. No method shows anything that lies after ``now``.

    A symbol that does not exist at ``now`` has no instrument, no bars and no settlements.
    """

    @property
    def name(self) -> str:
        """How the source introduces itself, e.g. ``simulated``."""

    @property
    def clock(self) -> Clock:
        """The time of the served world."""

    @property
    def intervals(self) -> frozenset[str]:
        """Bar widths on offer, e.g. ``1m``."""

    @property
    def contents(self) -> Contents:
        """What there is for vendors and endpoints beyond bars, settlements and prices."""

    def instruments(self, now: int) -> list[Instrument]:
        """Every contract listed by ``now``, in the exchange's order."""

    def instrument(self, symbol: str, now: int) -> Instrument | None:
        """One contract; null if it is not listed by ``now``."""

    def klines_from(
        self, symbol: str, interval: str, *, start: int, end: int, limit: int, now: int
    ) -> Sequence[str]:
        """First ``limit`` bars that open in ``[start, end)``, a forming one included."""

    def klines_until(
        self, symbol: str, interval: str, *, end: int, limit: int, now: int
    ) -> Sequence[str]:
        """Newest ``limit`` bars that open before ``end``, a forming one included; ascending."""

    def settlements_from(
        self, symbol: str, *, start: int, end: int, now: int
    ) -> Iterator[Settlement]:
        """Settlements stamped in ``[start, end)``, oldest first."""

    def settlements_until(self, symbol: str, *, end: int, now: int) -> Iterator[Settlement]:
        """Settlements stamped before ``end``, newest first."""

    def funding_hours(self, now: int) -> dict[str, int]:
        """Hours between settlements, of every contract that pays funding at ``now``."""

    def archived_klines(
        self, symbol: str, interval: str, *, start: int, end: int, now: int
    ) -> Sequence[str]:
        """Closed bars of a published file over ``[start, end)``; empty if there is no file."""

    def archived_settlements(
        self, symbol: str, *, start: int, end: int, now: int
    ) -> list[Settlement]:
        """Settlements of a published month ``[start, end)``; empty if there is no file."""

    def mark(self, symbol: str, now: int) -> Mark | None:
        """Prices of this moment; null if this source does not have them."""

    def open_interest(self, symbol: str, now: int) -> str | None:
        """Open contracts of this moment, in base units; null if this source has none."""
