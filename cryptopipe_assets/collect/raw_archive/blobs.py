"""A content-addressed, compressed store: the name of what is in it is its SHA-256.

What is put in twice is there once, so that a response that does not change costs nothing. Several
processes may put at once: a file appears whole, and each of them would write the same.
"""

import hashlib
import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from cryptopipe_assets.core.errors import ArchiveIncomplete, CorruptFile
from cryptopipe_assets.storage.atomic import not_writable

CODEC = pa.Codec("zstd", compression_level=9)
SUFFIX = ".zst"
SIZE_BYTES = 8
"""Each file begins with the length of what is in it, little-endian."""


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


class Blobs:
    """The store below a folder, made on the first ``put``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keep ``content``; returns its name.

        Raises
        ------
        StorageError
            If the folder cannot be written.
        """
        name = digest(content)
        path = self._path(name)
        try:
            os.utime(path)  # it is young again: a sweep in another process leaves it alone
        except (FileNotFoundError, NotADirectoryError):
            packed = len(content).to_bytes(SIZE_BYTES, "little")
            packed += CODEC.compress(content, asbytes=True)
            _appear(path, packed)
        return name

    def get(self, name: str) -> bytes:
        """Return what was kept under ``name``.

        Raises
        ------
        ArchiveIncomplete
            If it is not there (any more).
        CorruptFile
            If the file does not hold what its name says.
        """
        path = self._path(name)
        try:
            packed = path.read_bytes()
        except FileNotFoundError:
            raise ArchiveIncomplete(
                f"{path} is missing from the raw archive: it was older than collect.raw_days, or "
                "was removed by hand"
            ) from None
        try:
            size = int.from_bytes(packed[:SIZE_BYTES], "little")
            content = bytes(CODEC.decompress(packed[SIZE_BYTES:], size, asbytes=True))
        except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError):
            content = b""
        if digest(content) != name:
            raise CorruptFile(
                f"{path}: wrong checksum, this file of the raw archive is damaged. Restore it from "
                "a copy of the folder; without it this day cannot be rebuilt"
            )
        return content

    def sweep(self, keep: Collection[str], *, older_than: float) -> int:
        """Remove what is not in ``keep`` and was last put before ``older_than`` (a Unix time).

        Returns
        -------
        Bytes freed.
        """
        freed = 0
        for path in self._files():
            with suppress(FileNotFoundError):
                found = path.stat()
                if path.stem not in keep and found.st_mtime < older_than:
                    path.unlink()
                    freed += found.st_size
        return freed

    def _files(self) -> Iterator[Path]:
        yield from self._folder.glob(f"??/*{SUFFIX}")
        yield from self._folder.glob("??/.*.tmp")  # of writers that were killed

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / f"{name}{SUFFIX}"


def _appear(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whoever else writes the same one."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as exc:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise not_writable(path, exc) from exc
