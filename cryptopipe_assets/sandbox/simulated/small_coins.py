"""Small coins with generated names, so that the market-cap lists are as long as real ones.

Names are the same for every seed; sizes, launches, supplies and moves are not.
"""

from datetime import date, timedelta
from itertools import product

import numpy as np

from cryptopipe_assets.core.time import DAY_MS
from cryptopipe_assets.sandbox.contents.noise import grain, stream
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.simulated.asset import Asset, Drifting
from cryptopipe_assets.sandbox.simulated.supply import Supply, every_months

_STEMS = (
    *("Al", "Bor", "Cor", "Dra", "Fen", "Gal", "Hex", "Ion", "Kar"),
    *("Lum", "Mor", "Nex", "Orb", "Pry", "Qua", "Rho", "Sol", "Tyr"),
)
_ENDS = (
    *("dex", "fi", "gen", "horn", "ium", "lend", "mesh", "nova", "on"),
    *("pay", "quest", "ra", "swap", "tide", "verse", "xis", "zen"),
)
_FIRST_ID = 40_001
_OLDEST, _NEWEST = date(2015, 1, 1), date(2026, 9, 1)
_LARGEST = 1.2e9  # market cap of the largest at rest, USD
_UNVOUCHED = timedelta(days=45)  # until a vendor has verified the supply of a new coin
_NEVER_VERIFIED = 40  # every so manieth coin's supply is not vouched for at all


def small_coins(seed: int) -> tuple[Asset, ...]:
    """Return 306 coins: most of them old, some to come, some that disappear."""
    names = list(product(_STEMS, _ENDS))
    sizes = stream(seed, "small coins").permutation(len(names))
    return tuple(
        _coin(seed, *parts, place=place, size=int(sizes[place]))
        for place, parts in enumerate(names)
    )


def _coin(seed: int, stem: str, end: str, *, place: int, size: int) -> Asset:
    """Make one coin; ``size`` 0 is the largest."""
    name = stem + end
    launch, fate, coins, calm = ((1 + grain(seed, name, np.arange(4))) / 2).tolist()
    age = 0.3 * launch if place % 2 == 0 else float(launch)
    added = _OLDEST + timedelta(days=round((_NEWEST - _OLDEST).days * age))
    dropped = None if fate > 0.1 else stamp_of(added) + round((3 + 30 * fate) * 365) * DAY_MS
    never = place % _NEVER_VERIFIED == _NEVER_VERIFIED - 1
    amount = round(10 ** (7 + 3 * coins), -5)
    return Asset(
        cmc_id=_FIRST_ID + place,
        gecko_id=name.lower(),
        symbol=f"{stem}{end[:2]}".upper(),
        name=name,
        added=stamp_of(added),
        verified=stamp_of(date(2100, 1, 1) if never else added + _UNVOUCHED),
        retired=dropped,
        supply=_supply(place % 5, amount, added),
        priced=Drifting(
            price=_LARGEST / (1 + size) ** 1.1 / amount,
            beta=0.8 + calm,
            restlessness=0.35 + 0.4 * calm,
        ),
        turnover=0.02 + 0.08 * launch,
    )


def _supply(kind: int, amount: float, added: date) -> Supply:
    """Give a coin of ``amount`` coins one of five kinds of schedule."""
    later = added + timedelta(days=4 * 365)
    if kind == 0:  # everything is out
        return Supply(knots=((added, amount),), cap=amount)
    if kind == 1:  # vests evenly over four years
        return Supply(
            knots=((added, 0.2 * amount),),
            vesting=((added, later, 0.8 * amount),),
            created=amount,
            cap=amount,
        )
    if kind == 2:  # nothing for a year, then cliffs
        cliffs = every_months(
            (added + timedelta(days=365)).replace(day=1),
            months=3,
            times=14,
            amounts=(0.06 * amount, 0.03 * amount),
        )
        return Supply(knots=((added, 0.3 * amount),), cliffs=cliffs, created=amount, cap=amount)
    if kind == 3:  # inflates without a cap
        end = added + timedelta(days=40 * 365)
        return Supply(knots=((added, 0.5 * amount), (end, 1.6 * amount)))
    return Supply(  # mined towards a cap
        knots=((added, 0.1 * amount), (later, 0.5 * amount), (date(2050, 1, 1), 0.95 * amount)),
        cap=amount,
    )
