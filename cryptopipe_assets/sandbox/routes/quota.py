"""Plain request limits: so many units per caller in a window, whoever the vendor is."""

import math
import time
from collections.abc import Callable

from aiohttp import web

from cryptopipe_assets.sandbox.routes.binance.limits import Window
from cryptopipe_assets.sandbox.routes.parameters import json_response


class Declined(Exception):
    """A request is answered with an error: HTTP status, the vendor's body, seconds to wait."""

    def __init__(self, status: int, body: object, *, wait: float = 0.0) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.wait = wait

    def response(self) -> web.Response:
        """Return the answer, with ``Retry-After`` where waiting helps."""
        response = json_response(self.body, self.status)
        if self.wait > 0:
            response.headers["Retry-After"] = str(math.ceil(self.wait))
        return response


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
