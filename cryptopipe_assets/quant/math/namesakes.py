"""Which of several ids that share a ticker is meant: one vendor's namesakes, or one coin of two.

A vendor gives namesakes ids of their own: the largest is meant. Two vendors give one coin two ids;
of these the newest row counts. Neither is told apart by name, but by the vendor before the colon.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cryptopipe_assets.quant.math.arrays import Indices, epoch_ms

NOBODY = -1
OTHER_COIN = 10.0
"""So much do two vendors not differ over one coin, not even over weeks."""


@dataclass
class Namesakes:
    """The candidates of each coin-day; ids are to be considered vendor by vendor.

    Attributes
    ----------
    ts, size
        Instant (ms) and market cap of each row; -1 where the cap is unknown.
    vendor, is_preferred
        A number that stands for the vendor of each row, and whether it goes before newer ones.
    largest, best
        Row of the largest namesake of the vendor at hand, and of the best of those before it.
    """

    ts: Indices
    size: NDArray[np.float64]
    vendor: Indices
    is_preferred: NDArray[np.bool_]
    largest: Indices
    best: Indices

    @classmethod
    def among(cls, rows: pl.DataFrame, ids: Indices, *, preferred: str | None, days: int) -> Self:
        """Return nobody yet for each of ``days`` coin-days; ``ids`` numbers the rows' coin_id."""
        first = np.flatnonzero(np.diff(ids, prepend=-1))
        vendor = rows["coin_id"].gather(first).str.extract(r"^([^:]*):").fill_null("")
        number = vendor.rank("dense").cast(pl.Int64).to_numpy()
        is_preferred = np.zeros(rows.height, dtype=np.bool_)
        if preferred is not None:
            is_preferred = rows[preferred].fill_null(value=False).to_numpy()
        return cls(
            ts=epoch_ms(rows["ts"]),
            size=rows["market_cap_usd"].cast(pl.Float64).fill_null(-1.0).to_numpy(),
            vendor=number[ids],
            is_preferred=is_preferred,
            largest=np.full(days, NOBODY),
            best=np.full(days, NOBODY),
        )

    def consider(self, asked: Indices, found: Indices) -> None:
        """Let the rows ``found`` be further candidates of the coin-days ``asked``."""
        rival = self.largest[asked]
        is_of_another = (rival != NOBODY) & (self.vendor[rival] != self.vendor[found])
        if is_of_another.any():
            self._settle(asked[is_of_another])
        rival = self.largest[asked]
        is_larger = (rival == NOBODY) | (self.size[found] > self.size[rival])
        self.largest[asked[is_larger]] = found[is_larger]

    def meant(self) -> Indices:
        """Return the row that is meant on each coin-day, or ``NOBODY``."""
        if (self.best == NOBODY).all():
            return self.largest  # one vendor alone: nothing is to be compared
        self._settle(np.arange(len(self.best)))
        return self.best

    def _settle(self, asked: Indices) -> None:
        """Compare the vendor at hand with those before it, and be ready for the next one."""
        asked = asked[self.largest[asked] != NOBODY]
        found, rival = self.largest[asked], self.best[asked]
        wins = (rival == NOBODY) | self._goes_before(found, rival)
        self.best[asked[wins]] = found[wins]
        self.largest[asked] = NOBODY

    def _goes_before(self, found: Indices, rival: Indices) -> NDArray[np.bool_]:
        size, other = self.size[found], self.size[rival]
        is_newer = self.ts[found] > self.ts[rival]
        is_level = self.ts[found] == self.ts[rival]
        of_age = is_newer | (is_level & (size > other))
        differs = self.is_preferred[found] != self.is_preferred[rival]
        by_rank: NDArray[np.bool_] = np.where(differs, self.is_preferred[found], of_age)
        is_same_coin = (size * OTHER_COIN >= other) & (other * OTHER_COIN >= size)
        answer: NDArray[np.bool_] = np.where(is_same_coin, by_rank, size > other)
        return answer
