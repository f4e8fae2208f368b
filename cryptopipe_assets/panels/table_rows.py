"""Rows of one table as research asks for them: checked, as a frame or read when they are needed.

Knows no result format but Polars, and makes no table from others.
"""

import difflib
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import reduce
from operator import and_
from typing import TypedDict, get_args

import polars as pl
from polars.io.plugins import register_io_source

from cryptopipe_assets.core.coin_names import CoinNames
from cryptopipe_assets.core.errors import RequestError, StorageError
from cryptopipe_assets.core.schema import SymbolRecord, Table
from cryptopipe_assets.core.symbology import split_multiplier
from cryptopipe_assets.panels.instants import Instant, instant
from cryptopipe_assets.panels.rename_chain import RenameChain
from cryptopipe_assets.storage.as_of import AVAILABLE_AT, Clock, opened_as_of
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.instruments import Instruments

Names = str | Sequence[str]

MILLISECOND = timedelta(milliseconds=1)
TIMESTAMP = pl.Datetime("ms", "UTC")
ENTITIES = ("symbol", "coin")
MORE_NAMES = 5


@dataclass(frozen=True, kw_only=True)
class TableRows:
    """A question about one table.

    Attributes
    ----------
    columns
        Of the answer, in this order.
    where
        What a row must fulfil.
    first, last
        Days that may have such rows, both included.
    as_of
        Instant whose knowledge is meant; None for the present.
    chain, under
        Renames that are followed, and what a row must fulfil under its newest name.
    """

    lake: Lake
    contract: type[Table]
    columns: Sequence[str]
    where: pl.Expr
    first: date = date.min
    last: date = date.max
    as_of: datetime | None = None
    clock: Clock = AVAILABLE_AT
    chain: RenameChain | None = None
    under: pl.Expr = field(default_factory=lambda: pl.lit(value=True))

    @property
    def schema(self) -> pl.Schema:
        """Columns of the answer and their types."""
        known = self.contract.polars_schema()
        return pl.Schema({name: known[name] for name in self.columns})

    def collect(self) -> pl.DataFrame:
        """The rows as they are now, by day and then by the table's key.

        Raises
        ------
        CorruptFile
            Naming the file and how to rebuild it.
        """
        frames = list(self._read())
        return pl.concat(frames) if frames else pl.DataFrame(schema=self.schema)

    def lazy(self) -> pl.LazyFrame:
        """The rows as they are whenever the frame is collected; reads what the query needs."""

        def source(
            columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            yield from self._read(columns=columns, predicate=predicate, n_rows=n_rows)

        return register_io_source(source, schema=self.schema)

    def _read(
        self,
        *,
        columns: list[str] | None = None,
        predicate: pl.Expr | None = None,
        n_rows: int | None = None,
    ) -> Iterator[pl.DataFrame]:
        left = n_rows
        for days in self.lake.parts(self.contract, self.first, self.last):
            if left == 0:
                return
            with self._opened(days) as rows:
                found = rows.filter(self.where)
                if self.chain is not None:
                    found = self.chain.chained(found, self.contract).filter(self.under)
                found = found.select(self.columns)
                found = found if predicate is None else found.filter(predicate)
                found = found if columns is None else found.select(columns)
                frame = (found if left is None else found.head(left)).collect()
            left = None if left is None else left - frame.height
            yield frame

    def _opened(self, days: Sequence[date | None]) -> AbstractContextManager[pl.LazyFrame]:
        if self.as_of is None:
            return self.lake.opened(self.contract, days)
        return opened_as_of(self.lake, self.contract, days, self.as_of, clock=self.clock)


class Question(TypedDict, total=False):
    """What may be asked of a table; see ``ask``."""

    symbols: Names | None
    coins: Names | None
    start: Instant | None
    end: Instant | None
    columns: Names | None
    as_of: Instant | None
    clock: Clock
    chain_renames: bool


def ask(
    lake: Lake,
    contract: type[Table],
    *,
    symbols: Names | None = None,
    coins: Names | None = None,
    start: Instant | None = None,
    end: Instant | None = None,
    columns: Names | None = None,
    as_of: Instant | None = None,
    clock: Clock = AVAILABLE_AT,
    renames: CoinNames | None = None,
) -> TableRows:
    """Check a question about a table before anything of it is read.

    Parameters
    ----------
    renames
        Names of coins whose renames are followed; by default rows have the names of their time.

    Raises
    ------
    RequestError
        Naming what cannot be answered, what was expected, and what is near.
    StorageError
        If the table has no file.
    """
    table = contract.table_name()
    since, until = instant(start, "start"), instant(end, "end")
    if since and until and since >= until:
        raise RequestError(
            f"start {since:%Y-%m-%d %H:%M} is not before end {until:%Y-%m-%d %H:%M}; the end is "
            f"not included: one day is start='2026-01-01', end='2026-01-02'"
        )
    known_at = instant(as_of, "as_of")
    if clock not in get_args(Clock):
        raise RequestError(f"clock: expected {' or '.join(get_args(Clock))}, came {clock!r}")
    wanted = _columns(contract, columns)
    if not lake.has(table):
        how = (
            "`cryptopipe history COIN`"
            if issubclass(contract, SymbolRecord)
            else "`cryptopipe demo` (a simulated market), `cryptopipe refresh --all` or "
            "`cryptopipe backfill`"
        )
        raise StorageError(f"{table} has no file in {lake.location()}; fill it: {how}")
    first = since.date() if since else date.min
    last = (until - MILLISECOND).date() if until else date.max
    window = [
        *([pl.col("ts") >= pl.lit(since, TIMESTAMP)] if since else []),
        *([pl.col("ts") < pl.lit(until, TIMESTAMP)] if until else []),
    ]
    about = TableRows(
        lake=lake,
        contract=contract,
        columns=wanted,
        where=reduce(and_, window, pl.lit(value=True)),
        first=first,
        last=last,
        as_of=known_at,
        clock=clock,
        chain=RenameChain(renames) if renames is not None else None,
    )
    entities = _Entities(about)
    chosen = entities.chosen(symbols, coins)
    of = [pl.col(column).is_in(sorted(names)) for column, names in chosen.items()]
    newest = entities.newest(chosen, symbols, coins)
    under = [pl.col(column).is_in(sorted(names)) for column, names in newest.items()]
    return replace(
        about, where=reduce(and_, of, about.where), under=reduce(and_, under, about.under)
    )


def near(name: str, known: Collection[str]) -> str:
    """What a name that is not known may have meant, for a message."""
    upper = {each.upper(): each for each in sorted(known)}
    found = difflib.get_close_matches(name.upper(), upper, n=3)
    if found:
        return f"did you mean {' or '.join(upper[each] for each in found)}?"
    if not known:
        return "none is known"
    some = sorted(known)[:MORE_NAMES]
    more = f" and {len(known) - len(some)} more" if len(known) > len(some) else ""
    return f"known are {', '.join(some)}{more}"


def _listed(names: Names, what: str) -> list[str]:
    found = [names] if isinstance(names, str) else list(names)
    if not found:
        raise RequestError(f"{what}: an empty list asks for nothing; leave it out to ask for all")
    return list(dict.fromkeys(found))


def _listed_or_none(names: Names | None) -> list[str]:
    return [] if names is None else [names] if isinstance(names, str) else list(names)


def _columns(contract: type[Table], columns: Names | None) -> list[str]:
    if columns is None:
        return contract.columns()
    wanted, known = _listed(columns, "columns"), contract.columns()
    for name in wanted:
        if name not in known:
            table = contract.table_name()
            raise RequestError(f"{table} has no column {name!r}; {near(name, known)}")
    return wanted


@dataclass(frozen=True)
class _Entities:
    """The symbols or coins of a question, checked against what there is.

    A table has a column for symbols, for coins, or for both. What is asked of the other kind is
    translated by the registry of instruments: ``coins="PEPE"`` of a table of contracts are its
    contracts, such as 1000PEPE-USDT-PERP; a contract of a table of coins is the coin behind it.
    """

    rows: TableRows

    def chosen(self, symbols: Names | None, coins: Names | None) -> dict[str, set[str]]:
        """Values of the table's columns that were asked for; of no column that was not."""
        asked = {
            "symbol": _listed(symbols, "symbols") if symbols is not None else None,
            "coin": [each.upper() for each in _listed(coins, "coins")]
            if coins is not None
            else None,
        }
        if asked["symbol"] is None and asked["coin"] is None:
            return {}
        pairs = self._registry()
        found: dict[str, set[str]] = {}
        for kind, names in asked.items():
            if names is None:
                continue
            if kind in self.rows.contract.columns():
                column, values = kind, self._checked(kind, names, pairs)
            else:
                column, values = self._translated(kind, names, pairs)
            found[column] = found[column] & values if column in found else values
        return found

    def newest(
        self, chosen: dict[str, set[str]], symbols: Names | None, coins: Names | None
    ) -> dict[str, set[str]]:
        """Values of the columns that were asked for, under the newest names."""
        chain = self.rows.chain
        if chain is None:
            return {}
        bases = [split_multiplier(each.partition("-")[0])[0] for each in _listed_or_none(symbols)]
        tickers = [each.upper() for each in _listed_or_none(coins)]
        asked = {chain.newest(each) for each in (*tickers, *bases)}
        return {column: chain.newest_of(column, names, asked) for column, names in chosen.items()}

    def _spread(self, kind: str, names: list[str], known: Collection[str]) -> list[str]:
        """The names that are known of each coin, where renames are followed; else the names."""
        chain = self.rows.chain
        if chain is None:
            return names
        return [
            other
            for name in names
            for other in (sorted(chain.all_of(kind, name) & set(known)) or [name])
        ]

    def _registry(self) -> set[tuple[str, str]]:
        """Every (symbol, coin) that the registry of instruments ever knew; none without one."""
        lake = self.rows.lake
        with lake.opened(Instruments, [None]) as rows:
            return set(rows.select(*ENTITIES).unique().collect().iter_rows())

    def _checked(self, kind: str, names: list[str], pairs: set[tuple[str, str]]) -> set[str]:
        """The names, if the registry or the table knows them all."""
        place = ENTITIES.index(kind)
        known = {pair[place] for pair in pairs}
        if self.rows.chain is not None:
            known |= self._stored(kind)
        names = self._spread(kind, names, known)
        unknown = [name for name in names if name not in known]
        if unknown:
            stored = self._stored(kind)
            unknown = [name for name in unknown if name not in stored]
            known = known | stored
        if unknown:
            table = self.rows.contract.table_name()
            raise RequestError(
                f"{table} has no {kind} {unknown[0]!r}; {_meant(kind, unknown[0], known, pairs)}"
            )
        return set(names)

    def _stored(self, kind: str) -> set[str]:
        """Names that the table has in the window, and in the newest days that have a file."""
        lake, contract = self.rows.lake, self.rows.contract
        found: set[str] = set()
        windows = list(lake.parts(contract, self.rows.first, self.rows.last))
        newest = list(lake.parts(contract, date.min, date.max))[-1:]
        for days in [*windows, *newest]:
            with lake.opened(contract, days) as rows:
                found.update(rows.select(pl.col(kind).unique()).collect().to_series().drop_nulls())
        return found

    def _translated(
        self, kind: str, names: list[str], pairs: set[tuple[str, str]]
    ) -> tuple[str, set[str]]:
        """Column that the table has instead, and the values that stand for the names."""
        place = ENTITIES.index(kind)
        other = ENTITIES[1 - place]
        table = self.rows.contract.table_name()
        if other not in self.rows.contract.columns():
            raise RequestError(f"{table} tells neither symbols nor coins apart; read it without")
        known = {pair[place] for pair in pairs}
        names = self._spread(kind, names, known)
        for name in names:
            if name not in known:
                raise RequestError(
                    f"{table} is by {other}, and no instrument has the {kind} {name!r}; "
                    f"{_meant(kind, name, known, pairs)}"
                )
        return other, {pair[1 - place] for pair in pairs if pair[place] in names}


def _meant(kind: str, name: str, known: Collection[str], pairs: set[tuple[str, str]]) -> str:
    """A hint: the other kind of name, or one that is spelt alike."""
    if kind == "symbol" and name.upper() in {coin for _, coin in pairs}:
        return f"{name.upper()} is a coin: coins={name.upper()!r}"
    if kind == "coin" and name in {symbol for symbol, _ in pairs}:
        return f"{name} is a symbol: symbols={name!r}"
    return near(name, known)
