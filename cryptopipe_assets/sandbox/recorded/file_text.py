"""Recorded tables of any accepted format as numbered lines of text, as a CSV file has them."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from cryptopipe_assets.core.errors import CryptopipeError
from cryptopipe_assets.core.packed import PackingError, gunzipped, limited, only_member
from cryptopipe_assets.core.unreadable import UNREADABLE_FILE, reason
from cryptopipe_assets.sandbox.contents.source import UnreadableRecording

SUFFIX = r"\.(?:csv(?:\.gz)?|zip|parquet|feather)"
"""How the name of an accepted table ends, as a pattern."""

SPELT = ".csv[.gz]|.zip|.parquet|.feather"
"""The same for people."""

LARGEST_BYTES = 1 << 30
"""A month of minutes has 6 MB; what claims to be so large is a trap for the memory."""

MOST_ROWS = 20_000_000
"""A contract has half a million minutes a year; a few bytes of Parquet can state billions."""


def content_of(path: Path) -> bytes:
    """Return a table as the bytes of a CSV file; instants become milliseconds since 1970.

    Raises
    ------
    UnreadableRecording
        The bytes are not what the name says, or a zip holds another number of files than one.
    """
    with readable(path):
        if path.suffix == ".gz":
            return gunzipped(path, largest=LARGEST_BYTES)
        if path.suffix == ".zip":
            return only_member(path, largest=LARGEST_BYTES)
        if path.suffix in {".parquet", ".feather"}:
            frame = _frame(path)
            instants = pl.col(pl.Datetime).dt.epoch("ms")
            return frame.with_columns(instants).write_csv().encode()
        with path.open("rb") as file:
            return limited(file, largest=LARGEST_BYTES)


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
        text = content_of(path).decode()
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
