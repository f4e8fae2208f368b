"""The warehouse in Python, for notebooks and scripts.

::

    import cryptopipe_assets as cp

    wh = cp.open_warehouse()
    wh.tables()
    print(wh.describe("ohlcv_1m"))
    wh.read("factors_1h", coins=["BTC", "ETH"], start="2026-11-01", end="2026-11-08")
    wh.read("ohlcv_1m", symbols="BTC-USDT-PERP", as_="lazy")
    wh.read("open_interest", coins="PEPE", as_of="2026-11-20T12:00Z")
    wh.sql("FROM leverage_weekly ORDER BY oi_to_market_cap DESC LIMIT 10")

Reading only: nothing is written or locked, and what a collector commits meanwhile is either not yet
or wholly there. Knows no Dagster, and asks no vendor. What costs time to import is imported when it
is first needed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from cryptopipe_assets.config.settings import Settings
    from cryptopipe_assets.core.coin_names import CoinNames
    from cryptopipe_assets.core.schema import Table
    from cryptopipe_assets.operations.table_description import TableDescription
    from cryptopipe_assets.panels.answer_forms import Form
    from cryptopipe_assets.panels.instants import Instant
    from cryptopipe_assets.panels.table_rows import Names, Question
    from cryptopipe_assets.storage.as_of import Clock
    from cryptopipe_assets.storage.lake import Lake

ANSWERS = ("SELECT", "EXPLAIN", "MULTI")
"""DuckDB's kinds of statements that only answer; a PIVOT is a MULTI."""


def open_warehouse(path: str | os.PathLike[str] | None = None) -> WarehouseReader:
    """Open a warehouse for reading.

    Parameters
    ----------
    path
        Folder of the tables, or a project folder, which stands for its warehouse. By default the
        project folder is ``CRYPTOPIPE_HOME``, else the nearest with a ``cryptopipe.toml`` from the
        current folder upwards. ``CRYPTOPIPE_WAREHOUSE``, also in its ``.env``, names another
        warehouse than the one in it.

    Raises
    ------
    ConfigError
        If there is no project folder, or its configuration is wrong.
    StorageError
        If there is no such folder.
    """
    from cryptopipe_assets.config.project import MARKER, home_above
    from cryptopipe_assets.config.settings import read_settings
    from cryptopipe_assets.core.errors import ConfigError, StorageError

    settings: Settings | None = None
    if path is None:
        settings = read_settings()
        root = settings.warehouse
    else:
        root = Path(path).expanduser().resolve()
        if (root / MARKER).is_file():
            settings = read_settings(root)
            root = settings.warehouse
    if not root.is_dir():
        raise StorageError(
            f"no warehouse at {root}; fill one with `cryptopipe demo`, or open another: "
            f"open_warehouse('path/to/warehouse')"
        )
    if settings is None and (home := home_above(root)) is not None:
        with suppress(ConfigError):  # it would only say how fresh the tables should be
            settings = read_settings(home).with_environment(warehouse=root)
    return WarehouseReader(root, settings)


class WarehouseReader:
    """The tables of a warehouse, to be read. Made by ``open_warehouse``.

    Holds no file open between two questions, so it may be kept for as long as one likes.
    """

    def __init__(self, root: Path, settings: Settings | None = None) -> None:
        self._root = root
        self._settings = settings

    def __repr__(self) -> str:
        """Where it is and what it holds."""
        return f"<warehouse {self._root}{f': {self.origin}' if self.origin else ''}>"

    @property
    def path(self) -> Path:
        """Absolute folder of the tables."""
        return self._root

    @property
    def origin(self) -> str | None:
        """Whose rows these are: ``live``, ``recorded`` or ``simulated``; None if nobody said."""
        from cryptopipe_assets.storage.origin import origin_of

        return origin_of(self._root)

    def tables(self) -> pl.DataFrame:
        """One row a table, each after those it is made from.

        Returns
        -------
        DataFrame of table, layer, row (what a row is), key, first_day and last_day (null without
        a file, or for a table without days), files, megabytes and as_of (whether it can be read as
        of an instant).
        """
        import polars as pl

        from cryptopipe_assets.storage.catalog.statements import first_line
        from cryptopipe_assets.storage.inventory import survey

        rows = []
        for name, contract in self._contracts().items():
            files = survey(self._root, name, has_days=contract.has_days())
            rows.append(
                {
                    "table": name,
                    "layer": contract.__module__.split(".")[-2],
                    "row": first_line(contract),
                    "key": ", ".join(contract.key()),
                    "first_day": files.days[0] if files.days else None,
                    "last_day": files.days[-1] if files.days else None,
                    "files": len(files.paths),
                    "megabytes": round(files.bytes / 1e6, 3),
                    "as_of": contract.keeps_versions(),
                }
            )
        return pl.DataFrame(rows, schema_overrides={"first_day": pl.Date, "last_day": pl.Date})

    def describe(self, table: str) -> TableDescription:
        """What a table promises, where its rows come from, how far they reach, how fresh they are.

        Raises
        ------
        RequestError
            If there is no such table, with what is near.
        """
        from cryptopipe_assets.operations.table_description import describe

        contract = self._contract(table)
        return describe(self._lake(), contract, settings=self._settings, now=datetime.now(UTC))

    @overload
    def read(
        self, table: str, *, as_: Literal["polars"] = "polars", **question: Unpack[Question]
    ) -> pl.DataFrame: ...
    @overload
    def read(
        self, table: str, *, as_: Literal["lazy"], **question: Unpack[Question]
    ) -> pl.LazyFrame: ...
    @overload
    def read(
        self, table: str, *, as_: Literal["pandas"], **question: Unpack[Question]
    ) -> pd.DataFrame: ...
    @overload
    def read(
        self, table: str, *, as_: Literal["arrow"], **question: Unpack[Question]
    ) -> pa.Table: ...
    @overload
    def read(
        self, table: str, *, as_: Literal["duckdb"], **question: Unpack[Question]
    ) -> duckdb.DuckDBPyRelation: ...
    def read(
        self,
        table: str,
        *,
        symbols: Names | None = None,
        coins: Names | None = None,
        start: Instant | None = None,
        end: Instant | None = None,
        columns: Names | None = None,
        as_of: Instant | None = None,
        clock: Clock = "available_at",
        chain_renames: bool = False,
        as_: Form = "polars",
    ) -> Any:
        """Rows of a table, by day and then by the table's key.

        Parameters
        ----------
        table
            Its name; ``tables()`` lists them. Derived views are asked in ``sql``.
        symbols, coins
            One name or several. Of a table without that column they are translated by the registry
            of instruments: ``coins="PEPE"`` of a table of contracts means the contracts of PEPE,
            ``symbols="1000PEPE-USDT-PERP"`` of a table of coins means PEPE. Both together must
            both hold.
        start, end
            Window of ``ts``, half-open: ``end`` is not included. An aware datetime, a date (its
            00:00 UTC), or either as ISO text.
        columns
            Which, in which order; all by default.
        as_of
            The table as it was known then: without later rows, revisions and recomputations undone.
        clock
            Whose knowledge ``as_of`` means: ``available_at`` is the market's, ``ingested_at`` this
            warehouse's own.
        chain_renames
            Rows of a renamed coin under its newest name: MATIC's as POL's. No figure changes;
            mergers and redenominations are not followed. Off, a row has the name of its time.
        as_
            ``polars`` reads at once; ``lazy`` when it is collected, and only what is needed then;
            ``pandas``, ``arrow`` and ``duckdb`` read at once, too.

        Raises
        ------
        RequestError
            Naming what cannot be answered, and what is near it.
        StorageError
            If the table has no file yet.
        CorruptFile
            Naming the file.
        """
        from cryptopipe_assets.panels.answer_forms import formed, require_form
        from cryptopipe_assets.panels.table_rows import ask

        require_form(as_)
        rows = ask(
            self._lake(),
            self._contract(table),
            symbols=symbols,
            coins=coins,
            start=start,
            end=end,
            columns=columns,
            as_of=as_of,
            clock=clock,
            renames=self._coin_names() if chain_renames else None,
        )
        return rows.lazy() if as_ == "lazy" else formed(rows.collect(), as_)

    @overload
    def sql(
        self,
        query: str,
        parameters: Sequence[object] | Mapping[str, object] | None = None,
        *,
        as_: Literal["polars"] = "polars",
    ) -> pl.DataFrame: ...
    @overload
    def sql(self, query: str, parameters: Any = None, *, as_: Literal["lazy"]) -> pl.LazyFrame: ...
    @overload
    def sql(
        self, query: str, parameters: Any = None, *, as_: Literal["pandas"]
    ) -> pd.DataFrame: ...
    @overload
    def sql(self, query: str, parameters: Any = None, *, as_: Literal["arrow"]) -> pa.Table: ...
    @overload
    def sql(
        self, query: str, parameters: Any = None, *, as_: Literal["duckdb"]
    ) -> duckdb.DuckDBPyRelation: ...
    def sql(self, query: str, parameters: Any = None, *, as_: Form = "polars") -> Any:
        """The answer of one query in DuckDB's SQL, read at once; times are in UTC.

        Every table is a view of its name, with its day as the column ``date``; beside them are the
        derived views, ``<table>_revisions``, and ``<table>_as_of(instant)`` of collected tables.

        Parameters
        ----------
        parameters
            Values of ``?`` or ``$name`` in the query.

        Raises
        ------
        RequestError
            If DuckDB refuses the query, or if it would change something.
        CorruptFile
            Naming the file.
        """
        import duckdb

        from cryptopipe_assets.core.errors import RequestError
        from cryptopipe_assets.panels.answer_forms import formed, require_form
        from cryptopipe_assets.storage.catalog.attempts import REFUSALS, attempted

        require_form(as_)

        def answer() -> Any:
            with self.connect() as connection:
                _require_answer(connection, query)
                return formed(connection.sql(query, params=parameters).pl(), as_)

        try:
            return attempted(answer)
        except duckdb.Error as exc:
            if not isinstance(exc, REFUSALS):
                self._require_readable()
            raise RequestError(f"DuckDB refused the query: {_sentence(exc)}") from exc

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection of one's own, in memory, in UTC, with the views that ``sql`` has.

        For joins with one's own frames and tables. A relation of it is read when it is executed; if
        a collector replaces a file in that moment DuckDB says so, and executing again helps.
        """
        from cryptopipe_assets.storage.catalog.catalog import in_memory

        return in_memory(self._lake(), list(self._contracts().values()))

    def _coin_names(self) -> CoinNames:
        """Which coin each name means: lines of the project's ``[coins]`` before the package's."""
        from cryptopipe_assets.core.coin_names import coin_names

        return self._settings.config.coin_names if self._settings else coin_names()

    def _lake(self) -> Lake:
        from cryptopipe_assets.storage.lake import Lake

        return Lake(self._root)

    def _require_readable(self) -> None:
        """Raise for the first file that has no footer, if one has none."""
        for contract in self._contracts().values():
            self._lake().check_footers(contract)

    @staticmethod
    def _contracts() -> Mapping[str, type[Table]]:
        """Every table, each after those it is made from."""
        from cryptopipe_assets.tables.catalog import contracts
        from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS

        known = contracts()
        return {name: known[name] for name in [*SERVICE_LEVELS, *known]}

    def _contract(self, table: str) -> type[Table]:
        from cryptopipe_assets.core.errors import RequestError
        from cryptopipe_assets.panels.table_rows import near
        from cryptopipe_assets.storage.catalog.view_set import VIEWS

        known = self._contracts()
        if table in known:
            return known[table]
        if table in {view.name for view in VIEWS}:
            raise RequestError(f"{table} is a derived view: wh.sql('FROM {table}')")
        raise RequestError(f"no table {table!r}; {near(table, known.keys())}")


def _require_answer(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Refuse what is not exactly one statement that only answers."""
    import duckdb

    from cryptopipe_assets.core.errors import RequestError

    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as exc:
        raise RequestError(f"DuckDB refused the query: {_sentence(exc)}") from exc
    kinds = [statement.type.name for statement in statements]
    if len(kinds) != 1 or kinds[0] not in ANSWERS:
        raise RequestError(
            f"expected one query that only reads, came {', '.join(kinds) or 'nothing'}; "
            f"for tables of your own use wh.connect()"
        )


def _sentence(failure: Exception) -> str:
    """The first line of what DuckDB said."""
    return next((line.strip() for line in str(failure).splitlines() if line.strip()), "no reason")
