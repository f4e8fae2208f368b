"""The DuckDB catalog: views and macros over the Parquet files, and nothing else.

It can be deleted at any time; ``rebuild`` makes it again. Paths in the views are relative to the
folder above the warehouse: a person there opens the file as it is, and ``connect`` works from
anywhere. The file is written in the storage format of DuckDB 1.0, which every later client reads.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from cryptopipe_assets.core.errors import CorruptFile, StorageError
from cryptopipe_assets.core.schema import Collected, Derived, Table
from cryptopipe_assets.storage.atomic import half_written, write_atomically
from cryptopipe_assets.storage.catalog.as_of_macro import as_of_macro, derived_as_of_macro
from cryptopipe_assets.storage.catalog.schema_files import (
    YEAR_ONE,
    is_missing,
    schema_file,
    write_schema_file,
)
from cryptopipe_assets.storage.catalog.view import View
from cryptopipe_assets.storage.catalog.view_set import VIEWS
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.revisions import SUFFIX

CATALOG = "cryptopipe.duckdb"
SIGNATURE = ".catalog"
FOLDER = "catalog_folder"
"""Macro that says for which folder the views were made."""

LIKE_A_DAY = "date=[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]"
"""Pattern of a day's folder; what passes and is none, as the 31st of February, is filtered."""

SUPERSEDED = "When a recomputation took this version out of the table."

SQL_TYPES: dict[type[pl.DataType], str] = {
    pl.String: "VARCHAR",
    pl.Float64: "DOUBLE",
    pl.Int64: "BIGINT",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
    pl.Datetime: "TIMESTAMP WITH TIME ZONE",
}


def refresh(lake: Lake, contracts: Sequence[type[Table]]) -> bool:
    """Rebuild the catalog if it is missing or no longer says what it should.

    Called after every commit: it costs a comparison unless a table got its first file or a
    contract changed.
    """
    signature = _signature(lake, contracts)
    stored = lake.root / SIGNATURE
    current = stored.read_text(encoding="utf-8") if stored.is_file() else None
    whole = not any(is_missing(lake, each) for each in _folders(contracts))
    if current == signature and whole and (lake.root / CATALOG).is_file():
        return False
    rebuild(lake, contracts)
    return True


def rebuild(lake: Lake, contracts: Sequence[type[Table]]) -> Path:
    """Write the catalog anew and put it in place in one step; open readers keep the old one.

    Parameters
    ----------
    contracts
        The tables to show. One without a file becomes an empty view with its columns.

    Returns
    -------
    Path of the catalog.
    """
    signature = _signature(lake, contracts)
    with lake.lock("catalog"):
        target = write_catalog(lake, contracts, lake.root / CATALOG)
        write_atomically(lake.root / SIGNATURE, lambda path: _write_text(path, signature))
    return target


def write_catalog(
    lake: Lake, contracts: Sequence[type[Table]], target: Path, *, absolute: bool = False
) -> Path:
    """Write a catalog of ``lake`` to ``target``.

    Parameters
    ----------
    absolute
        Put absolute paths in the views, for tools that start elsewhere.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    if "?" in str(target.absolute()):
        raise StorageError(
            f"DuckDB opens no file whose path has a question mark, as {target.absolute()} has; "
            f"rename the folder"
        )

    for folder in _folders(contracts):
        if lake.has(folder):
            write_schema_file(lake, folder)

    def write(path: Path) -> None:
        with duckdb.connect(config=_search_path(lake)) as connection:
            connection.execute(f"ATTACH '{_quoted(path)}' AS c (STORAGE_VERSION 'v1.0.0')")
            connection.execute("USE c")  # views that read views name them without a catalog
            connection.begin()  # 500 statements: apart from each other they take thrice as long
            for statement in _ddl(lake, contracts, absolute=absolute, on_disk=True):
                connection.execute(statement)
            connection.commit()
            connection.execute("USE memory")
            connection.execute("DETACH c")

    try:
        write_atomically(target, write)
    except duckdb.Error as exc:
        raise half_written(target, exc) from exc
    return target


def connect(lake: Lake) -> duckdb.DuckDBPyConnection:
    """Open the catalog read-only, in UTC, with the views' paths resolved.

    Raises
    ------
    StorageError
        If there is no catalog yet, another process holds it read-write, or it was copied from
        another folder.
    CorruptFile
        If the file is not a DuckDB database.
    """
    path = lake.root / CATALOG
    if not path.is_file():
        raise StorageError(
            f"no catalog at {path}; fill the warehouse first: `cryptopipe demo`, or "
            f"`cryptopipe replay` with recorded files"
        )
    try:
        connection = duckdb.connect(str(path), read_only=True, config=_search_path(lake))
    except duckdb.IOException as exc:
        raise _cannot_open(path, exc) from exc
    _require_own(connection, lake)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _require_own(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Check that the catalog was made for the folder that it lies in; close it if it was not.

    Its views name the warehouse's folder: in a copy beside they would read the original's rows.

    Raises
    ------
    StorageError
    """
    try:
        [(folder,)] = connection.sql(f"SELECT {FOLDER}()").fetchall()
    except duckdb.CatalogException:  # a file of an earlier version does not tell
        return
    if folder != (here := lake.root.resolve().name):
        connection.close()
        raise StorageError(
            f"{lake.root / CATALOG} was made for a folder {folder!r} and lies in {here!r}: it was "
            f"copied or renamed, and would show the rows of the other one. Make it anew: "
            f"cryptopipe catalog"
        )


def in_memory(lake: Lake, contracts: Sequence[type[Table]]) -> duckdb.DuckDBPyConnection:
    """A catalog of what is there now that no file holds: nothing is locked, nothing written.

    It is in UTC, and works wherever the warehouse was moved to and whoever writes the catalog's
    file meanwhile. Comments are left out: they are most of the statements.
    """
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("ATTACH ':memory:' AS c")
    connection.execute("USE c")
    connection.begin()
    for statement in _ddl(lake, contracts, absolute=True, on_disk=False):
        if not statement.startswith("COMMENT"):
            connection.execute(statement)
    connection.commit()
    return connection


def _search_path(lake: Lake) -> dict[str, str | bool | int | float | list[str]]:
    return {"file_search_path": str(lake.root.resolve().parent)}


def _folders(contracts: Sequence[type[Table]]) -> list[str]:
    """Folders of the warehouse that the catalog may show: of tables, and of their revisions."""
    names = sorted(each.table_name() for each in contracts)
    return [*names, *(name + SUFFIX for name in names)]


@dataclass(frozen=True)
class _Files:
    """SQL that reads the files of folders of a warehouse.

    Attributes
    ----------
    absolute
        Whether paths are; else they begin above the warehouse.
    on_disk
        Whether the catalog is a file, whose readers nobody can tell to try again: then each list
        begins with a file that no commit replaces.
    """

    lake: Lake
    absolute: bool
    on_disk: bool

    def of(self, folder: str) -> str | None:
        """SQL of all rows of a folder; null if it has no file."""
        if self.lake.path(folder).is_file():
            # DuckDB looks for a plain relative path in the current folder first, which may hold a
            # warehouse of the same name; for a pattern it looks only where it was told to.
            return f"read_parquet({self._list(folder, 'part-[0].parquet')})"
        if not self.lake.days(folder):
            return None
        files = self._list(folder, f"{LIKE_A_DAY}/part-0.parquet")
        read = f"read_parquet({files}, hive_partitioning = true, hive_types = {{'date': VARCHAR}})"
        # One folder such as `date=2026-02-31` would make a text of every day, or an error of every
        # query. DuckDB takes the name apart before it opens a file: other days cost nothing.
        day = "TRY_CAST(date AS DATE)"
        return f"(SELECT * REPLACE ({day} AS date) FROM {read} WHERE {day} > DATE '{YEAR_ONE}')"

    def _list(self, folder: str, pattern: str) -> str:
        base = self.lake.root.resolve()
        root = Path(_escaped(base if self.absolute else base.name))
        every = f"'{_quoted(root / folder / pattern)}'"
        if not self.on_disk:
            return every
        own = schema_file(self.lake, folder).parent.relative_to(self.lake.root)
        return f"['{_quoted(root / own / 'part-[0].schema')}', {every}]"


def _nothing(contract: type[Table]) -> str:
    """SQL of the contract's columns without rows."""
    columns = ", ".join(
        f"NULL::{sql_type(dtype)} AS {column}" for column, dtype in contract.polars_schema().items()
    )
    day = ", NULL::DATE AS date" if contract.has_days() else ""
    return f"(SELECT {columns}{day} WHERE false)"


def _of_table(files: _Files, contract: type[Table]) -> Iterator[str]:
    """Statements that show a table; of a collected one also its past versions."""
    name = contract.table_name()
    current = files.of(name) or _nothing(contract)
    lake = files.lake
    if issubclass(contract, Derived) and lake.has(name) and not lake.notes_derived_at(contract):
        current = f"(SELECT *, NULL::TIMESTAMPTZ AS derived_at FROM {current})"
    yield f"CREATE VIEW c.{name} AS SELECT * FROM {current}"
    yield from _comments(contract, name, first_line(contract))
    if issubclass(contract, Derived):
        revisions = files.of(name + SUFFIX)
        earlier = (
            revisions or f"(SELECT *, NULL::TIMESTAMPTZ AS superseded_at FROM {_nothing(contract)})"
        )
        yield f"CREATE VIEW c.{name + SUFFIX} AS SELECT * FROM {earlier}"
        sentence = f"A version of a row of {name} that a recomputation changed or dropped."
        yield from _comments(contract, name + SUFFIX, sentence)
        text = _quoted(f"{SUPERSEDED} [UTC]")
        yield f"COMMENT ON COLUMN c.{name + SUFFIX}.superseded_at IS '{text}'"
        yield from derived_as_of_macro(contract, current=current, revisions=revisions)
    if issubclass(contract, Collected):
        revisions = files.of(name + SUFFIX)
        yield f"CREATE VIEW c.{name + SUFFIX} AS SELECT * FROM {revisions or _nothing(contract)}"
        sentence = f"A version of a row of {name} that a later one superseded."
        yield from _comments(contract, name + SUFFIX, sentence)
        yield from as_of_macro(contract, current=current, revisions=revisions)


def _comments(contract: type[Table], name: str, sentence: str) -> Iterator[str]:
    """Put the contract's sentences where a database tool shows them."""
    yield f"COMMENT ON VIEW c.{name} IS '{_quoted(sentence)}'"
    units = contract.units()
    for column, sentence in contract.descriptions().items():
        text = _quoted(f"{sentence} [{units[column]}]")
        yield f"COMMENT ON COLUMN c.{name}.{column} IS '{text}'"


def _ddl(
    lake: Lake, contracts: Sequence[type[Table]], *, absolute: bool, on_disk: bool
) -> Iterator[str]:
    if not absolute:
        yield f"CREATE MACRO c.{FOLDER}() AS '{_quoted(lake.root.resolve().name)}'"
    for contract in sorted(contracts, key=lambda each: each.table_name()):
        yield from _of_table(_Files(lake, absolute, on_disk), contract)
    tables = {each.table_name(): each for each in contracts}
    for view in VIEWS:
        if tables.keys() >= set(view.tables):
            yield from _of_view(view, tables[view.tables[0]])


def _of_view(view: View, table: type[Table]) -> Iterator[str]:
    """Statements that show a derived view; without columns of its own it has those of ``table``."""
    yield f"CREATE VIEW c.{view.name} AS {view.query}"
    if not view.columns:
        yield from _comments(table, view.name, view.comment)
        return
    yield f"COMMENT ON VIEW c.{view.name} IS '{_quoted(view.comment)}'"
    for column, sentence in view.columns.items():
        yield f"COMMENT ON COLUMN c.{view.name}.\"{column}\" IS '{_quoted(sentence)}'"


def _signature(lake: Lake, contracts: Sequence[type[Table]]) -> str:
    text = "\n".join(_ddl(lake, contracts, absolute=False, on_disk=True))
    return hashlib.sha256(text.encode()).hexdigest()


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def first_line(contract: type[Table]) -> str:
    """The contract's own sentence on what a row is."""
    return (contract.__doc__ or "").strip().splitlines()[0]


def sql_type(dtype: pl.DataType) -> str:
    """DuckDB's name of the type that a Parquet column of ``dtype`` is read as."""
    return SQL_TYPES[type(dtype)]


def _escaped(path: object) -> str:
    """A path whose brackets and stars are no pattern: ``w[ab]`` is not ``wa``."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def _quoted(text: object) -> str:
    return str(text).replace("'", "''")


def _cannot_open(path: Path, cause: duckdb.IOException) -> StorageError:
    if "lock" in str(cause).lower():
        return StorageError(
            f"{path} is open for writing in another process; close it there, or open it there "
            f"read-only (duckdb -readonly {os.path.relpath(path)}), and try again"
        )
    return CorruptFile(
        f"{path} is not a readable DuckDB file; delete it and run `cryptopipe catalog`: "
        f"it holds views only, no data"
    )
