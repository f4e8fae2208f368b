"""A partition's file: how it is written, read and checked, and what is said of a damaged one.

A file is replaced by a rename, and Polars opens a path several times in one query: a commit in
between gives it the footer of one version and the bytes of another. So a file is opened once, and
what was read of it is checked and decoded.
"""

import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from cryptopipe_assets.core.errors import CorruptFile
from cryptopipe_assets.core.schema import Collected, Derived, Table, with_derived_at
from cryptopipe_assets.core.unreadable import OF_POLARS, first_line
from cryptopipe_assets.storage.atomic import not_readable
from cryptopipe_assets.storage.checksum import has_checksum, is_sound, with_checksum

ROW_GROUP = 14_400
"""Ten symbols of 1-minute bars: row-group statistics then prune by symbol."""

TABLE = "cryptopipe.table"
PARTITION = "cryptopipe.partition"
NO_DAY = "none"


def writer(frame: pl.DataFrame, table: str, day: date | None) -> Callable[[Path], None]:
    """Return what writes ``frame`` to a path, with its checksum, table and day inside."""
    buffer = io.BytesIO()
    frame.write_parquet(
        buffer,
        compression="zstd",
        row_group_size=ROW_GROUP,
        statistics=True,
        metadata={TABLE: table, PARTITION: str(day) if day else NO_DAY},
    )
    content = with_checksum(buffer.getvalue())

    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def content_of(path: Path) -> bytes | None:
    """A file as it is at this moment, through one descriptor; None if there is none.

    Raises
    ------
    StorageError
        If the system does not let it be read, which is no damage of the file.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise not_readable(path, exc) from exc


def fault_in(content: bytes, table: str, day: date | None) -> str | None:
    """Why a file's bytes are not those that were written of this table and day; None if they are.

    Of a file without a checksum, as versions before it wrote, only the footer is looked at.
    """
    if has_checksum(content) and not is_sound(content):
        return "its checksum does not fit its bytes: they are not what was written"
    try:
        said = pl.read_parquet_metadata(io.BytesIO(content))
    except OF_POLARS as exc:
        return first_line(exc)
    if TABLE not in said:
        return None
    if not has_checksum(content):
        return "its checksum is gone: the bytes are not what was written"
    of = said[TABLE], said.get(PARTITION, "")
    if of != (table, str(day) if day else NO_DAY):
        return f"it is the file of {of[0]}, day {of[1]}, in another one's place"
    return None


def checked_content(
    path: Path, contract: type[Table], day: date | None, *, table: str | None = None
) -> bytes | None:
    """A file's bytes, if they are what was written; None if there is no file.

    Parameters
    ----------
    table
        Folder of the file, if it is not the contract's own.

    Raises
    ------
    CorruptFile
        If it was read twice and was damaged twice; naming it and how to go on.
    StorageError
        If the system does not let it be read.
    """
    name = table or contract.table_name()
    content, fault = content_of(path), None
    if content is not None and (fault := fault_in(content, name, day)) is not None:
        content = content_of(path)
        fault = None if content is None else fault_in(content, name, day)
    if fault is not None:
        raise corrupt(path, contract, day, fault)
    return content


def rows_in(contents: Sequence[bytes], contract: type[Table]) -> pl.LazyFrame:
    """Rows of files' bytes in the contract's columns and the order of the files."""
    if not contents:
        return contract.empty_frame().lazy()
    return in_columns_of(contract, pl.scan_parquet(list(contents), hive_partitioning=False))


def read_partition(
    path: Path, contract: type[Table], day: date | None, *, table: str | None = None
) -> pl.DataFrame:
    """Rows of a file in the contract's columns, or no rows if there is no such file.

    Raises
    ------
    CorruptFile, StorageError
        As of ``checked_content``.
    """
    content = checked_content(path, contract, day, table=table)
    if content is None:
        return contract.empty_frame()
    try:
        return rows_in([content], contract).collect()
    except OF_POLARS as exc:
        raise corrupt(path, contract, day, first_line(exc)) from exc


def row_count(path: Path) -> int:
    """Rows of a file that nobody else may replace now, from its footer."""
    return int(
        pl.scan_parquet(path, hive_partitioning=False, glob=False).select(pl.len()).collect().item()
    )


def column_names(path: Path) -> list[str]:
    """Columns of a file, from its footer."""
    with path.open("rb") as file:
        return list(pl.read_parquet_schema(file))


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
        If it was looked at twice and was unreadable twice.
    StorageError
        If the system does not let it be read.
    """
    failed = _footer_fault(path) and _footer_fault(path)
    if failed:
        raise corrupt(path, contract, day, failed)


def _footer_fault(path: Path) -> str | None:
    try:
        column_names(path)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise not_readable(path, exc) from exc
    except OF_POLARS as exc:
        return first_line(exc)
    return None


def corrupt(path: Path, contract: type[Table], day: date | None, why: str) -> CorruptFile:
    """The error for a file that cannot be read: which it is, and how to go on."""
    name = contract.table_name()
    if name not in (path.parent.name, path.parent.parent.name):
        return CorruptFile(
            f"cannot read {path}: {why}. It holds superseded versions, which no vendor "
            f"gives again: restore it from a backup, or move it away to go on without them"
        )
    again = f"--select {name}" + (f" --partition {day}" if day else "")
    made = f"`dagster asset materialize -m cryptopipe_assets.definitions {again}`"
    if not issubclass(contract, Collected):
        return CorruptFile(
            f"cannot read {path}: {why}. Move the file away, then rebuild it with {made}"
        )
    raw = f", from raw responses (`cryptopipe rebuild --table {name} --day {day} --write`)"
    return CorruptFile(
        f"cannot read {path}: {why}. Move the file away, then get it back from a backup "
        f"(`cryptopipe restore`){raw if day else ''}, or collect it again with {made}"
    )
