"""The strategies we run. A strategy is one file and one line here."""

from collections.abc import Collection
from dataclasses import dataclass

from cryptopipe_assets.quant.strategies.dilution import Dilution
from cryptopipe_assets.quant.strategies.ema_crossover import EmaCrossover
from cryptopipe_assets.quant.strategies.leverage_inverted import LeverageInverted
from cryptopipe_assets.quant.strategies.strategy import Strategy

STRATEGIES: tuple[Strategy, ...] = (
    LeverageInverted(),
    Dilution(),
    EmaCrossover(),
)


@dataclass(frozen=True)
class ActiveStrategies:
    """The strategies that are computed, in the order of ``STRATEGIES``."""

    each: tuple[Strategy, ...] = STRATEGIES

    @property
    def needs(self) -> frozenset[str]:
        """Tables that they read; what those are made from is implied."""
        return frozenset(name for strategy in self.each for name in strategy.needs)


def active(ids: Collection[str]) -> ActiveStrategies:
    """The strategies of these names."""
    return ActiveStrategies(tuple(each for each in STRATEGIES if each.id in ids))
