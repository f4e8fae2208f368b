"""Reading recorded tables and JSON bodies; a damaged file is named, never served in part."""

import csv
import io
import json
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from cryptopipe_assets.core.own_files.file_text import content_of, readable
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.core.unreadable import UNREADABLE, reason

END_OF_TIME = 253_402_300_800_000
"""Milliseconds until the year 10000, which no calendar here has."""


def text_of(path: Path) -> str:
    """Return the text of a plain or gzipped file."""
    with readable(path):
        return content_of(path).decode()


def rows_of(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a CSV file with a header that has at least these columns.

    Raises
    ------
    UnreadableRecording
        The file cannot be read, lacks a column, or has a row of another length.
    """
    with readable(path):
        return _rows(path, columns)


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    reader = csv.reader(io.StringIO(text_of(path)))
    names = next(reader, [])
    if missing := [name for name in columns if name not in names]:
        raise UnreadableRecording(path, f"its header lacks {', '.join(missing)}")
    found = []
    for line, cells in enumerate(reader, start=2):
        if len(cells) != len(names):
            raise UnreadableRecording(
                path, f"line {line} has {len(cells)} cells, expected {len(names)}"
            )
        found.append(dict(zip(names, cells, strict=True)))
    return found


def json_of(path: Path) -> Any:
    """Return a decoded JSON body."""
    text = text_of(path)
    try:
        return json.loads(text)
    except UNREADABLE as error:
        raise UnreadableRecording(path, f"is not JSON ({reason(error)})") from error


def number_of(path: Path, text: str) -> float:
    """Return a number that must be one, and finite."""
    with readable(path):
        if isfinite(number := float(text)):
            return number
    raise UnreadableRecording(path, f"expected a number, found {text!r}")


def stamp(path: Path, milliseconds: int) -> int:
    """Return milliseconds since 1970 that must be an instant of the calendar."""
    if not 0 <= milliseconds < END_OF_TIME:
        raise UnreadableRecording(path, f"expected milliseconds since 1970, found {milliseconds}")
    return milliseconds


def optional_number(path: Path, text: str) -> float | None:
    """Return a number, or null where nothing was recorded."""
    return number_of(path, text) if text else None
