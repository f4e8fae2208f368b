"""One contract of the simulated exchange: when it was listed and how it behaves."""

from dataclasses import dataclass
from datetime import date, datetime

from cryptopipe_assets.sandbox.contents.times import stamp_of

Levels = tuple[tuple[date, float], ...]


@dataclass(frozen=True, kw_only=True)
class Coin:
    """One simulated USDT perpetual.

    Parameters
    ----------
    levels
        Price in USDT on given dates; log-linear between, flat outside.
    beta, own_volatility
        Share in the market's moves, and standard deviation per day of the coin's own.
    turnover
        Typical USDT traded per minute.
    ticket
        Typical USDT per trade.
    quiet
        Share of minutes without any trade.
    leverage
        Typical share of the coin's market cap in open perpetual positions, all venues together.
    funding
        Hours between settlements, each from an instant on (milliseconds), ascending.
    """

    base: str
    listed: datetime
    delisted: datetime | None = None
    price_decimals: int
    quantity_decimals: int
    levels: Levels
    beta: float
    own_volatility: float
    turnover: float
    ticket: float
    quiet: float = 0.0
    leverage: float
    funding: tuple[tuple[int, int], ...] = ((0, 8),)

    @property
    def units(self) -> int:
        """Coins in one unit of the contract's base: 1000 for 1000PEPE."""
        return 1000 if self.base.startswith("1000") else 1

    @property
    def ticker(self) -> str:
        """The coin itself, without the multiplier: PEPE for 1000PEPE."""
        return self.base.removeprefix("1000")

    @property
    def symbol(self) -> str:
        """The exchange's name of the contract."""
        return f"{self.base}USDT"

    @property
    def birth(self) -> int:
        """Listing in milliseconds."""
        return stamp_of(self.listed)

    @property
    def death(self) -> int | None:
        """Delisting in milliseconds; no bar opens from then on. Null while it trades."""
        return None if self.delisted is None else stamp_of(self.delisted)
