"""Which coin is meant where a name is not the ticker that everybody else has for it. Pure.

Binance calls a contract BEAMX whose coin is BEAM at every vendor of market caps; a coin of
``cryptopipe.toml`` may have been renamed since. ``coin_names.csv`` beside this file has them, each
with where it was learnt:

``alias``
    A venue's contracts and the tables of contracts have the name, vendors of caps the coin. The
    two are one coin at all times.
``rename``, ``merger``
    From ``since`` on the coin has the other name, or is part of another coin. Rows keep the name
    of their time; nothing is joined over it.
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Literal, cast

import polars as pl

Kind = Literal["alias", "rename", "merger"]
FILE = "coin_names.csv"


@dataclass(frozen=True, kw_only=True)
class CoinName:
    """A line of the table.

    Attributes
    ----------
    since
        From when on the coin has the other name; null for an alias.
    """

    name: str
    coin: str
    kind: Kind
    since: date | None
    source: str


@cache
def coin_names() -> tuple[CoinName, ...]:
    """Lines of the table, in its order."""
    text = resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    return tuple(
        CoinName(
            name=line["name"],
            coin=line["coin"],
            kind=cast(Kind, line["kind"]),
            since=date.fromisoformat(line["since"]) if line["since"] else None,
            source=line["source"],
        )
        for line in csv.DictReader(text.splitlines())
    )


def ticker_of(coin: str) -> str:
    """Return the ticker that vendors of market caps have for a coin of contracts."""
    return next((each.coin for each in _aliases() if each.name == coin), coin)


def contract_name_of(coin: str) -> str | None:
    """Return the name that contracts of the coin have instead of its ticker; null if none."""
    return next((each.name for each in _aliases() if each.coin == coin), None)


def successor_of(coin: str) -> CoinName | None:
    """Return what became of a coin that has another name now; null if it was never renamed."""
    return next((each for each in coin_names() if each.name == coin and each.kind != "alias"), None)


def under_contract_names(caps: pl.DataFrame) -> pl.DataFrame:
    """Add the rows of coins under the names that their contracts have.

    Where a vendor has a coin of that name itself, its own rows are the ones that are meant.

    Parameters
    ----------
    caps
        With the column coin.
    """
    own = set(caps["coin"].unique())
    names = {each.coin: each.name for each in _aliases() if each.name not in own}
    renamed = caps.filter(pl.col("coin").is_in(sorted(names))).with_columns(
        pl.col("coin").replace(names)
    )
    return pl.concat([caps, renamed])


def _aliases() -> list[CoinName]:
    return [each for each in coin_names() if each.kind == "alias"]
