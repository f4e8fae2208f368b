"""Which coin is meant where a name is not the ticker that everybody else has for it. Pure.

Binance calls a contract BEAMX whose coin is BEAM at every vendor of market caps; a coin of
``cryptopipe.toml`` may have been renamed since; a ticker is given to another coin. The lines of
``coin_names.csv`` beside this file say so, each with where it was learnt, and ``[coins]`` of
``cryptopipe.toml`` adds lines that go before them. What could not be confirmed is said to be "not
confirmed" in the source of a line:

``alias``
    A venue's contracts and the tables of contracts have the name, vendors of caps the coin.
``rename``
    From ``since`` on the coin has the other name, one for one. It is one coin before and after.
``merger``, ``redenomination``
    From ``since`` on the coin can be exchanged for ``ratio`` of another one, or of its own new
    unit. Before and after are two coins.
``coin``
    The vendors' ids of a coin, and from when on its ticker means it.
``namesake``
    A coin whose ticker another one has now. It is named by its id.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from importlib import resources
from typing import Literal, cast, get_args

from cryptopipe_assets.core.errors import ConfigError

Kind = Literal["alias", "rename", "merger", "redenomination", "coin", "namesake"]
KINDS: tuple[Kind, ...] = get_args(Kind)
EVENTS: tuple[Kind, ...] = ("rename", "merger", "redenomination")
"""Kinds that happened on a day; the others only say who is meant."""

FILE = "coin_names.csv"


@dataclass(frozen=True, kw_only=True)
class CoinName:
    """A line of the table.

    Attributes
    ----------
    since
        Day of the event; of the other kinds, from when on the name means the coin (null: always).
    until
        From this day on the name does not mean the coin any more; null: it still does.
    ratio
        Coins of the new unit for one of the old; null where it is one for one.
    ids
        The vendors' ids of what has the name, as the column ``coin_id`` of market_cap spells them;
        those that are not certain are left out.
    """

    name: str
    coin: str
    kind: Kind
    since: date | None = None
    until: date | None = None
    ratio: float | None = None
    ids: tuple[str, ...] = ()
    source: str


@dataclass(frozen=True)
class CoinNames:
    """All lines; of two that say different things of one name and day the first holds."""

    lines: tuple[CoinName, ...]

    def __post_init__(self) -> None:
        for each in self.lines:
            self.newest(each.name)

    def ticker_of(self, coin: str) -> str:
        """Ticker that vendors of market caps have for a coin of contracts."""
        return next((each.coin for each in self._of("alias") if each.name == coin), coin)

    def contract_name_of(self, coin: str) -> str | None:
        """Name that contracts of the coin have instead of its ticker; null if none."""
        return next((each.name for each in self._of("alias") if each.coin == coin), None)

    def successor_of(self, coin: str) -> CoinName | None:
        """What became of a coin that has another name now; null if it was never renamed."""
        return next((each for each in self._of(*EVENTS) if each.name == coin != each.coin), None)

    def newest(self, name: str) -> str:
        """Newest name of the coin that a name means today, aliases and renames followed.

        Raises
        ------
        ConfigError
            If the names go round in a circle.
        """
        seen = [name]
        while (following := self._following(seen[-1])) != seen[-1]:
            if following in seen:
                raise ConfigError(
                    f"coins: {' is '.join([*seen, following])}; a name cannot be its own newer one"
                )
            seen.append(following)
        return seen[-1]

    def spellings(self, coin: str) -> frozenset[str]:
        """Every name that means the same coin today, the given one included."""
        newest = self.newest(coin)
        named = {each.name for each in self._of("alias", "rename")}
        return frozenset({coin, newest} | {name for name in named if self.newest(name) == newest})

    def id_of(self, ticker: str, vendor: str) -> str | None:
        """The vendor's own id of the coin that a ticker means today; null if it is not known."""
        held = (each for each in self._of("coin", "rename") if each.until is None)
        own = (each for line in held if line.name == ticker for each in line.ids)
        prefix = f"{vendor}:"
        return next((each.removeprefix(prefix) for each in own if each.startswith(prefix)), None)

    @cached_property
    def known(self) -> frozenset[str]:
        """Names and coins of the lines."""
        return frozenset(name for each in self.lines for name in (each.name, each.coin))

    def _following(self, name: str) -> str:
        """The coin of a name, one step on; the name itself if that is its coin."""
        for each in self._of("alias", "rename", "coin"):
            if each.name == name and each.until is None:
                return each.coin
        return name

    def _of(self, *kinds: Kind) -> Iterator[CoinName]:
        return (each for each in self.lines if each.kind in kinds)


@cache
def coin_names() -> CoinNames:
    """The table that comes with the package, in its order."""
    text = resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    return CoinNames(tuple(_line(each) for each in csv.DictReader(text.splitlines())))


def _line(cells: dict[str, str]) -> CoinName:
    return CoinName(
        name=cells["name"],
        coin=cells["coin"],
        kind=cast(Kind, cells["kind"]),
        since=date.fromisoformat(cells["since"]) if cells["since"] else None,
        until=date.fromisoformat(cells["until"]) if cells["until"] else None,
        ratio=float(cells["ratio"]) if cells["ratio"] else None,
        ids=tuple(cells["ids"].split()),
        source=cells["source"],
    )
