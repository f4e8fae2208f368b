"""Funding of the simulated contracts: when they settle, how late, at what rate."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.sandbox.contents.coin import Coin
from cryptopipe_assets.sandbox.contents.noise import Floats, mean_reverting, stream
from cryptopipe_assets.sandbox.contents.source import Settlement
from cryptopipe_assets.sandbox.simulated.market import FIRST_DAY, Market

_USUAL = 1e-4  # the exchange's interest part, per 8 hours
_CAP = 3e-3  # per 8 hours
_WEIGHT_OF_SENTIMENT = 6e-4


class Funding:
    """Settlements of every simulated contract, a pure function of seed and hour."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._premiums: dict[str, Floats] = {}
        self.at = lru_cache(maxsize=20_000)(self._at)
        self.rate_8h = lru_cache(maxsize=100_000)(self._rate_8h)

    def _at(self, coin: Coin, hour: int) -> Settlement:
        """Return what is settled at a full hour (hours since 1970)."""
        hours = hours_at(coin, hour * HOUR_MS)
        rate = self.rate_8h(coin, hour) * hours / 8
        return Settlement(
            symbol=coin.symbol,
            time=hour * HOUR_MS + self._delay(coin, hour),
            rate=f"{rate:.8f}",
            mark=f"{self._market.price(coin, hour):.8f}",
            interval_hours=hours,
        )

    def _rate_8h(self, coin: Coin, hour: int) -> float:
        """Fraction per 8 hours: back to the usual rate within days, higher in good moods."""
        day, within = divmod(hour, 24)
        today = self._premium(coin)[day - FIRST_DAY : day - FIRST_DAY + 2]
        passing = stream(self._market.seed, f"funding {coin.symbol}", hour).standard_normal()
        slow = today[0] + (today[1] - today[0]) * within / 24
        return float(np.clip(_USUAL + slow + 3e-5 * passing, -_CAP, _CAP))

    def _premium(self, coin: Coin) -> Floats:
        """Slow part of the rate at each midnight from `FIRST_DAY` on."""
        if coin.symbol not in self._premiums:
            mood = self._market.sentiment()
            rng = stream(self._market.seed, f"premium {coin.symbol}")
            own = mean_reverting(5e-5 * rng.standard_normal(len(mood)), 0.85)
            excitement = _WEIGHT_OF_SENTIMENT * coin.beta * np.diff(mood, prepend=mood[:1])
            self._premiums[coin.symbol] = own + mean_reverting(excitement, 0.8)
        return self._premiums[coin.symbol]

    def _delay(self, coin: Coin, hour: int) -> int:
        """Milliseconds the exchange's stamp is late: 0 to 17, mostly few."""
        draw = stream(self._market.seed, f"stamp {coin.symbol}", hour).random()
        return int(18 * draw**3)


def hours_at(coin: Coin, instant: int) -> int:
    """Return the length in hours of the funding period that ends at, or contains, an instant.

    A change takes effect with the period that starts then: the settlement at the very instant
    still closes a period of the old length.
    """
    return max((since, hours) for since, hours in coin.funding if since < instant)[1]


def settlement_hours(
    coin: Coin, start: int, end: int, *, newest_first: bool = False
) -> Iterator[int]:
    """Yield the full hours (since 1970) in ``[start, end)`` at which the contract settles.

    It settles after its listing and for the last time before its delisting.
    """
    start = max(start, coin.birth + 1)
    end = end if coin.death is None else min(end, coin.death)
    hours = range(-(-start // HOUR_MS), -(-end // HOUR_MS))
    for hour in reversed(hours) if newest_first else hours:
        if hour % hours_at(coin, hour * HOUR_MS) == 0:
            yield hour
