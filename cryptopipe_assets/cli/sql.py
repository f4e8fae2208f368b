"""A query against the catalog, its answer as a table, JSON or CSV."""

import re
import sys
from collections.abc import Callable
from typing import Annotated

import duckdb
import polars as pl
import typer

from cryptopipe_assets.cli.console import frame_table, out, printable
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.unreadable import UNREADABLE, reason
from cryptopipe_assets.storage.catalog.attempts import attempted
from cryptopipe_assets.storage.catalog.catalog import connect
from cryptopipe_assets.storage.catalog.confined import confined
from cryptopipe_assets.storage.lake import Lake

ROWS_SHOWN = 100

FRAMELESS = re.compile(r"INTERVAL|BIT\b|BLOB|UNION|BIGNUM|VARINT|TIME WITH TIME ZONE")
"""Types that a frame or JSON does not hold, by themselves or inside of others."""

NESTED = frozenset({"list", "struct", "map", "array"})

TABLES = """
    SELECT view_name AS "table", comment AS "what a row is"
    FROM duckdb_views() WHERE NOT internal AND NOT suffix(view_name, '_revisions')
    ORDER BY view_name
"""


def command(
    query: Annotated[str | None, typer.Argument(help="DuckDB SQL; without it, the tables.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All rows as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="All rows as CSV.")] = False,
    unsafe: Annotated[
        bool,
        typer.Option("--unsafe", help="Let it write files, read others and load extensions."),
    ] = False,
    warehouse: Warehouse = None,
) -> None:
    """Query the catalog; the query reads the warehouse and nothing else."""
    form = "json" if as_json else "csv" if as_csv else "table"
    sql(settings_for(warehouse), query, form=form, unsafe=unsafe)


def sql(settings: Settings, query: str | None, *, form: str, unsafe: bool = False) -> None:
    """Print the answer of ``query``; without one, the tables there are.

    Parameters
    ----------
    unsafe
        Let the query do whatever DuckDB can: for who wants files written or extensions loaded.

    Raises
    ------
    RequestError
        If DuckDB refuses the query, or it does more than read the warehouse.
    """
    answer = ask(settings, query or TABLES, flat=form == "csv", unsafe=unsafe)
    if form == "json":
        sys.stdout.write(_text(answer.write_json) + "\n")
    elif form == "csv":
        text = _text(answer.write_csv)
        # a file gets the values as they are, a terminal nothing that would steer it
        sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
    else:
        out.print(frame_table(answer.head(ROWS_SHOWN)))
        if answer.height > ROWS_SHOWN:
            out.print(f"first {ROWS_SHOWN} of {answer.height:,} rows; --csv or --json gives all")


def ask(
    settings: Settings, query: str, *, flat: bool = False, unsafe: bool = False
) -> pl.DataFrame:
    """The answer as a frame; values that a frame does not hold are as DuckDB spells them.

    Parameters
    ----------
    flat
        Lists and objects are text, too: for what has no such thing.
    """
    lake = Lake(settings.warehouse)
    with connect(lake) if unsafe else confined(lake, query) as connection:

        def answer() -> pl.DataFrame:
            relation = connection.sql(query)
            if relation is None:
                return pl.DataFrame()
            return pl.DataFrame(_spelt(relation, flat=flat).pl())

        try:
            # What may write is not put again: half of it may have been done.
            return answer() if unsafe else attempted(answer)
        except duckdb.Error as exc:
            raise RequestError(f"DuckDB refused the query: {_said(exc)}") from exc
        except UNREADABLE as exc:
            raise _not_shown(exc) from exc


def _spelt(relation: duckdb.DuckDBPyRelation, *, flat: bool) -> duckdb.DuckDBPyRelation:
    """The relation with columns as text that neither a frame nor a file of text can hold."""
    columns, is_text = [], False
    names = zip(relation.columns, relation.types, strict=True)
    for place, (name, kind) in enumerate(names, start=1):
        if FRAMELESS.search(str(kind)) or (flat and kind.id in NESTED):
            is_text = True
            quoted = name.replace('"', '""')
            columns.append(f'CAST(#{place} AS VARCHAR) AS "{quoted}"')
        else:
            columns.append(f"#{place}")
    return relation.project(", ".join(columns)) if is_text else relation


def _text(write: Callable[[], str]) -> str:
    try:
        return write()
    except UNREADABLE as exc:
        raise _not_shown(exc) from exc


def _not_shown(failure: BaseException) -> RequestError:
    return RequestError(
        f"the answer has values that cannot be shown ({reason(failure)}); cast their column to "
        "text: CAST(... AS VARCHAR)"
    )


def _said(refusal: duckdb.Error) -> str:
    """The first line of what DuckDB said, with what to do about a door that is shut."""
    first = next((line.strip() for line in str(refusal).splitlines() if line.strip()), "")
    if "disabled by configuration" in first or "has been locked" in first:
        return f"{first.rstrip('.')}. It may read the warehouse only; --unsafe opens the rest"
    return first
