"""The age that each table's newest row may have: its service level. Pure.

It follows from three spans: the step of the table's rows, how long after a step its row can be had
at worst, and how often the tier is collected. A table is late when its newest row is older than the
three together, and stale when a further step or pull was missed.

Kept apart from the tables' own files because ``cryptopipe status`` has no second to spare for
importing Dagster; a test holds the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

from cryptopipe_assets.core.time import DAY, HOUR, MINUTE

SLACK = 5 * MINUTE
"""A run needs a moment from its tick to its last file."""

UNTIERED_PULL = HOUR
"""Tables without tiers follow their inputs, at the latest every hour."""


class Tier(Protocol):
    """What is read here of a tier of cryptopipe.toml."""

    @property
    def every_minutes(self) -> int:
        """Minutes between its instants."""
        ...

    @property
    def tables(self) -> tuple[str, ...]:
        """Collected tables that follow its coins."""
        ...


AnyTier = TypeVar("AnyTier", bound=Tier)


@dataclass(frozen=True, kw_only=True)
class ServiceLevel:
    """How a table's rows keep coming, and so how old the newest may be.

    Attributes
    ----------
    layer
        Folder of the table.
    inputs
        Tables that it is made from.
    step
        From one row of an instrument or coin to the next.
    delay
        From the end of a step to the first instant at which its row can be had, at worst.
    entity
        Column that says of which instrument or coin a row is, where the tiers differ in how often
        they are collected; None where the table is judged as a whole.
    follows
        Collected table whose coins it has, if the tiers choose them for that one.
    at_most_every
        It is not asked more often than this, however quick the tier.
    asked_with
        The round of the schedules that asks for it: ``market_data`` at each instant of a tier,
        ``positions`` half an hour later, ``listings`` once for all tiers, ``closing`` when a day
        is closed; empty for what follows its inputs.
    has_days
        Its rows are kept in a file a day. The age of a table without counts from when it was last
        looked at: its newest row may rightly be months old.
    """

    layer: str
    inputs: tuple[str, ...] = ()
    step: timedelta
    delay: timedelta = timedelta(0)
    entity: str | None = None
    follows: str | None = None
    at_most_every: timedelta = MINUTE
    asked_with: str = ""
    has_days: bool = True

    def late_after(self, pull: timedelta) -> timedelta:
        """Age that is reached if every pull succeeds, and a moment more."""
        return self.step + self.delay + pull + SLACK

    def stale_after(self, pull: timedelta) -> timedelta:
        """Age that says that a whole step, or a whole pull, was missed."""
        return self.late_after(pull) + max(self.step, pull)


SERVICE_LEVELS: Mapping[str, ServiceLevel] = {
    "instruments": ServiceLevel(
        layer="collected", step=DAY, delay=HOUR, asked_with="listings", has_days=False
    ),
    "ohlcv_1m": ServiceLevel(
        layer="collected",
        inputs=("instruments",),
        step=MINUTE,
        entity="symbol",
        follows="ohlcv_1m",
        asked_with="market_data",
    ),
    "funding_rate": ServiceLevel(
        layer="collected",
        inputs=("instruments",),
        step=8 * HOUR,
        entity="symbol",
        follows="funding_rate",
        asked_with="market_data",
    ),
    "open_interest": ServiceLevel(
        layer="collected",
        inputs=("instruments",),
        step=HOUR,
        entity="coin",
        follows="open_interest",
        asked_with="positions",
        at_most_every=HOUR,
    ),
    # One answer tells all coins.
    "market_cap": ServiceLevel(
        layer="collected", step=HOUR, follows="market_cap", asked_with="listings"
    ),
    "microstructure_1h": ServiceLevel(
        layer="features",
        inputs=("funding_rate", "instruments", "ohlcv_1m"),
        step=HOUR,
        entity="symbol",
        follows="ohlcv_1m",
        at_most_every=HOUR,
    ),
    "factors_1h": ServiceLevel(
        layer="features",
        inputs=("instruments", "microstructure_1h"),
        step=HOUR,
        entity="symbol",
        follows="ohlcv_1m",
        at_most_every=HOUR,
    ),
    "leverage_ratios": ServiceLevel(
        layer="features",
        inputs=("funding_rate", "instruments", "market_cap", "open_interest"),
        step=DAY,
        delay=HOUR,
    ),
    # Without a key a coin's close comes a day late.
    "dilution_metrics": ServiceLevel(layer="features", inputs=("market_cap",), step=DAY, delay=DAY),
    "signals": ServiceLevel(
        layer="signals",
        inputs=("dilution_metrics", "instruments", "leverage_ratios", "market_cap", "ohlcv_1m"),
        step=DAY,
        delay=HOUR,
    ),
    "data_gaps": ServiceLevel(
        layer="quality",
        asked_with="closing",
        inputs=("instruments", "ohlcv_1m"),
        step=DAY,
        delay=HOUR,
        has_days=False,
    ),
}
"""Every table, each after those it is made from. A new table is a line here."""


def tiered_tables() -> tuple[str, ...]:
    """Tables whose coins the tiers choose."""
    return tuple(name for name, level in SERVICE_LEVELS.items() if level.follows == name)


def asked_with(round_: str) -> tuple[str, ...]:
    """Tables that a round of the schedules asks for."""
    return tuple(name for name, level in SERVICE_LEVELS.items() if level.asked_with == round_)


def tiers_of(table: str, tiers: Mapping[str, AnyTier]) -> dict[str, AnyTier]:
    """Tiers whose coins the table has; all of them for a table that does not choose."""
    follows = SERVICE_LEVELS[table].follows
    return {name: tier for name, tier in tiers.items() if follows in (None, *tier.tables)}


def pull_of(table: str, tiers: Mapping[str, Tier]) -> timedelta:
    """How often a table is collected, at the quickest of its tiers.

    Each of their pulls writes it. A table that no tier follows is collected as often as one
    without tiers.
    """
    level = SERVICE_LEVELS[table]
    minutes = [tier.every_minutes for tier in tiers_of(table, tiers).values()]
    if level.entity is None or not minutes:
        return UNTIERED_PULL
    return max(timedelta(minutes=min(minutes)), level.at_most_every)


def closure(tables: set[str]) -> list[str]:
    """The tables and all that they are made from, each after its inputs."""
    wanted = set(tables)
    for name in reversed(list(SERVICE_LEVELS)):
        if name in wanted:
            wanted.update(SERVICE_LEVELS[name].inputs)
    return [name for name in SERVICE_LEVELS if name in wanted]
