"""Which instants a file of somebody's is of, and what its stamps mean."""

import re
from pathlib import Path

from cryptopipe_assets.core.own_files.file_text import time_first
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording

STAMP = r"\d{12,16}"
"""Milliseconds or microseconds since 1970; seconds have fewer digits, and are refused."""
NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_STAMPED = re.compile(rb"^[ \t]*(\d{12,16})(?=[,\s]|$)", re.MULTILINE)
MICROSECONDS_FROM = 10**14  # read as milliseconds, this would be the year 5138


def ends(path: Path) -> tuple[int, int]:
    """Return the earliest and the latest time of a file whose first column is the time.

    Every row is looked at: vendors deliver in either order, and the rows at a file's two ends say
    nothing about the rows between them.
    """
    content = time_first(path)
    stamps = [in_ms(found) for found in _STAMPED.findall(content)]
    rows = sum(not each.isspace() for each in content.splitlines() if each)
    if len(stamps) + _has_header(content) != rows or not stamps:
        raise UnreadableRecording(path, _not_stamped(content))
    return min(stamps), max(stamps)


def _has_header(content: bytes) -> bool:
    return not content.lstrip()[:1].isdigit()


def _not_stamped(content: bytes) -> str:
    """Name the first row that does not begin with a time."""
    lines = [each.strip() for each in content.splitlines()]
    for number, line in enumerate(lines, start=1):
        below_header = any(lines[: number - 1])
        if line and not _STAMPED.match(line) and (below_header or line[:1].isdigit()):
            shown = line[:80].decode("utf-8", "replace")
            return f"line {number}: expected milliseconds first, found {shown!r}"
    return "expected milliseconds first, found no row"


def in_ms(stamp: str | bytes) -> int:
    """Return a stamp in milliseconds; some files have microseconds."""
    number = int(stamp)
    return number // 1000 if number >= MICROSECONDS_FROM else number
