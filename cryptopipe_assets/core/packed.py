"""Packed files unpacked piece by piece, and no further than they may be: a trap stays small."""

import gzip
import io
import zipfile
from pathlib import Path
from typing import IO

PIECE = 1 << 20
MEGABYTE = 1024**2

# Others unpack a piece of theirs whole, whatever its size: 4 kB of bzip2 become gigabytes.
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class PackingError(ValueError):
    """What is packed is larger than it may be, or is not packed as was expected."""


def only_member(packed: Path | bytes, *, largest: int, ending: str = "") -> bytes:
    """Return the one file in a zip.

    Parameters
    ----------
    largest
        Bytes that it may have, whatever the zip says of it.
    ending
        How its name ends.

    Raises
    ------
    PackingError
    Exception
        Whatever ``zipfile`` says of a damaged one: see ``core.unreadable``; and ``RuntimeError``
        of one with a password.
    """
    with zipfile.ZipFile(io.BytesIO(packed) if isinstance(packed, bytes) else packed) as opened:
        names = opened.namelist()
        if len(names) != 1 or not names[0].endswith(ending):
            expected = f"one {ending}" if ending else "one file"
            raise PackingError(f"expected {expected} in the zip, got {names[:5]} ({len(names)})")
        (about,) = opened.infolist()
        if about.compress_type not in PACKINGS:
            raise PackingError(f"expected a zip of deflated files, got {about.compress_type}")
        if about.file_size > largest:
            raise _too_large(largest, f"{about.file_size / MEGABYTE:,.0f}")
        with opened.open(about) as member:
            return limited(member, largest=largest)


def gunzipped(packed: Path | bytes, *, largest: int) -> bytes:
    """Return what a gzip file holds.

    Raises
    ------
    PackingError
    Exception
        Whatever ``gzip`` says of a damaged one.
    """
    with gzip.open(io.BytesIO(packed) if isinstance(packed, bytes) else packed) as opened:
        return limited(opened, largest=largest)


def limited(file: IO[bytes] | gzip.GzipFile, *, largest: int) -> bytes:
    """Return what is left of a file.

    Raises
    ------
    PackingError
        As soon as it is more than ``largest`` bytes.
    """
    content = bytearray()
    while piece := file.read(PIECE):
        content += piece
        if len(content) > largest:
            raise _too_large(largest, "more")
    return bytes(content)


def _too_large(largest: int, got: str) -> PackingError:
    return PackingError(f"expected at most {largest / MEGABYTE:,.0f} MB unpacked, got {got}")
