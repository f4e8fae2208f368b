"""The present of every venue of the simulated market."""

import numpy as np

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.noise import Floats, Ints, wander
from cryptopipe_assets.sandbox.simulated.contracts import of_venue
from cryptopipe_assets.sandbox.simulated.market import Market
from cryptopipe_assets.sandbox.simulated.positions import Positions
from cryptopipe_assets.sandbox.simulated.venue_funding import Carry


class SimulatedVenues:
    """Contracts, prices, positions and funding of all venues."""

    def __init__(self, market: Market, positions: Positions, carry: Carry) -> None:
        self._market = market
        self._positions = positions
        self._carry = carry

    def contracts(self, venue: str, now: int) -> list[Contract]:
        """Contracts of a venue that trade at ``now``, by symbol."""
        return of_venue(venue, now)

    def prices(self, contract: Contract, instants: Ints) -> Floats:
        """Mark price at each instant."""
        return self._positions.prices(contract, instants)

    def interest(self, contract: Contract, instants: Ints) -> Floats:
        """Units of the contract's base that are open at each instant."""
        return self._positions.base(contract, instants)

    def turnover_24h(self, contract: Contract, now: int) -> float:
        """USD traded in the last 24 hours: a few times the positions."""
        name = f"turnover {contract.venue} {contract.symbol}"
        at = np.array([now])
        busy = wander(self._market.seed, name, at, (0.5, 3.0, 20.0))
        return float((self._positions.usd(contract, at) * 2.2 * np.exp(0.4 * busy))[0])

    def funding(self, contract: Contract, now: int) -> tuple[float, int, int]:
        """Rate of the coming settlement per its interval, its instant, and its interval in hours.

        An expiring future pays none: 0 and no instant.
        """
        hours = self._carry.hours(contract, now + 1)
        coming = self._carry.settlements(contract, now + 1, now + 1 + DAY_MS)
        if contract.expires is not None or not coming:
            return 0.0, 0, hours
        return self._carry.rates(contract, coming[:1])[0], coming[0] * HOUR_MS, hours
