"""Open positions and the index price of the simulated contracts."""

import numpy as np

from cryptopipe_assets.sandbox.coin import Coin
from cryptopipe_assets.sandbox.market import FIRST_DAY, Market
from cryptopipe_assets.sandbox.noise import mean_reverting, stream
from cryptopipe_assets.sandbox.source import DAY

_STEP = 5 * 60_000  # the exchange recounts open interest every five minutes


class Positions:
    """Open interest as a pure function of seed and time, constant within five minutes."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def open_interest(self, coin: Coin, now: int) -> float:
        """Base units open, both sides counted once."""
        day, within = divmod(now - now % _STEP, DAY)
        price = self._market.coin_days(coin)[day - FIRST_DAY : day - FIRST_DAY + 2]
        rng = stream(self._market.seed, f"positions {coin.symbol}")
        moves = 0.05 * rng.standard_normal(len(self._market.sentiment()))
        level = mean_reverting(moves, 0.96)[day - FIRST_DAY : day - FIRST_DAY + 2]
        path = np.log(coin.open_interest) + level - price
        wiggle = stream(self._market.seed, f"recount {coin.symbol}", now // _STEP)
        here = path[0] + (path[1] - path[0]) * within / DAY
        return float(np.exp(here + 0.002 * wiggle.standard_normal()))

    def index_over_mark(self, coin: Coin, now: int) -> float:
        """Ratio of the index to the mark price of the minute, within a few basis points of 1."""
        rng = stream(self._market.seed, f"basis {coin.symbol}", now // 60_000)
        return float(1 - 2e-4 * rng.standard_normal())
