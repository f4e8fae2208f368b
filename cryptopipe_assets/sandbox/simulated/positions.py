"""Open positions of every simulated contract, and how far the index is from the mark price."""

import numpy as np

from cryptopipe_assets.core.time import DAY_MS, MINUTE_MS
from cryptopipe_assets.sandbox.contents.coin import Coin
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.noise import Floats, Ints, grain, stream, wander
from cryptopipe_assets.sandbox.simulated.market import Market
from cryptopipe_assets.sandbox.simulated.market_caps import MarketCaps

STEP = 5 * MINUTE_MS  # venues recount open interest every five minutes
_SLOW = (2.0, 10.0, 50.0)  # days between the turns of a share
_RIPENING = 20 * DAY_MS  # a new contract fills within weeks


class Positions:
    """Open interest as a slowly moving share of the market cap, split over venues.

    A pure function of seed and time, constant within five minutes. In coins it does not depend
    on the price at all.
    """

    def __init__(self, market: Market, caps: MarketCaps) -> None:
        self._market = market
        self._caps = caps

    def coins(self, contract: Contract, instants: Ints) -> Floats:
        """Coins held open at each instant, both sides counted once; 0 outside its life."""
        at = instants - instants % STEP
        seed, name = self._market.seed, f"{contract.venue} {contract.symbol}"
        coin = contract.coin
        share = coin.leverage * np.exp(0.3 * wander(seed, f"leverage {coin.symbol}", at, _SLOW))
        weight = contract.weight * np.exp(0.15 * wander(seed, f"weight {name}", at, _SLOW))
        recount = 1 + 0.003 * grain(seed, f"recount {name}", at // STEP)
        filled = 1 - np.exp(-(np.maximum(at - contract.birth, 0) + DAY_MS / 2) / _RIPENING)
        alive = instants >= contract.birth
        if contract.death is not None:
            alive &= instants < contract.death
        supply = self._caps.asset_of(coin.ticker).supply.circulating(at)
        return np.where(alive, supply * share * weight * recount * filled, 0.0)

    def base(self, contract: Contract, instants: Ints) -> Floats:
        """Open interest in units of the contract's base (1000PEPE, not PEPE)."""
        return self.coins(contract, instants) / contract.multiplier

    def usd(self, contract: Contract, instants: Ints) -> Floats:
        """Open interest at the contract's price."""
        return self.base(contract, instants) * self.prices(contract, instants)

    def prices(self, contract: Contract, instants: Ints) -> Floats:
        """Price of the contract at each instant; the same on all venues."""
        return self._market.closes(contract.coin, instants) * contract.per_coin_price

    def index_over_mark(self, coin: Coin, now: int) -> float:
        """Ratio of the index to the mark price of the minute, within a few basis points of 1."""
        rng = stream(self._market.seed, f"basis {coin.symbol}", now // MINUTE_MS)
        return float(1 - 2e-4 * rng.standard_normal())
