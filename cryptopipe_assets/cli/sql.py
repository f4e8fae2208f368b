"""A query against the catalog, its answer as a table, JSON or CSV."""

import sys
from typing import Annotated

import duckdb
import polars as pl
import typer

from cryptopipe_assets.cli.console import frame_table, out
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.storage.catalog.catalog import connect
from cryptopipe_assets.storage.lake import Lake

ROWS_SHOWN = 100

TABLES = """
    SELECT view_name AS "table", comment AS "what a row is"
    FROM duckdb_views() WHERE NOT internal AND NOT suffix(view_name, '_revisions')
    ORDER BY view_name
"""


def command(
    query: Annotated[str | None, typer.Argument(help="DuckDB SQL; without it, the tables.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All rows as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="All rows as CSV.")] = False,
    warehouse: Warehouse = None,
) -> None:
    """Query the catalog."""
    form = "json" if as_json else "csv" if as_csv else "table"
    sql(settings_for(warehouse), query, form=form)


def sql(settings: Settings, query: str | None, *, form: str) -> None:
    """Print the answer of ``query``; without one, the tables there are.

    Raises
    ------
    RequestError
        If DuckDB refuses the query.
    """
    answer = ask(settings, query or TABLES)
    if form == "json":
        sys.stdout.write(answer.write_json() + "\n")
    elif form == "csv":
        sys.stdout.write(answer.write_csv())
    else:
        out.print(frame_table(answer.head(ROWS_SHOWN)))
        if answer.height > ROWS_SHOWN:
            out.print(f"first {ROWS_SHOWN} of {answer.height:,} rows; --csv or --json gives all")


def ask(settings: Settings, query: str) -> pl.DataFrame:
    """The answer as a frame."""
    with connect(Lake(settings.warehouse)) as connection:
        try:
            relation = connection.sql(query)
            return pl.DataFrame() if relation is None else pl.DataFrame(relation.pl())
        except duckdb.Error as exc:
            lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
            raise RequestError(f"DuckDB refused the query: {lines[0]}") from exc
