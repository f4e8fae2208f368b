"""A market that never was: prices and volumes as a pure function of seed and time.

Three scales, each tied to the one above, make every minute reachable without walking there:
a daily path (levels, market moves, own moves), 24 hours bridged between two days, and 60 minutes
bridged between two hours.
"""

from datetime import UTC, datetime
from functools import lru_cache

import numpy as np

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS, MINUTE_MS
from cryptopipe_assets.sandbox.contents.coin import Coin
from cryptopipe_assets.sandbox.contents.noise import Floats, Ints, bridge, mean_reverting, stream
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.simulated.bars import Bars
from cryptopipe_assets.sandbox.simulated.trade_bars import trade

FIRST_DAY = stamp_of(datetime(2019, 9, 1, tzinfo=UTC)) // DAY_MS
LAST_DAY = stamp_of(datetime(2050, 1, 1, tzinfo=UTC)) // DAY_MS
_DAYS = LAST_DAY - FIRST_DAY + 2
_MARKET_VOLATILITY = 0.024  # standard deviation of the market's move per day, in calm times
_MEMORY = 0.985  # of a move away from the levels, per day: half is gone after 46 days


def _busy(hours: Floats) -> Floats:
    """Activity over the UTC day, mean 1: quiet at 04:00, busiest in the American morning."""
    turn = 2 * np.pi / 24
    curve: Floats = 1 + 0.3 * np.cos(turn * (hours - 15)) + 0.1 * np.cos(2 * turn * (hours - 14))
    return curve


class Market:
    """Everything random about the simulated exchange.

    Days count from 1970. Paths are logarithms of the price in USDT.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.coin_days = lru_cache(maxsize=128)(self._coin_days)
        self.minutes = lru_cache(maxsize=128)(self._minutes)
        self._hours = lru_cache(maxsize=4096)(self._make_hours)
        self._market_days = lru_cache(maxsize=1)(self._make_market_days)
        self._market_minutes = lru_cache(maxsize=64)(self._make_market_minutes)

    def price(self, coin: Coin, hour: int) -> float:
        """USDT at a full hour (hours since 1970), exactly where the minutes pass."""
        day, within = divmod(hour, 24)
        return float(np.exp(self._hours(coin, day)[within]))

    def closes(self, coin: Coin, instants: Ints) -> Floats:
        """USDT at each instant, in whole ticks: the close of the last minute that is over."""
        day, within = np.divmod(instants - instants % MINUTE_MS, DAY_MS)
        found = np.exp(self.coin_days(coin)[day - FIRST_DAY])
        whole, inside = (within > 0) & (within % HOUR_MS == 0), within % HOUR_MS > 0
        if whole.any():
            days, place = np.unique(day[whole], return_inverse=True)
            paths = np.stack([self._hours(coin, each) for each in days.tolist()])
            found[whole] = np.exp(paths[place, within[whole] // HOUR_MS])
        if inside.any():
            days, place = np.unique(day[inside], return_inverse=True)
            paths = np.stack([self.minutes(coin, each).close for each in days.tolist()])
            minute = within[inside] // MINUTE_MS - 1
            found[inside] = paths[place, minute] / 10.0**coin.price_decimals
        ticks = np.maximum(np.rint(found * 10.0**coin.price_decimals), 1)
        prices: Floats = ticks / 10.0**coin.price_decimals
        return prices

    def turbulence(self) -> Floats:
        """Volatility of each day from `FIRST_DAY` on, 1 in calm times, in clusters of weeks."""
        return self._market_days()[0]

    def sentiment(self) -> Floats:
        """Distance of the market from its levels, each day from `FIRST_DAY` on."""
        return self._market_days()[1]

    def _make_market_days(self) -> tuple[Floats, Floats]:
        clusters = mean_reverting(stream(self.seed, "turbulence").standard_normal(_DAYS), 0.95)
        turbulence = np.exp(0.11 * clusters)
        moves = stream(self.seed, "market").standard_normal(_DAYS) * turbulence
        return turbulence, mean_reverting(_MARKET_VOLATILITY * moves, _MEMORY)

    def _coin_days(self, coin: Coin) -> Floats:
        """Log price at each midnight from `FIRST_DAY` on."""
        turbulence, market = self._market_days()
        when = [stamp_of(day) // DAY_MS for day, _ in coin.levels]
        level = np.log([price for _, price in coin.levels])
        days = np.arange(FIRST_DAY, FIRST_DAY + _DAYS)
        moves = stream(self.seed, f"own {coin.symbol}").standard_normal(_DAYS) * turbulence
        own = mean_reverting(coin.own_volatility * moves, _MEMORY)
        path: Floats = np.interp(days, when, level) + coin.beta * market + own
        return path

    def _volatility(self, coin: Coin, day: int) -> float:
        shared = coin.beta * _MARKET_VOLATILITY
        return float(np.hypot(shared, coin.own_volatility) * self.turbulence()[day - FIRST_DAY])

    def _shared(self, coin: Coin) -> float:
        """Correlation of the coin's moves with the market's."""
        shared = coin.beta * _MARKET_VOLATILITY
        return float(shared / np.hypot(shared, coin.own_volatility))

    def _make_market_minutes(self, day: int) -> tuple[Floats, Floats, Floats]:
        """Hourly moves, minute moves, and log activity at the 25 full hours of a day."""
        rng = stream(self.seed, "market day", day)
        excited = 0.35 * rng.standard_normal(24)
        tomorrow = 0.35 * stream(self.seed, "market day", day + 1).standard_normal(1)
        activity = np.concatenate([excited, tomorrow])
        return rng.standard_normal(24), rng.standard_normal(24 * 60), activity

    def _make_hours(self, coin: Coin, day: int) -> Floats:
        """Log price at the 25 full hours of a day, midnight to midnight."""
        market, _, activity = self._market_minutes(day)
        shared = self._shared(coin)
        own = stream(self.seed, f"hours {coin.symbol}", day).standard_normal(24)
        scale = _busy(np.arange(0.5, 24)) * np.exp(activity[:-1])
        scale *= self._volatility(coin, day) / np.sqrt(24)
        steps = scale * (shared * market + np.sqrt(1 - shared**2) * own)
        start, end = self.coin_days(coin)[day - FIRST_DAY : day - FIRST_DAY + 2]
        path = start + bridge(steps, scale**2, np.asarray(end - start))
        return np.concatenate([[start], path])

    def _minutes(self, coin: Coin, day: int) -> Bars:
        """All 1,440 minutes of a day, as if the contract always traded."""
        rng = stream(self.seed, f"minutes {coin.symbol}", day)
        _, market, activity = self._market_minutes(day)
        clock = np.arange(24 * 60) / 60
        busy = _busy(clock) * np.exp(np.interp(clock, np.arange(25), activity))
        traded = rng.random(24 * 60) >= coin.quiet / busy
        traded[59::60] = True  # an hour without any trade could not reach its end
        scale = traded * busy * self._volatility(coin, day) / np.sqrt(24 * 60)
        shared = self._shared(coin)
        own = rng.standard_normal(24 * 60)
        steps = scale * (shared * market + np.sqrt(1 - shared**2) * own)
        hours = self._hours(coin, day)
        inside = bridge(steps.reshape(24, 60), scale.reshape(24, 60) ** 2, np.diff(hours))
        path = np.concatenate([hours[:1], (hours[:-1, None] + inside).ravel()])
        path[60::60] = hours[1:]  # exact, so that an hour's price is the same from both sides
        return trade(coin, day, rng=rng, path=path, scale=scale, busy=busy)
