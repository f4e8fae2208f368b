"""One derivative contract of one venue, in that venue's own terms."""

from dataclasses import dataclass

from cryptopipe_assets.sandbox.contents.coin import Coin


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A contract on a coin of the simulated market.

    Parameters
    ----------
    symbol, base, quote, settle
        As the venue spells them; margined in coins (inverse) if ``settle`` is the coin.
    multiplier
        Coins in one unit of the base that is priced: 1000 for 1000PEPE and kPEPE.
    size
        What one contract is worth where the venue counts contracts: base units (linear) or USD
        (inverse).
    weight
        Typical share of all open interest in the coin.
    birth, death
        Listing and end in milliseconds; null while it trades. An expiring future knows its end
        (``expires``) beforehand, a perpetual has none.
    """

    venue: str
    symbol: str
    coin: Coin
    base: str
    quote: str
    settle: str
    multiplier: int = 1
    size: float = 1.0
    weight: float
    birth: int
    death: int | None = None
    expires: int | None = None

    @property
    def inverse(self) -> bool:
        """Whether it is margined and settled in the coin."""
        return self.settle == self.base

    @property
    def per_coin_price(self) -> float:
        """Factor from the coin's USDT perpetual on Binance to this contract's price."""
        return self.multiplier / self.coin.units

    def trades(self, now: int) -> bool:
        """Whether it is listed and not yet over."""
        return self.birth <= now and (self.death is None or now < self.death)
