"""Recorded tables of any accepted format as numbered lines of text, as a CSV file has them."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from cryptopipe_assets.sandbox.contents.source import UnreadableRecording

SUFFIX = r"\.(?:csv(?:\.gz)?|zip|parquet|feather)"
"""How the name of an accepted table ends, as a pattern."""

SPELT = ".csv[.gz]|.zip|.parquet|.feather"
"""The same for people."""

LARGEST_BYTES = 1 << 30
"""A month of minutes has 6 MB; what claims to be so large is a trap for the memory."""

_FAULTS = (
    *(OSError, EOFError, zlib.error, UnicodeError, zipfile.BadZipFile, NotImplementedError),
    *(RuntimeError, pl.exceptions.PolarsError),
)


def content_of(path: Path) -> bytes:
    """Return a table as the bytes of a CSV file; instants become milliseconds since 1970.

    Raises
    ------
    UnreadableRecording
        The bytes are not what the name says, or a zip holds another number of files than one.
    """
    with _readable(path):
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                return _limited(path, file.read(LARGEST_BYTES + 1))
        if path.suffix == ".zip":
            return _limited(path, _only_member(path))
        if path.suffix in {".parquet", ".feather"}:
            columnar = path.suffix == ".parquet"
            frame = (
                pl.read_parquet(path) if columnar else pl.read_ipc(io.BytesIO(path.read_bytes()))
            )
            instants = pl.col(pl.Datetime).dt.epoch("ms")
            return frame.with_columns(instants).write_csv().encode()
        return path.read_bytes()


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines that are not blank; the first line has the number 1."""
    with _readable(path):
        text = content_of(path).decode()
    for number, line in enumerate(io.StringIO(text), start=1):
        if line.strip():
            yield number, line.strip()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Name the file if its bytes cannot be read."""
    try:
        yield
    except _FAULTS as error:
        reason = str(error).partition("\n")[0]
        raise UnreadableRecording(path, f"cannot be read ({reason})") from error


def _only_member(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if len(names) != 1:
            raise UnreadableRecording(path, f"expected one file in the zip, found {len(names)}")
        with archive.open(names[0]) as file:
            return file.read(LARGEST_BYTES + 1)


def _limited(path: Path, content: bytes) -> bytes:
    if len(content) > LARGEST_BYTES:
        raise UnreadableRecording(path, f"is larger than {LARGEST_BYTES:,} bytes when unpacked")
    return content
