"""The present of one contract, as every venue's ticker tells it."""

from functools import cached_property

import numpy as np

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS
from cryptopipe_assets.sandbox.contents.contents import Venues
from cryptopipe_assets.sandbox.contents.contract import Contract


class Present:
    """A contract at the instant ``now``; nothing is computed before it is asked for."""

    def __init__(self, contract: Contract, venues: Venues, now: int) -> None:
        self._contract = contract
        self._venues = venues
        self._now = now

    @cached_property
    def price(self) -> float:
        """Mark price."""
        return self._price_at(self._now)

    @cached_property
    def hour_ago(self) -> float:
        """Mark price as the running hour began."""
        return self._price_at(self._hour)

    @cached_property
    def day_ago(self) -> float:
        """Mark price a day before the running hour began."""
        return self._price_at(self._hour - DAY_MS)

    @cached_property
    def base(self) -> float:
        """Open interest, one side, in units of the contract's base."""
        return float(self._venues.interest(self._contract, np.array([self._now]))[0])

    @property
    def usd(self) -> float:
        """Open interest, one side, in USD."""
        return self.base * self.price

    @cached_property
    def turnover(self) -> float:
        """Traded in 24 hours, in USD."""
        return self._venues.turnover_24h(self._contract, self._now)

    @property
    def volume(self) -> float:
        """Traded in 24 hours, in units of the base."""
        return self.turnover / self.price

    @cached_property
    def funding(self) -> tuple[float, int, int]:
        """As of ``Venues.funding``: the coming rate, its instant (0 if none), hours between two."""
        return self._venues.funding(self._contract, self._now)

    @property
    def _hour(self) -> int:
        return self._now - self._now % HOUR_MS

    def _price_at(self, instant: int) -> float:
        return float(self._venues.prices(self._contract, np.array([instant]))[0])
