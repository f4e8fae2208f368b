"""The statements that make the catalog: a view of each table with its comments, and its macros."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from cryptopipe_assets.core.schema import Collected, Derived, Table
from cryptopipe_assets.storage.catalog.as_of_macro import as_of_macro, derived_as_of_macro
from cryptopipe_assets.storage.catalog.schema_files import YEAR_ONE, schema_file
from cryptopipe_assets.storage.catalog.view import View
from cryptopipe_assets.storage.catalog.view_set import VIEWS
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.revisions import SUFFIX

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
        every = f"'{quoted(root / folder / pattern)}'"
        if not self.on_disk:
            return every
        own = schema_file(self.lake, folder).parent.relative_to(self.lake.root)
        return f"['{quoted(root / own / 'part-[0].schema')}', {every}]"


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
        text = quoted(f"{SUPERSEDED} [UTC]")
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
    yield f"COMMENT ON VIEW c.{name} IS '{quoted(sentence)}'"
    units = contract.units()
    for column, sentence in contract.descriptions().items():
        text = quoted(f"{sentence} [{units[column]}]")
        yield f"COMMENT ON COLUMN c.{name}.{column} IS '{text}'"


def statements(
    lake: Lake, contracts: Sequence[type[Table]], *, absolute: bool, on_disk: bool
) -> dict[str, list[str]]:
    """SQL that makes the catalog, by what it shows; in an order in which it can be executed."""
    said: dict[str, list[str]] = {}
    if not absolute:
        said[FOLDER] = [f"CREATE MACRO c.{FOLDER}() AS '{quoted(lake.root.resolve().name)}'"]
    for contract in sorted(contracts, key=lambda each: each.table_name()):
        said[contract.table_name()] = [*_of_table(_Files(lake, absolute, on_disk), contract)]
    tables = {each.table_name(): each for each in contracts}
    for view in VIEWS:
        if tables.keys() >= set(view.tables):
            said[view.name] = [*_of_view(view, tables[view.tables[0]])]
    return said


def _of_view(view: View, table: type[Table]) -> Iterator[str]:
    """Statements that show a derived view; without columns of its own it has those of ``table``."""
    yield f"CREATE VIEW c.{view.name} AS {view.query}"
    if not view.columns:
        yield from _comments(table, view.name, view.comment)
        return
    yield f"COMMENT ON VIEW c.{view.name} IS '{quoted(view.comment)}'"
    for column, sentence in view.columns.items():
        yield f"COMMENT ON COLUMN c.{view.name}.\"{column}\" IS '{quoted(sentence)}'"


def first_line(contract: type[Table]) -> str:
    """The contract's own sentence on what a row is."""
    return (contract.__doc__ or "").strip().splitlines()[0]


def sql_type(dtype: pl.DataType) -> str:
    """DuckDB's name of the type that a Parquet column of ``dtype`` is read as."""
    return SQL_TYPES[type(dtype)]


def _escaped(path: object) -> str:
    """A path whose brackets and stars are no pattern: ``w[ab]`` is not ``wa``."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def quoted(text: object) -> str:
    """Text between apostrophes of SQL."""
    return str(text).replace("'", "''")
