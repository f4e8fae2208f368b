"""One contract of the simulated exchange: when it was listed and how it behaves."""

from dataclasses import dataclass
from datetime import datetime

from cryptopipe_assets.sandbox.price_levels import Levels
from cryptopipe_assets.sandbox.source import milliseconds


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
    open_interest
        Typical USDT of open positions.
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
    open_interest: float
    funding: tuple[tuple[int, int], ...] = ((0, 8),)

    @property
    def symbol(self) -> str:
        """The exchange's name of the contract."""
        return f"{self.base}USDT"

    @property
    def birth(self) -> int:
        """Listing in milliseconds."""
        return milliseconds(self.listed)

    @property
    def death(self) -> int | None:
        """Delisting in milliseconds; no bar opens from then on. Null while it trades."""
        return None if self.delisted is None else milliseconds(self.delisted)
