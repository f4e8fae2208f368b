"""Funding of every simulated contract of every venue."""

from collections.abc import Sequence

import numpy as np

from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.noise import grain
from cryptopipe_assets.sandbox.simulated.funding import Funding, hours_at, settlement_hours
from cryptopipe_assets.sandbox.simulated.market import Market
from cryptopipe_assets.sandbox.simulated.venues import VENUES

_HOURLY = frozenset(
    each.name for each in VENUES.values() if each.linear and each.linear.hourly_funding
)


class Carry:
    """Funding rates per contract, a pure function of seed and hour."""

    def __init__(self, market: Market, funding: Funding) -> None:
        self._market = market
        self._funding = funding

    def hours(self, contract: Contract, instant: int) -> int:
        """Hours between two settlements."""
        return 1 if contract.venue in _HOURLY else hours_at(contract.coin, instant)

    def settlements(self, contract: Contract, start: int, end: int) -> list[int]:
        """Full hours since 1970 in ``[start, end)`` at which the contract settles."""
        start = max(start, contract.birth + 1)
        if contract.venue not in _HOURLY:
            return list(settlement_hours(contract.coin, start, end))
        return list(range(-(-start // HOUR_MS), -(-min(end, contract.death or end) // HOUR_MS)))

    def rates(self, contract: Contract, hours: Sequence[int]) -> list[float]:
        """Fractions per the contract's own interval, settled at full hours since 1970."""
        name = f"venue funding {contract.venue} {contract.symbol}"
        own = 2e-5 * grain(self._market.seed, name, np.array(hours, dtype=np.int64))
        if contract.venue == "binance" and not contract.inverse:
            own[:] = 0.0  # the very rates of its REST
        return [
            round((self._funding.rate_8h(contract.coin, hour) + extra) * length / 8, 8)
            for hour, extra, length in zip(
                hours,
                own.tolist(),
                (self.hours(contract, hour * HOUR_MS) for hour in hours),
                strict=True,
            )
        ]
