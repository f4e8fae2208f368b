"""Positions that moves of the price force closed, hour by hour."""

import numpy as np

from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.noise import Floats, Ints, grain
from cryptopipe_assets.sandbox.simulated.market import Market
from cryptopipe_assets.sandbox.simulated.positions import Positions

_FORCED = 0.35  # share of the open positions that a move of 100 % would close


class Liquidations:
    """Longs closed when the price falls, shorts when it rises; a few of both at all times."""

    def __init__(self, market: Market, positions: Positions) -> None:
        self._market = market
        self._positions = positions

    def coins(self, contract: Contract, hours: Ints) -> tuple[Floats, Floats]:
        """Coins of longs and of shorts closed by force in each hour (hours since 1970)."""
        opened, closed = (self._market.closes(contract.coin, (hours + k) * HOUR_MS) for k in (0, 1))
        move = np.log(closed / opened)
        held = self._positions.coins(contract, hours * HOUR_MS)
        name = f"forced {contract.venue} {contract.symbol}"
        draw = np.exp(0.8 * grain(self._market.seed, name, hours))
        calm = 1e-5 * (1 + grain(self._market.seed, f"{name} calm", hours))
        longs, shorts = (
            held * draw * (_FORCED * np.maximum(way * move, 0) ** 1.5 + calm) for way in (-1, 1)
        )
        return longs, shorts
