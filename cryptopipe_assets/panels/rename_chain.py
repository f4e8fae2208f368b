"""Rows of a renamed coin under its newest name, where a reader asks for that.

Names only: a rename is one for one, so no figure changes. Mergers and redenominations are not
followed, as another unit stands behind the name. Rows are stored under the name of their time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import polars as pl

from cryptopipe_assets.core.coin_names import CoinName, CoinNames
from cryptopipe_assets.core.schema import Table
from cryptopipe_assets.core.symbology import split_multiplier
from cryptopipe_assets.core.time import midnight

TIMESTAMP = pl.Datetime("ms", "UTC")
MULTIPLIERS = r"^(1000000|100000|10000|1000|1M)?"


@dataclass(frozen=True)
class RenameChain:
    """Names of coins, each followed to the newest one."""

    names: CoinNames

    def newest(self, coin: str) -> str:
        """Newest name of what a coin's name means today."""
        following = (each.coin for each in self._renames() if each.name == coin and not each.until)
        return next((self.newest(name) for name in following), coin)

    def all_of(self, kind: str, name: str) -> set[str]:
        """Every name that a coin had, or that a contract of it had; kind is symbol or coin."""
        own = name if kind == "coin" else _coin_of(name)
        newest = self.newest(own)
        coins = {newest} | {
            each.name for each in self._renames() if self.newest(each.coin) == newest
        }
        if kind == "coin":
            return coins
        return {_under(name, coin) for coin in coins}

    def newest_of(self, kind: str, names: set[str], coins: set[str]) -> set[str]:
        """Names that rows of the asked ``coins`` (newest names) have when they are chained."""
        if kind == "coin":
            return coins
        return {
            _under(name, coin)
            for name in names
            for coin in coins
            if _coin_of(name) in self.all_of("coin", coin)
        }

    def chained(self, rows: pl.LazyFrame, contract: type[Table]) -> pl.LazyFrame:
        """Rows with the newest names in the columns coin and symbol, sorted as they were.

        Where two names of a coin have a row of one key, as while one contract takes the place of
        the other, the row of the name that the coin had on that day stays.
        """
        columns = [name for name in ("coin", "symbol") if name in contract.columns()]
        if not columns or "ts" not in contract.columns():
            return rows
        rank = pl.lit(1)
        changed: dict[str, pl.Expr] = {}
        for column in columns:
            for line in self._renames():
                is_old = self._matches(column, line)
                since = pl.lit(line.since and midnight(line.since), TIMESTAMP)
                place = pl.when(pl.col("ts") < since).then(0).otherwise(2)
                rank = pl.when(is_old).then(place).otherwise(rank)
            changed[column] = reduce(
                lambda name, line: (
                    pl.when(self._matches(column, line))
                    .then(self._renamed(column, line))
                    .otherwise(name)
                ),
                self._renames(),
                pl.col(column),
            )
        renamed = rows.with_columns(rank.alias("_rank")).with_columns(**changed)
        key = contract.key()
        if not set(columns) & set(key):
            return renamed.drop("_rank")
        order = [pl.col("ts").dt.date(), *(pl.col(name) for name in key)]
        return (
            renamed.sort(*order, "_rank", maintain_order=True)
            .unique(key, keep="first", maintain_order=True)
            .drop("_rank")
        )

    def _renames(self) -> Iterator[CoinName]:
        return (each for each in self.names.lines if each.kind == "rename")

    def _matches(self, column: str, line: CoinName) -> pl.Expr:
        """Whether a row has the old name while it meant the coin."""
        is_named = (
            pl.col("coin") == line.name
            if column == "coin"
            else pl.col("symbol").str.contains(f"{MULTIPLIERS}{line.name}-")
        )
        if line.until is None:
            return is_named
        return is_named & (pl.col("ts") < pl.lit(midnight(line.until), TIMESTAMP))

    def _renamed(self, column: str, line: CoinName) -> pl.Expr:
        newest = self.newest(line.coin)
        if column == "coin":
            return pl.lit(newest)
        return pl.col("symbol").str.replace(f"{MULTIPLIERS}{line.name}-", f"${{1}}{newest}-")


def _coin_of(symbol: str) -> str:
    return split_multiplier(symbol.partition("-")[0])[0]


def _under(symbol: str, coin: str) -> str:
    """A contract's name with another coin, its multiplier kept."""
    base, dash, rest = symbol.partition("-")
    return f"{base.removesuffix(_coin_of(symbol))}{coin}{dash}{rest}"
