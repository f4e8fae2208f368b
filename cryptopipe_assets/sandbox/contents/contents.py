"""What a source offers to the routes of the vendors beyond Binance's bars and funding.

One protocol per vendor. Rows travel in the vendor's own shape where the recording has more fields
than we understand, so that it passes through unaltered. Times are milliseconds since 1970, UTC;
nothing that lies after ``now`` is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.noise import Floats, Ints

INTEREST_PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")
"""Distances between the points that Binance can be asked for."""

Row = dict[str, Any]
Ohlc = tuple[int, float, float, float, float]  # open time, then open, high, low, close


@dataclass(frozen=True, kw_only=True)
class InterestPoint:
    """Open interest of a Binance contract at one instant, numbers as the vendor spells them.

    ``supply`` is null where the vendor's CMCCirculatingSupply was not recorded.
    """

    time: int
    base: str
    usd: str
    supply: str | None


class BinancePositions(Protocol):
    """Open interest of Binance's contracts over time."""

    @property
    def periods(self) -> frozenset[str]:
        """Distances between points on offer, e.g. ``1h``."""

    def oldest(self, now: int) -> int:
        """First instant that ``openInterestHist`` still remembers."""

    def points_from(
        self, symbol: str, period: str, *, start: int, end: int, limit: int, now: int
    ) -> Sequence[InterestPoint]:
        """First ``limit`` points stamped in ``[start, end)``, ascending."""

    def points_until(
        self, symbol: str, period: str, *, end: int, limit: int, now: int
    ) -> Sequence[InterestPoint]:
        """Newest ``limit`` points stamped before ``end`` and not forgotten, ascending."""

    def archived_metrics(self, symbol: str, *, start: int, end: int) -> Sequence[str]:
        """CSV lines of the day's file of five-minute points; none if there is no file."""


class Venues(Protocol):
    """Contracts of all venues and their present: what each of them tells."""

    def contracts(self, venue: str, now: int) -> list[Contract]:
        """Contracts of a venue that trade at ``now``, by symbol."""

    def prices(self, contract: Contract, instants: Ints) -> Floats:
        """Mark price at each instant."""

    def interest(self, contract: Contract, instants: Ints) -> Floats:
        """Units of the contract's base that are open at each instant, both sides counted once."""

    def turnover_24h(self, contract: Contract, now: int) -> float:
        """USD traded in the last 24 hours."""

    def funding(self, contract: Contract, now: int) -> tuple[float, int, int]:
        """Rate of the coming settlement per its interval, its instant, and its interval in hours.

        The rate is a fraction.
        """


class Coinalyze(Protocol):
    """Futures data of all venues. Bars may be forming; funding is in percent."""

    def markets(self, now: int) -> list[Row]:
        """Rows of ``/future-markets``."""

    def open_interest(self, symbol: str, *, usd: bool, now: int) -> float | None:
        """Open interest of this moment, in USD or as denominated; null if unknown."""

    def funding_rate(self, symbol: str, now: int) -> float | None:
        """Rate settled last, in percent; null if unknown."""

    def open_interest_bars(
        self, symbol: str, width: int, *, start: int, end: int, usd: bool, now: int
    ) -> list[Ohlc]:
        """Bars that open in ``[start, end)``; none if there are no data."""

    def funding_bars(
        self, symbol: str, width: int, *, start: int, end: int, now: int
    ) -> list[Ohlc]:
        """Bars that open in ``[start, end)``; none if there are no data."""

    def liquidation_bars(
        self, symbol: str, width: int, *, start: int, end: int, usd: bool, now: int
    ) -> list[tuple[int, float, float]]:
        """Open time, longs and shorts closed by force, of bars that open in ``[start, end)``."""


class CoinMarketCap(Protocol):
    """Listings, ranked."""

    def latest(self, now: int) -> list[Row]:
        """Rows of ``listings/latest``; empty if none is known yet."""

    def historical(self, day: date, now: int) -> list[Row] | None:
        """Rows of the snapshot labelled ``day``, which is its close; null if there is none."""


class CoinGecko(Protocol):
    """Coins by id."""

    def markets(self, now: int) -> list[Row]:
        """Rows of ``coins/markets``, by market cap."""

    def known(self, coin_id: str, now: int) -> bool:
        """Whether the id is active."""

    def chart(
        self, coin_id: str, *, start: int, width: int, now: int
    ) -> dict[str, list[list[float]]] | None:
        """Body of ``market_chart`` with a point per ``width`` after ``start``, the live one last.

        Null if this source has no such series.
        """

    def candles(
        self, coin_id: str, *, start: int, width: int, now: int
    ) -> list[list[float]] | None:
        """Closed candles stamped with their close, after ``start``; null if not to be had."""


class Coinbase(Protocol):
    """Daily candles of spot products."""

    def products(self, now: int) -> list[Row]:
        """Rows of ``/products``."""

    def candles(self, product: str, *, start: int, end: int, now: int) -> list[list[float]] | None:
        """Days that open in ``[start, end)``, newest first; null for an unknown product."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Everything a source has for them. ``venues`` is null where the present was not recorded."""

    binance: BinancePositions
    venues: Venues | None
    coinalyze: Coinalyze
    coinmarketcap: CoinMarketCap
    coingecko: CoinGecko
    coinbase: Coinbase
