"""Reading recorded tables and JSON bodies; a damaged file is named, never served in part."""

import csv
import io
import json
from collections.abc import Sequence
from math import isfinite, nan
from pathlib import Path
from typing import Any

from cryptopipe_assets.core.own_files.file_text import content_of, readable
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.core.unreadable import UNREADABLE, reason

END_OF_TIME = 253_402_300_800_000
"""Milliseconds until the year 10000, which no calendar here has."""


class TableRow(dict[str, str]):
    """Cells of a row by column, and where it stands in which file."""

    def __init__(self, path: Path, line: int, names: Sequence[str], cells: Sequence[str]) -> None:
        super().__init__(zip(names, cells, strict=True))
        self.path, self.line = path, line

    def fault(self, column: str, expected: str) -> UnreadableRecording:
        """Return the error that names file, line and column."""
        found = f"expected {expected}, found {self[column][:80]!r}"
        return UnreadableRecording(self.path, f"line {self.line}: column {column}: {found}")

    def number(self, column: str) -> float:
        """Return a number that must be one, and finite."""
        try:
            number = float(self[column])
        except ValueError:
            number = nan
        if not isfinite(number):
            raise self.fault(column, "a number")
        return number

    def number_if_any(self, column: str) -> float | None:
        """Return a number, or null where nothing was recorded."""
        return self.number(column) if self[column] else None

    def whole(self, column: str) -> int:
        """Return a whole number that must be one."""
        try:
            return int(self[column])
        except ValueError as error:
            raise self.fault(column, "a whole number") from error

    def milliseconds(self, column: str, *, unit: int) -> int:
        """Return milliseconds since 1970 that must be an instant of the calendar.

        Parameters
        ----------
        unit
            Milliseconds of one unit of the column.
        """
        number = self.number(column)
        if not 0 <= number * unit < END_OF_TIME:
            raise self.fault(column, "an instant since 1970")
        return round(number * unit)


def text_of(path: Path) -> str:
    """Return the text of a plain or gzipped file."""
    with readable(path):
        return content_of(path).decode()


def rows_of(path: Path, columns: Sequence[str]) -> list[TableRow]:
    """Return the rows of a CSV file with a header that has at least these columns.

    Raises
    ------
    UnreadableRecording
        The file cannot be read, lacks a column, or has a row of another length.
    """
    with readable(path):
        return _rows(path, columns)


def _rows(path: Path, columns: Sequence[str]) -> list[TableRow]:
    reader = csv.reader(io.StringIO(text_of(path)))
    names = next(reader, [])
    if missing := [name for name in columns if name not in names]:
        raise UnreadableRecording(path, f"line 1: its header lacks {', '.join(missing)}")
    found = []
    for cells in reader:
        line = reader.line_num
        if len(cells) != len(names):
            raise UnreadableRecording(
                path, f"line {line} has {len(cells)} cells, expected {len(names)}"
            )
        found.append(TableRow(path, line, names, cells))
    return found


def json_of(path: Path) -> Any:
    """Return a decoded JSON body."""
    text = text_of(path)
    try:
        return json.loads(text)
    except UNREADABLE as error:
        raise UnreadableRecording(path, f"is not JSON ({reason(error)})") from error


def stamp(path: Path, milliseconds: int) -> int:
    """Return milliseconds since 1970 that must be an instant of the calendar."""
    if not 0 <= milliseconds < END_OF_TIME:
        raise UnreadableRecording(path, f"expected milliseconds since 1970, found {milliseconds}")
    return milliseconds
