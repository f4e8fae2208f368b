"""A coin as the market-cap vendors list it: its names, its supply, where its price comes from."""

from dataclasses import dataclass

from cryptopipe_assets.sandbox.contents.coin import Coin
from cryptopipe_assets.sandbox.simulated.supply import Supply


@dataclass(frozen=True)
class Traded:
    """Priced by a contract of the simulated exchange."""

    coin: Coin


@dataclass(frozen=True)
class Pegged:
    """Follows another coin (null: the dollar), a few basis points around ``ratio`` to one."""

    coin: Coin | None
    ratio: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Drifting:
    """Has a price of its own: USD at rest, share in the market's moves, and restlessness."""

    price: float
    beta: float
    restlessness: float


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One coin in the lists of CoinMarketCap and CoinGecko.

    Parameters
    ----------
    cmc_id, gecko_id
        The vendors' stable ids. ``symbol`` is a ticker and may be shared.
    added, verified, retired
        Milliseconds: listed from, supply vouched for from (before, vendors state 0), and dropped
        from the lists at (null while listed).
    turnover
        Typical share of the market cap that changes hands in 24 hours.
    """

    cmc_id: int
    gecko_id: str
    symbol: str
    name: str
    added: int
    verified: int
    retired: int | None = None
    supply: Supply
    priced: Traded | Pegged | Drifting
    turnover: float

    def listed(self, instant: int) -> bool:
        """Whether the vendors list it at an instant."""
        return self.added <= instant and (self.retired is None or instant < self.retired)
