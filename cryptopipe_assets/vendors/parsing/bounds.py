"""How large a response may be: bytes as sent and unpacked, nesting, members, rows.

The bounds are generous, and named where they are met: what is larger is no answer to our question,
and would take the memory of everybody else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

MEGABYTE = 1024**2

# A text without an end reaches to the end of the document: to give up there and look for the next
# one from each of its quotes again would take hours of a megabyte of them.
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS = bytes(each for each in range(256) if each not in b"[]{}")
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class TooLarge(ValueError):
    """A response is larger than its endpoint's may be; the text says in which way."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The most that one response may have.

    Attributes
    ----------
    wire_bytes, unpacked_bytes
        As sent, and unpacked.
    nesting
        Levels of lists and objects within each other.
    members
        Values of all lists and objects together: memory goes with them.
    rows
        Of the longest list, or lines of a file.
    """

    wire_bytes: int = 64 * MEGABYTE
    unpacked_bytes: int = 64 * MEGABYTE
    nesting: int = 32
    members: int = 4_000_000
    rows: int = 250_000

    def require_bytes(self, *, sent: int, unpacked: int) -> None:
        """Check how much was read so far.

        Raises
        ------
        TooLarge
        """
        if sent > self.wire_bytes or unpacked > self.unpacked_bytes:
            limits = sorted({self.wire_bytes, self.unpacked_bytes})
            most = " and ".join(f"{each / MEGABYTE:,.3g}" for each in limits)
            raise TooLarge(
                f"expected at most {most} MB, got more: read {sent:,} bytes, unpacked {unpacked:,}"
            )

    def require_structure(self, body: bytes) -> None:
        """Check a JSON document before anything is made of it.

        Raises
        ------
        TooLarge
        """
        bare = _TEXT.sub(b"", body)
        members = bare.count(b",") + bare.count(b"[") + bare.count(b"{")
        if members > self.members:
            raise TooLarge(f"expected at most {self.members:,} members, got {members:,}")
        brackets = bare.translate(None, _NOT_BRACKETS)
        depth = max(accumulate(map(_STEP.__getitem__, brackets)), default=0)
        if depth > self.nesting:
            raise TooLarge(f"expected JSON of at most {self.nesting} levels, got {depth:,} levels")

    def require_rows(self, payload: Any) -> None:
        """Check the longest list of a decoded document, at the top or below two objects.

        Raises
        ------
        TooLarge
        """
        if (rows := _longest(payload, levels=3)) > self.rows:
            raise TooLarge(f"expected at most {self.rows:,} rows, got {rows:,}")

    def require_lines(self, content: bytes) -> None:
        """Check the lines of a file.

        Raises
        ------
        TooLarge
        """
        if (lines := content.count(b"\n")) > self.rows:
            raise TooLarge(f"expected at most {self.rows:,} rows, got {lines:,}")


OF_JSON = Bounds()
"""Ten times the largest list of any vendor."""

OF_A_FILE = Bounds(wire_bytes=256 * MEGABYTE, unpacked_bytes=256 * MEGABYTE, rows=2_000_000)
"""Fifty times a month of one contract's minutes."""


def bounds_of(declared: Mapping[str, Bounds], endpoint: str, *, is_file: bool) -> Bounds:
    """Bounds of an endpoint: those that its vendor's terms declare, or those of all."""
    return declared.get(endpoint, OF_A_FILE if is_file else OF_JSON)


def _longest(payload: Any, *, levels: int) -> int:
    if isinstance(payload, list):
        return len(payload)
    if levels and isinstance(payload, dict):
        return max((_longest(each, levels=levels - 1) for each in payload.values()), default=0)
    return 0
