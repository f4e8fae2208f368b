"""The DuckDB catalog, made anew from the Parquet files."""

from pathlib import Path
from typing import Annotated

import typer

from cryptopipe_assets.cli.console import literal, out
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.runtime.resources import warehouse as warehouse_of
from cryptopipe_assets.storage.catalog.catalog import rebuild, write_catalog


def command(
    absolute: Annotated[
        Path | None,
        typer.Option(help="Write a copy with absolute paths here, for tools that start elsewhere."),
    ] = None,
    warehouse: Warehouse = None,
) -> None:
    """Rebuild the DuckDB catalog from the Parquet files."""
    found = warehouse_of(settings_for(warehouse))
    if absolute is None:
        out.print(f"wrote {literal(rebuild(found.lake, found.contracts))}")
    else:
        path = write_catalog(found.lake, found.contracts, absolute, absolute=True)
        out.print(f"wrote {literal(path)}")
