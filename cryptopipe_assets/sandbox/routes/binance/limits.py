"""Binance's request limits as an address meets them: weights, 429 and, if ignored, 418.

Counted on the monotonic clock, whatever time the served world shows.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptopipe_assets.sandbox.routes.quota import Window

WEIGHT_PER_MINUTE = 2400
FUNDING_PER_FIVE_MINUTES = 500
STATISTICS_PER_FIVE_MINUTES = 1000
PATIENCE = 10  # refused calls before an address is banned
FIRST_BAN = 120.0  # seconds; doubles with every further ban


@dataclass(frozen=True)
class Refusal:
    """Why a call is not answered: HTTP status, the vendor's message, seconds to wait."""

    status: int
    message: str
    wait: float


@dataclass
class Limits:
    """The state of one address (IP)."""

    address: str
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    weight: Window = field(default_factory=lambda: Window(WEIGHT_PER_MINUTE, 60))
    funding: Window = field(default_factory=lambda: Window(FUNDING_PER_FIVE_MINUTES, 300))
    statistics: Window = field(default_factory=lambda: Window(STATISTICS_PER_FIVE_MINUTES, 300))
    banned_until: float = -math.inf
    _refused: int = 0
    _bans: int = 0

    def count(self, weight: int, *, funding: bool = False, statistics: bool = False) -> None:
        """Count one call without judging it."""
        now = self.clock()
        self.weight.spend(weight, now)
        if funding:
            self.funding.spend(1, now)
        if statistics:
            self.statistics.spend(1, now)

    def spend(
        self, weight: int, *, funding: bool = False, statistics: bool = False
    ) -> Refusal | None:
        """Count one call; return why it must be refused, or null if it may be answered."""
        now = self.clock()
        if now < self.banned_until:
            return self._ban(now)
        self.count(weight, funding=funding, statistics=statistics)
        windows = (self.weight, self.funding, self.statistics)
        over = max(windows, key=lambda window: window.wait(now))
        wait = over.wait(now)
        if wait <= 0:
            self._refused = 0
            return None
        self._refused += 1
        if self._refused > PATIENCE:
            self.banned_until = now + FIRST_BAN * 2**self._bans
            self._bans, self._refused = self._bans + 1, 0
            return self._ban(now)
        minutes = "minute" if over.seconds == 60 else f"{over.seconds / 60:.0f} minutes"
        message = (
            f"Too many requests; current limit of IP({self.address}) is {over.limit} requests "
            f"per {minutes}. Please use the websocket for live updates to avoid polling the API."
        )
        return Refusal(429, message, wait)

    def _ban(self, now: float) -> Refusal:
        wait = self.banned_until - now
        message = (
            f"Way too many requests; IP({self.address}) banned until "
            f"{math.ceil((self.wall() + wait) * 1000)}. Please use the websocket for live updates "
            "to avoid bans."
        )
        return Refusal(418, message, wait)
