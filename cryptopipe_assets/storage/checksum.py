"""A checksum inside of each Parquet file, so that a bit that turns on a disk is found.

Parquet as it is written here has no checksums: a turned bit in a column becomes another price. The
checksum lies between the last column and the footer, where every reader of Parquet passes over what
it does not know, so that a file and its checksum are replaced, copied and restored as one::

    "PAR1"  columns  "CPXXH128"  16 bytes of XXH3-128 of all the others  footer  length  "PAR1"

Pure: bytes in, bytes out.
"""

import struct

import xxhash

MARK = b"CPXXH128"
BLOCK = len(MARK) + 16
TAIL = 8
"""Length of the footer and Parquet's own mark, with which a file ends."""


def with_checksum(parquet: bytes) -> bytes:
    """A Parquet file with the checksum of its other bytes in it."""
    at = _footer_at(parquet)
    assert at is not None, "the writer makes whole files"
    body, footer = memoryview(parquet)[:at], memoryview(parquet)[at:]
    return b"".join([body, MARK, _digest(body, footer), footer])


def has_checksum(content: bytes) -> bool:
    """Whether a file has a checksum where one belongs."""
    at = _footer_at(content)
    return at is not None and content[max(at - BLOCK, 0) : at].startswith(MARK)


def is_sound(content: bytes) -> bool:
    """Whether a file that has a checksum is what was written, bit by bit."""
    at = _footer_at(content)
    if at is None or at < BLOCK:
        return False
    view = memoryview(content)
    mark, said = view[at - BLOCK : at - 16], view[at - 16 : at]
    return mark == MARK and said == _digest(view[: at - BLOCK], view[at:])


def _footer_at(content: bytes) -> int | None:
    """Where the footer begins; None if the file does not end as Parquet does."""
    if len(content) < TAIL or content[-4:] != b"PAR1":
        return None
    (length,) = struct.unpack("<I", content[-8:-4])
    at = len(content) - TAIL - length
    return at if at >= 0 else None


def _digest(body: memoryview, footer: memoryview) -> bytes:
    found = xxhash.xxh3_128(body)
    found.update(footer)
    return found.digest()
