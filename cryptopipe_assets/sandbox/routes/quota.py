"""Request limits: so many units per caller in a window, whoever the vendor is."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Window:
    """A budget that refills at once, ``seconds`` after the first call it counted."""

    limit: int
    seconds: float
    opened: float = -math.inf
    used: int = 0

    def spend(self, cost: int, now: float) -> None:
        """Count a call, in a new window if the last one is over."""
        if now - self.opened >= self.seconds:
            self.opened, self.used = now, 0
        self.used += cost

    def wait(self, now: float) -> float:
        """Seconds until a call is welcome again; 0 while the budget lasts."""
        return self.opened + self.seconds - now if self.used > self.limit else 0.0


class Quota:
    """One limit, counted for each caller (an address or a key) apart.

    Counted on the monotonic clock, whatever time the served world shows.

    Parameters
    ----------
    limit, seconds
        Units that a caller may spend in a window, and its length.
    enforce
        Whether anybody is ever told to wait.
    """

    def __init__(
        self,
        limit: int,
        seconds: float,
        *,
        enforce: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._seconds = seconds
        self._enforce = enforce
        self._clock = clock
        self._windows: dict[str, Window] = {}

    def spend(self, caller: str, cost: int = 1) -> float:
        """Count a call; return the seconds to wait, 0 if it is welcome."""
        now = self._clock()
        window = self._windows.setdefault(caller, Window(self._limit, self._seconds))
        window.spend(cost, now)
        return max(window.wait(now), 0.0) if self._enforce else 0.0
