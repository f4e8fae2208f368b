"""The strategies we run: a file each, and a line in ``NAMES`` of this folder."""

from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module

from cryptopipe_assets.quant.strategies import NAMES
from cryptopipe_assets.quant.strategies.strategy import Strategy


def _strategy(name: str) -> Strategy:
    found: Strategy = import_module(f"cryptopipe_assets.quant.strategies.{name}").STRATEGY
    return found


STRATEGIES: tuple[Strategy, ...] = tuple(_strategy(name) for name in NAMES)


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
