"""Recorded tables of any accepted format as numbered lines of text, as a CSV file has them."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import polars as pl

from cryptopipe_assets.core.errors import CryptopipeError
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.core.packed import PackingError, gunzipped, limited, only_member
from cryptopipe_assets.core.time import milliseconds
from cryptopipe_assets.core.unreadable import UNREADABLE_FILE, reason

SUFFIX = r"\.(?:(?:csv|json)(?:\.gz)?|zip|parquet|feather)"
"""How the name of an accepted table ends, as a pattern."""

SPELT = ".csv[.gz]|.json[.gz]|.zip|.parquet|.feather"
"""The same for people."""

TIMES = ("open_time", "timestamp", "date", "calc_time", "fundingtime", "create_time", "time")
"""Columns that say when a row is, the surest first; compared in lower case."""

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ][\d:.]+ ?(?:Z|UTC|[+-]\d{2}:?\d{2})")
_BOM = b"\xef\xbb\xbf"

LARGEST_BYTES = 1 << 30
"""A month of minutes has 6 MB; what claims to be so large is a trap for the memory."""

MOST_ROWS = 20_000_000
"""A contract has half a million minutes a year; a few bytes of Parquet can state billions."""


def content_of(path: Path) -> bytes:
    """Return a table as the bytes of a CSV file; instants become milliseconds since 1970.

    A body of JSON is passed on as it is.

    Raises
    ------
    UnreadableRecording
        The bytes are not what the name says, or a zip holds another number of files than one.
    """
    with readable(path):
        if path.suffix == ".gz":
            return gunzipped(path, largest=LARGEST_BYTES).removeprefix(_BOM)
        if path.suffix == ".zip":
            return _unzipped(path).removeprefix(_BOM)
        if path.suffix in {".parquet", ".feather"}:
            frame = _frame(path)
            instants = pl.col(pl.Datetime).dt.epoch("ms")
            return frame.with_columns(instants).write_csv().encode()
        with path.open("rb") as file:
            return limited(file, largest=LARGEST_BYTES).removeprefix(_BOM)


def _unzipped(path: Path) -> bytes:
    try:
        return only_member(path, largest=LARGEST_BYTES)
    except zipfile.BadZipFile as error:
        fault = f"expected a zip, got {path.stat().st_size} bytes that are no zip: {reason(error)}"
        raise UnreadableRecording(path, fault) from error


def time_first(path: Path) -> bytes:
    """Return a table of numbers as CSV whose first column is the time, where its header has one.

    Quotes around cells go, and texts of instants that name their zone become milliseconds. A body
    of JSON is a list of rows: lists (without a header) or objects (whose names are the header).
    The number of a line stays what it is in the file; of JSON it is that of the row.
    """
    content = content_of(path)
    if ".json" in path.suffixes[-2:]:
        with readable(path):
            content = _rows_of_json(content)
    if b'"' in content:
        content = content.replace(b'"', b"")
    header, _, below = content.lstrip().partition(b"\n")
    names = [name.strip() for name in header.decode("utf-8", "replace").lower().split(",")]
    place = next((names.index(name) for name in TIMES if name in names), 0)
    first = below.lstrip()[:40].decode("utf-8", "replace")
    if header[:1].isdigit() or (place == 0 and not _INSTANT.match(first)):
        return content
    with readable(path):
        lines = content.decode().splitlines()
    return "\n".join(_with_time_first(line, place, len(names)) for line in lines).encode()


def _with_time_first(line: str, place: int, width: int) -> str:
    """Move a cell to the front; a line of another width stays as it is, for a fault to be named."""
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != width:
        return line
    time = cells.pop(place)
    if _INSTANT.fullmatch(time):
        with suppress(ValueError):
            time = str(milliseconds(datetime.fromisoformat(time.replace(" UTC", "+00:00"))))
    return ",".join([time, *cells])


def _rows_of_json(content: bytes) -> bytes:
    """Write a list of rows as lines of a CSV file, numbers as they were spelled."""
    rows = json.loads(content, parse_float=str, parse_int=str)
    if not isinstance(rows, list) or not all(isinstance(row, list | dict) for row in rows):
        raise ValueError("expected a list of rows")
    lines = []
    if rows and isinstance(rows[0], dict):
        names = list(rows[0])
        lines.append(",".join(names))
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, dict) or row.keys() != rows[0].keys():
                raise ValueError(f"row {number} has other names than the first")
        rows = [[row[name] for name in names] for row in rows]
    lines += [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    return "\n".join(lines).encode()


def _frame(path: Path) -> pl.DataFrame:
    """Read a columnar file, if its footer states no more rows than one may have."""
    lazy = (
        pl.scan_parquet(path, glob=False)
        if path.suffix == ".parquet"
        else pl.scan_ipc(io.BytesIO(path.read_bytes()))
    )
    rows = lazy.select(pl.len()).collect().item()
    if rows > MOST_ROWS:
        raise PackingError(f"expected at most {MOST_ROWS:,} rows, got {rows:,}")
    return lazy.collect()


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines that are not blank; the first line has the number 1."""
    with readable(path):
        text = time_first(path).decode()
    for number, line in enumerate(io.StringIO(text), start=1):
        if line.strip():
            yield number, line.strip()


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Name the file if its bytes cannot be read."""
    try:
        yield
    except CryptopipeError:
        raise
    except UNREADABLE_FILE as error:
        raise UnreadableRecording(path, f"cannot be read ({reason(error)})") from error
