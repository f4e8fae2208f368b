"""Bars as whole numbers of ticks and lots: cutting, joining and writing them.

Whole numbers make every total exact, so an hour is precisely the sum of its minutes and a
turnover lies precisely between volume times low and volume times high.
"""

from dataclasses import dataclass

import numpy as np

from cryptopipe_assets.core.time import MINUTE_MS
from cryptopipe_assets.sandbox.contents.noise import Ints
from cryptopipe_assets.sandbox.contents.source import Instrument


@dataclass(frozen=True, kw_only=True)
class Bars:
    """Columns of equal length, one entry per bar.

    Prices count ticks, volumes count lots, turnovers count ticks times lots.
    """

    open_time: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    turnover: Ints
    trades: Ints
    taker_volume: Ints
    taker_turnover: Ints

    def __len__(self) -> int:
        return len(self.open_time)

    def between(self, start: int, end: int) -> "Bars":
        """Keep the bars that open in ``[start, end)``."""
        first, last = np.searchsorted(self.open_time, [start, end])
        return self._each(slice(first, last))

    def joined(self, width: int) -> "Bars":
        """Join minutes into bars of ``width`` milliseconds, aligned to the UTC day."""
        if width == MINUTE_MS or not len(self):
            return self
        slot = self.open_time // width
        first = np.flatnonzero(np.diff(slot, prepend=-1))
        last = np.append(first[1:], len(self)) - 1
        return Bars(
            open_time=slot[first] * width,
            open=self.open[first],
            high=np.maximum.reduceat(self.high, first),
            low=np.minimum.reduceat(self.low, first),
            close=self.close[last],
            volume=np.add.reduceat(self.volume, first),
            turnover=np.add.reduceat(self.turnover, first),
            trades=np.add.reduceat(self.trades, first),
            taker_volume=np.add.reduceat(self.taker_volume, first),
            taker_turnover=np.add.reduceat(self.taker_turnover, first),
        )

    def as_seen_at(self, now: int) -> "Bars":
        """Cut minutes off at ``now``; the running minute shows what has happened so far."""
        running = now - now % MINUTE_MS
        done = self.between(0, running)
        elapsed = (now % MINUTE_MS) / MINUTE_MS
        return done.followed_by(self.between(running, running + 1).part(elapsed))

    def part(self, elapsed: float) -> "Bars":
        """Show unfinished bars of which the fraction ``elapsed`` in [0, 1) has passed."""
        volume = np.floor(self.volume * elapsed).astype(np.int64)
        moved = np.where(volume > 0, elapsed, 0.0)
        close = self.open + np.rint((self.close - self.open) * moved).astype(np.int64)
        high = self.open + np.floor((self.high - self.open) * moved).astype(np.int64)
        low = self.open + np.ceil((self.low - self.open) * moved).astype(np.int64)
        high, low = np.maximum(high, close), np.minimum(low, close)
        average = (high + low + 2 * close) / 4
        taker = np.minimum(np.floor(self.taker_volume * elapsed).astype(np.int64), volume)
        trades = np.maximum(np.floor(self.trades * elapsed).astype(np.int64), 1)
        return Bars(
            open_time=self.open_time,
            open=self.open,
            high=high,
            low=low,
            close=close,
            volume=volume,
            turnover=np.rint(volume * average).astype(np.int64),
            trades=np.where(volume > 0, trades, 0),
            taker_volume=taker,
            taker_turnover=np.rint(taker * average).astype(np.int64),
        )

    def followed_by(self, later: "Bars") -> "Bars":
        """Append bars that open after these."""
        mine, theirs = vars(self), vars(later)
        return Bars(**{name: np.concatenate([mine[name], theirs[name]]) for name in mine})

    def _each(self, rows: slice) -> "Bars":
        return Bars(**{name: column[rows] for name, column in vars(self).items()})


def lines(bars: Bars, instrument: Instrument, width: int) -> list[str]:
    """Write bars of ``width`` milliseconds as the vendor's CSV lines, without header."""
    price, lot = instrument.price_decimals, instrument.quantity_decimals
    p, v, t = f"%.{price}f", f"%.{lot}f", f"%.{price + lot}f"
    line = f"%d,{p},{p},{p},{p},{v},%d,{t},%d,{v},{t},0"
    tick, step, cash = 10.0**price, 10.0**lot, 10.0 ** (price + lot)
    columns = (
        bars.open_time,
        bars.open / tick,
        bars.high / tick,
        bars.low / tick,
        bars.close / tick,
        bars.volume / step,
        bars.open_time + (width - 1),
        bars.turnover / cash,
        bars.trades,
        bars.taker_volume / step,
        bars.taker_turnover / cash,
    )
    return [line % row for row in zip(*(column.tolist() for column in columns), strict=True)]
