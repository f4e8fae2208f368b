"""From a price path to minute bars: what trading would have left on the tape."""

import numpy as np

from cryptopipe_assets.core.time import DAY_MS, MINUTE_MS
from cryptopipe_assets.sandbox.contents.coin import Coin
from cryptopipe_assets.sandbox.contents.noise import Floats, Ints
from cryptopipe_assets.sandbox.simulated.bars import Bars


def trade(
    coin: Coin,
    day: int,
    *,
    rng: np.random.Generator,
    path: Floats,
    scale: Floats,
    busy: Floats,
) -> Bars:
    """Return the 1,440 bars of a day.

    ``path`` is the log price at its 1,441 full minutes, ``scale`` the standard deviation of each
    minute's move (zero where nobody trades), ``busy`` the activity of each minute, mean about 1.
    """
    traded = scale > 0
    first, last = _prices(coin, rng, path, traded)
    high, low = _extremes(coin, rng, path, scale)
    high = np.where(traded, np.maximum(high, np.maximum(first, last)), last)
    low = np.where(traded, np.minimum(low, np.minimum(first, last)), last)
    average = (first + high + low + 2 * last) / 5
    effort = np.abs(np.diff(path)) / np.where(traded, scale, 1)
    wanted = coin.turnover * busy * (0.55 + 0.5 * effort)
    wanted *= np.exp(0.6 * rng.standard_normal(len(wanted)))
    volume = _lots(coin, wanted * traded, average)
    taker = _taken(rng, volume, np.sign(last - first) * np.minimum(effort, 3))
    tickets = np.rint(wanted / coin.ticket * np.exp(0.2 * rng.standard_normal(len(wanted))))
    return Bars(
        open_time=day * DAY_MS + np.arange(len(volume)) * MINUTE_MS,
        open=first,
        high=high,
        low=low,
        close=last,
        volume=volume,
        turnover=np.rint(volume * average).astype(np.int64),
        trades=np.minimum(np.maximum(tickets, 1), volume).astype(np.int64),
        taker_volume=taker,
        taker_turnover=np.rint(taker * average).astype(np.int64),
    )


def _lots(coin: Coin, wanted: Floats, average: Floats) -> Ints:
    """Volume in lots for a turnover in USDT; at least one lot where anything is wanted."""
    lot = average / 10.0 ** (coin.price_decimals + coin.quantity_decimals)
    lots = np.where(wanted > 0, np.maximum(np.rint(wanted / lot), 1), 0)
    return lots.astype(np.int64)


def _taken(rng: np.random.Generator, volume: Ints, direction: Floats) -> Ints:
    """Lots bought by takers: about half, more in a rising minute."""
    share = 0.5 + 0.05 * direction + 0.09 * rng.standard_normal(len(volume))
    return np.rint(volume * np.clip(share, 0.02, 0.98)).astype(np.int64)


def _prices(
    coin: Coin, rng: np.random.Generator, path: Floats, traded: np.ndarray
) -> tuple[Ints, Ints]:
    """Open and close in ticks; the open is the last close or one tick beside it."""
    price = _ticks(coin, path)
    beside = rng.integers(-1, 2, len(path) - 1) * traded
    return np.maximum(price[:-1] + beside, 1), price[1:]


def _extremes(
    coin: Coin, rng: np.random.Generator, path: Floats, scale: Floats
) -> tuple[Ints, Ints]:
    """High and low in ticks, drawn from the extremes of a Brownian bridge over the minute."""
    start, end = path[:-1], path[1:]
    reach = np.log(1 - rng.random((2, len(start))))
    spread = np.sqrt((end - start) ** 2 - 2 * scale**2 * reach)
    middle = start + end
    return _ticks(coin, (middle + spread[0]) / 2), _ticks(coin, (middle - spread[1]) / 2)


def _ticks(coin: Coin, log_price: Floats) -> Ints:
    """Round to the tick; a price never falls below one tick."""
    ticks = np.rint(np.exp(log_price) * 10.0**coin.price_decimals)
    return np.maximum(ticks, 1).astype(np.int64)
