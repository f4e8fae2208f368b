"""The file that DuckDB opens first of a table, which no commit ever replaces.

DuckDB opens the first file of a list when it plans a query, and once more when it runs it: if a
collector replaces that file in between, the footer of one version is used for the bytes of another
and the query fails. So the list begins with a file that holds the columns and, by the same token,
the number of rows that DuckDB expects of every other. Its rows are null and of the year 1, where
no view looks.
"""

from pathlib import Path

import polars as pl

from cryptopipe_assets.core.unreadable import OF_POLARS
from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.lake import Lake

FOLDER = ".schema"
FILE = "part-0.schema"
"""No Parquet by its name: who reads every ``*.parquet`` of a warehouse shall not meet it."""

YEAR_ONE = "0001-01-01"


def schema_file(lake: Lake, folder: str) -> Path:
    """Where the schema file of a folder of the warehouse belongs."""
    own = lake.root / FOLDER / folder
    return (own if lake.path(folder).is_file() else own / f"date={YEAR_ONE}") / FILE


def is_missing(lake: Lake, folder: str) -> bool:
    """Whether a folder that has files has no schema file."""
    return lake.has(folder) and not schema_file(lake, folder).is_file()


def write_schema_file(lake: Lake, folder: str) -> None:
    """Make the schema file of a folder that has files, if it is missing or of other columns."""
    day = max(lake.days(folder), default=None)
    try:
        with lake.path(folder, day).open("rb") as stored:
            rows = pl.scan_parquet(stored, hive_partitioning=False)
            schema, count = rows.collect_schema(), rows.select(pl.len()).collect().item()
        target = schema_file(lake, folder)
        if target.is_file() and pl.read_parquet_schema(target) == schema:
            return
    except (FileNotFoundError, *OF_POLARS):
        return  # the file itself is what has to be mended, and reading it says so
    height = count if day else 0
    empty = pl.DataFrame(
        {name: pl.Series([None] * height, dtype=of) for name, of in schema.items()}
    )
    write_atomically(target, empty.write_parquet)
