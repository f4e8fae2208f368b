"""The simulated source: fourteen perpetuals from September 2019 to the present minute."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS, MINUTE_MS, utcnow
from cryptopipe_assets.sandbox.contents.coin import Coin
from cryptopipe_assets.sandbox.contents.contents import Contents
from cryptopipe_assets.sandbox.contents.source import Instrument, Mark, Settlement
from cryptopipe_assets.sandbox.contents.times import WIDTHS, Clock
from cryptopipe_assets.sandbox.simulated.bars import Bars, lines
from cryptopipe_assets.sandbox.simulated.coins import COINS
from cryptopipe_assets.sandbox.simulated.contents import world
from cryptopipe_assets.sandbox.simulated.funding import hours_at, settlement_hours

_LATEST_STAMP = 17  # milliseconds after the full hour


class SimulatedSource:
    """A seeded market. The same seed gives the same bytes, whenever and in whatever order asked.

    Parameters
    ----------
    seed
        Chooses the market.
    clock
        The present of the simulated world; nothing later is shown.
    coins
        Contracts that the exchange lists, in its order. Other vendors tell of `COINS` only.
    """

    name = "simulated"
    intervals = frozenset(WIDTHS)

    def __init__(self, seed: int = 7, clock: Clock = utcnow, coins: Sequence[Coin] = COINS) -> None:
        self.clock = clock
        self._coins = {coin.symbol: coin for coin in coins}
        self._instruments = {coin.symbol: _instrument(coin) for coin in coins}
        self._world = world(seed)
        self._market, self._funding = self._world.market, self._world.funding
        self._day_lines = lru_cache(maxsize=96)(self._write_day)

    @property
    def contents(self) -> Contents:
        """What the other vendors tell of the same market."""
        return self._world.contents

    def instruments(self, now: int) -> list[Instrument]:
        """Every contract listed by ``now``, in the order of the coin table."""
        return [each for each in self._instruments.values() if each.listed <= now]

    def instrument(self, symbol: str, now: int) -> Instrument | None:
        """One contract; null if it is not listed by ``now``."""
        found = self._instruments.get(symbol)
        return found if found is not None and found.listed <= now else None

    def klines_from(
        self, symbol: str, interval: str, *, start: int, end: int, limit: int, now: int
    ) -> list[str]:
        """First ``limit`` bars that open in ``[start, end)``."""
        first, last = self._life(symbol, interval, now)
        width = WIDTHS[interval]
        start = max(-(-start // width) * width, first)
        return self._lines(symbol, interval, start, min(end, last, start + limit * width), now)

    def klines_until(
        self, symbol: str, interval: str, *, end: int, limit: int, now: int
    ) -> list[str]:
        """Newest ``limit`` bars that open before ``end``."""
        first, last = self._life(symbol, interval, now)
        width = WIDTHS[interval]
        end = min(-(-end // width) * width, last)
        return self._lines(symbol, interval, max(first, end - limit * width), end, now)

    def settlements_from(
        self, symbol: str, *, start: int, end: int, now: int
    ) -> Iterator[Settlement]:
        """Settlements stamped in ``[start, end)``, oldest first."""
        coin, end = self._coins[symbol], min(end, now + 1)
        hours = settlement_hours(coin, start - _LATEST_STAMP, end)
        return (each for each in self._settled(coin, hours) if start <= each.time < end)

    def settlements_until(self, symbol: str, *, end: int, now: int) -> Iterator[Settlement]:
        """Settlements stamped before ``end``, newest first."""
        coin, end = self._coins[symbol], min(end, now + 1)
        hours = settlement_hours(coin, 0, end, newest_first=True)
        return (each for each in self._settled(coin, hours) if each.time < end)

    def funding_hours(self, now: int) -> dict[str, int]:
        """Hours between settlements, of every contract that trades at ``now``."""
        everyone = self._coins.values()
        trading = [coin for coin in everyone if coin.birth <= now < (coin.death or now + 1)]
        return {coin.symbol: hours_at(coin, now + 1) for coin in trading}

    def archived_klines(
        self, symbol: str, interval: str, *, start: int, end: int, now: int
    ) -> list[str]:
        """Bars of a published file over ``[start, end)``."""
        limit = (end - start) // WIDTHS[interval]
        return self.klines_from(symbol, interval, start=start, end=end, limit=limit, now=now)

    def archived_settlements(
        self, symbol: str, *, start: int, end: int, now: int
    ) -> list[Settlement]:
        """Settlements of a published month ``[start, end)``."""
        return list(self.settlements_from(symbol, start=start, end=end, now=now))

    def mark(self, symbol: str, now: int) -> Mark | None:
        """Prices of this moment."""
        coin = self._coins[symbol]
        price = self.klines_until(symbol, "1m", end=now + 1, limit=1, now=now)[0].split(",")[4]
        settled = next(self.settlements_until(symbol, end=now + 1, now=now), None)
        coming = settlement_hours(coin, now + 1, now + 1 + DAY_MS)
        return Mark(
            symbol=symbol,
            mark=f"{float(price):.8f}",
            index=f"{float(price) * self._world.positions.index_over_mark(coin, now):.8f}",
            last_rate="0.00010000" if settled is None else settled.rate,
            next_funding=next(coming, 0) * HOUR_MS,
        )

    def open_interest(self, symbol: str, now: int) -> str | None:
        """Open contracts of this moment, in base units."""
        coin = self._coins[symbol]
        return f"{self._world.binance.latest(symbol, now):.{coin.quantity_decimals}f}"

    def _life(self, symbol: str, interval: str, now: int) -> tuple[int, int]:
        """First open of any bar of this width, and the end of opens visible at ``now``."""
        coin = self._coins[symbol]
        end = now + 1 if coin.death is None else min(now + 1, coin.death)
        return coin.birth - coin.birth % WIDTHS[interval], end

    def _settled(self, coin: Coin, hours: Iterable[int]) -> Iterator[Settlement]:
        return (self._funding.at(coin, hour) for hour in hours)

    def _lines(self, symbol: str, interval: str, start: int, end: int, now: int) -> list[str]:
        """Bars that open in ``[start, end)``, with ``start`` on the grid of the interval."""
        width = WIDTHS[interval]
        found: list[str] = []
        for day in range(start // DAY_MS, -(-end // DAY_MS)):
            written = self._lines_of_day(symbol, interval, day, now)
            origin = self._first_open(symbol, interval, day)
            first, last = (-(-(max(edge, origin) - origin) // width) for edge in (start, end))
            found += written[first:last]
        return found

    def _first_open(self, symbol: str, interval: str, day: int) -> int:
        birth = self._coins[symbol].birth
        return max(day * DAY_MS, birth - birth % WIDTHS[interval])

    def _lines_of_day(self, symbol: str, interval: str, day: int, now: int) -> list[str]:
        if now >= (day + 1) * DAY_MS:
            return self._day_lines(symbol, interval, day)
        bars = self._bars(symbol, day)
        if interval != "1m":
            return self._written(symbol, bars.as_seen_at(now), interval)
        running = now - now % MINUTE_MS
        closed = (running - self._first_open(symbol, interval, day)) // MINUTE_MS
        forming = bars.between(running, running + 1).part((now - running) / MINUTE_MS)
        whole = self._day_lines(symbol, interval, day)
        return whole[: max(closed, 0)] + self._written(symbol, forming, interval)

    def _write_day(self, symbol: str, interval: str, day: int) -> list[str]:
        return self._written(symbol, self._bars(symbol, day), interval)

    def _written(self, symbol: str, bars: Bars, interval: str) -> list[str]:
        width = WIDTHS[interval]
        return lines(bars.joined(width), self._instruments[symbol], width)

    def _bars(self, symbol: str, day: int) -> Bars:
        coin = self._coins[symbol]
        death = (day + 1) * DAY_MS if coin.death is None else coin.death
        return self._market.minutes(coin, day).between(coin.birth, death)


def _instrument(coin: Coin) -> Instrument:
    return Instrument(
        symbol=coin.symbol,
        base=coin.base,
        quote="USDT",
        listed=coin.birth,
        delisted=coin.death,
        price_decimals=coin.price_decimals,
        quantity_decimals=coin.quantity_decimals,
    )
