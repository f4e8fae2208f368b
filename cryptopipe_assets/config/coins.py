"""``[coins]`` of cryptopipe.toml: names of coins beyond those that the package knows."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from cryptopipe_assets.config.tiers import Coin
from cryptopipe_assets.core.coin_names import EVENTS, CoinName, CoinNames, Kind, coin_names
from cryptopipe_assets.core.section import Section
from cryptopipe_assets.vendors.catalog import sources_of

SOURCE = "cryptopipe.toml"


VENDORS = sources_of("market_cap")
"""Whose ids there are."""


def _id_of_a_vendor(text: str) -> str:
    """An id as the column ``coin_id`` has it."""
    vendor, colon, own = text.partition(":")
    if vendor not in VENDORS or not colon or not own.strip():
        expected = " or ".join(f"{each}:ID" for each in VENDORS)
        raise ValueError(f"expected {expected}, as the column coin_id of market_cap has it")
    return text


class CoinLine(Section):
    """What one name means: ``[coins.NAME]``.

    Attributes
    ----------
    coin
        The coin that the name means; the name itself where only ids are given.
    kind
        See ``core/coin_names.py``; an alias by default, or ``coin`` where ``coin`` is the name.
    since, until
        First day of it, and first day on which it is over.
    ids
        Vendors' ids of what has the name, as ``coin_id`` of market_cap has them.
    ratio
        New units for one old one, of a merger or redenomination.
    """

    coin: Coin | None = None
    kind: Kind | None = None
    since: date | None = None
    until: date | None = None
    ratio: float | None = Field(default=None, gt=0)
    ids: tuple[Annotated[str, AfterValidator(_id_of_a_vendor)], ...] = ()
    source: str = SOURCE

    @model_validator(mode="after")
    def _agree(self) -> Self:
        kind = self.kind
        if kind in EVENTS and self.since is None:
            raise ValueError(f"a {kind} needs since, the day from which it counts")
        if self.ratio is not None and kind not in ("merger", "redenomination"):
            raise ValueError("ratio is of a merger or a redenomination; say which as kind")
        if self.since is not None and self.until is not None and self.until < self.since:
            raise ValueError(f"until ({self.until}) is before since ({self.since})")
        if kind == "namesake" and not self.ids:
            raise ValueError("a namesake needs ids: nothing else tells it apart")
        return self

    def line_of(self, name: str) -> CoinName:
        """The line of the table."""
        coin = self.coin or name
        return CoinName(
            name=name,
            coin=coin,
            kind=self.kind or ("coin" if coin == name else "alias"),
            since=self.since,
            until=self.until,
            ratio=self.ratio,
            ids=self.ids,
            source=self.source,
        )


def coin_names_with(own: Mapping[str, CoinLine]) -> CoinNames:
    """The table that comes with the package, the lines of cryptopipe.toml before it.

    Raises
    ------
    ConfigError
        If the names go round in a circle.
    """
    lines = tuple(each.line_of(name) for name, each in own.items())
    return CoinNames(lines + coin_names().lines) if lines else coin_names()
