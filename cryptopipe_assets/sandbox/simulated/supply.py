"""How many coins there are: what circulates, what was created, and the cap, at any instant.

A schedule is made of knots (mining, inflation, issuance), cliffs (an unlock at one instant),
vesting (an even unlock between two dates) and burns.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from cryptopipe_assets.sandbox.contents.noise import Floats, Ints
from cryptopipe_assets.sandbox.contents.times import stamp_of

Amounts = tuple[tuple[date, float], ...]


@dataclass(frozen=True, kw_only=True)
class Supply:
    """The schedule of one coin, in coins.

    Parameters
    ----------
    knots
        Circulating coins on given dates before cliffs, vesting and burns; linear between, flat
        outside.
    cliffs
        Coins that start to circulate at once, at midnight of the date.
    vesting
        (first day, last day, coins): unlocked evenly in between.
    burns
        Coins destroyed at midnight of the date.
    created
        Coins ever created. Null where everything created circulates.
    cap
        Coins there can ever be; null for a coin without a cap.
    cap_falls
        Whether a burn lowers the cap that vendors state, so that today's cap is smaller than
        what once circulated.
    """

    knots: Amounts
    cliffs: Amounts = ()
    vesting: tuple[tuple[date, date, float], ...] = ()
    burns: Amounts = ()
    created: float | None = None
    cap: float | None = None
    cap_falls: bool = False
    _edges: tuple[Ints, Floats] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        when = np.array([stamp_of(day) for day, _ in self.knots])
        object.__setattr__(self, "_edges", (when, np.array([coins for _, coins in self.knots])))

    def circulating(self, instants: Ints) -> Floats:
        """Coins in circulation at each instant."""
        coins = np.interp(instants, *self._edges) + _steps(self.cliffs, instants)
        for first, last, amount in self.vesting:
            start, end = stamp_of(first), stamp_of(last)
            coins += amount * np.clip((instants - start) / (end - start), 0, 1)
        unburnt: Floats = np.round(coins - _steps(self.burns, instants), 6)
        return unburnt

    def total(self, instants: Ints) -> Floats:
        """Coins created and not burnt, at each instant; never fewer than circulate."""
        circulating = self.circulating(instants)
        if self.created is None:
            return circulating
        return np.maximum(self.created - _steps(self.burns, instants), circulating)

    def maximum(self, instants: Ints) -> Floats | None:
        """Cap as stated at each instant; null for a coin without one."""
        if self.cap is None:
            return None
        burnt = _steps(self.burns, instants) if self.cap_falls else 0.0
        return np.full(len(instants), self.cap) - burnt


def _steps(amounts: Amounts, instants: Ints) -> Floats:
    """Sum of the amounts whose date has come, at each instant."""
    when = [stamp_of(day) for day, _ in amounts]
    reached = (
        np.searchsorted(when, instants, side="right") if when else np.zeros(len(instants), int)
    )
    sums: Floats = np.cumsum([0.0, *(amount for _, amount in amounts)])[reached]
    return sums


def every_months(first: date, *, months: int, times: int, amounts: Sequence[float]) -> Amounts:
    """Repeat amounts in turn, ``times`` times, on the same day of every ``months``-th month."""
    found = []
    for turn in range(times):
        years, month = divmod(first.month - 1 + turn * months, 12)
        day = first.replace(year=first.year + years, month=month + 1)
        found.append((day, float(amounts[turn % len(amounts)])))
    return tuple(found)
