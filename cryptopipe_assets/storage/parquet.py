"""A partition's file: how it is written, counted and read, and what is said of a damaged one."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl

from cryptopipe_assets.core.errors import CorruptFile
from cryptopipe_assets.core.schema import Derived, Table, with_derived_at

ROW_GROUP = 14_400
"""Ten symbols of 1-minute bars: row-group statistics then prune by symbol."""


def writer(frame: pl.DataFrame) -> Callable[[Path], None]:
    """Return what writes ``frame`` to a path."""

    def write(path: Path) -> None:
        frame.write_parquet(path, compression="zstd", row_group_size=ROW_GROUP, statistics=True)

    return write


def row_count(path: Path) -> int:
    """Rows of a file, from its footer."""
    return int(
        pl.scan_parquet(path, hive_partitioning=False, glob=False).select(pl.len()).collect().item()
    )


def read_partition(path: Path, contract: type[Table], day: date | None) -> pl.DataFrame:
    """Rows of a file in the contract's columns, or no rows if there is no such file.

    Raises
    ------
    CorruptFile
        Naming the file and how to rebuild it.
    """
    if not path.is_file():
        return contract.empty_frame()
    try:
        rows = pl.read_parquet(path, hive_partitioning=False, glob=False).lazy()
        return in_columns_of(contract, rows).collect()
    except (pl.exceptions.PolarsError, OSError) as exc:
        raise corrupt(path, contract, day, exc) from exc


def column_names(path: Path) -> list[str]:
    """Columns of a file, from its footer."""
    return list(pl.read_parquet_schema(path))


def in_columns_of(contract: type[Table], rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of files in the contract's columns; ``derived_at`` is null in files of before it."""
    if issubclass(contract, Derived):
        rows = with_derived_at(rows)
    return rows.select(contract.columns())


def check_footer(path: Path, contract: type[Table], day: date | None) -> None:
    """Look at the end of a file, which a half one lacks.

    Raises
    ------
    CorruptFile
    """
    try:
        pl.read_parquet_schema(path)
    except (pl.exceptions.PolarsError, OSError) as exc:
        raise corrupt(path, contract, day, exc) from exc


def corrupt(path: Path, contract: type[Table], day: date | None, cause: Exception) -> CorruptFile:
    """The error for a file that cannot be read: which it is, and how to go on."""
    first_line = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    if contract.table_name() not in (path.parent.name, path.parent.parent.name):
        return CorruptFile(
            f"cannot read {path}: {first_line}. It holds superseded versions, which no vendor "
            f"gives again: restore it from a backup, or move it away to go on without them"
        )
    again = f"--select {contract.table_name()}" + (f" --partition {day}" if day else "")
    return CorruptFile(
        f"cannot read {path}: {first_line}. Move the file away, then rebuild it with "
        f"`dagster asset materialize -m cryptopipe_assets.definitions {again}`"
    )
