"""Open interest of a contract as people keep it: pages of a REST history, files of an archive.

A REST point stamped T is the state at T. A row of an archive's file of five minutes is the state
at their end, whether its label is that end or their start: see `labels_are_starts`.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

from cryptopipe_assets.core.contract_names import composed
from cryptopipe_assets.core.own_files.file_text import lines_of
from cryptopipe_assets.core.own_files.stamps import NUMBER, STAMP, in_ms
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.core.time import milliseconds

FIVE_MINUTES_MS = 300_000

_OF_POINTS = ("timestamp", "symbol", "sum_open_interest", "sum_open_interest_value")
_OF_METRICS = ("create_time", *_OF_POINTS[1:])
_ALIASES = {
    "sumopeninterest": "sum_open_interest",
    "sumopeninterestvalue": "sum_open_interest_value",
    "create_time": "timestamp",
    "time": "timestamp",
    "date": "timestamp",
}
_AMOUNTS = _OF_POINTS[2:]
_LABEL = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}")


@dataclass(frozen=True)
class Point:
    """Open interest at one instant.

    Attributes
    ----------
    time
        Milliseconds since 1970, of the state.
    base, usd
        Base units and value in the quote, one side, as they were spelled.
    """

    time: int
    base: str
    usd: str


def labels_are_starts(stamps: Collection[int], *, first: int, last: int) -> bool:
    """Whether a file's labels are the starts of its five minutes: which of its midnights it has.

    Parameters
    ----------
    stamps
        Its labels, in milliseconds.
    first, last
        The midnights with which its days begin and end.

    Raises
    ------
    ValueError
        It has both or neither: a wrong guess would be a look-ahead of five minutes.
    """
    begins, ends = first in stamps, last in stamps
    if begins == ends:
        has = "both its midnights" if begins else "neither of its midnights"
        raise ValueError(
            f"the labels could be the starts or the ends of the five minutes: the file has {has} "
            f"in {len(stamps)} stamps"
        )
    return begins


def read_points(path: Path, symbol: str) -> list[Point]:
    """Return the points of a REST history, JSON or a table, ascending, one per instant.

    Raises
    ------
    UnreadableRecording
        The file cannot be read, lacks a column, has a row of another contract or one without an
        amount, or two different points of one instant.
    """
    points: dict[int, Point] = {}
    for number, point in _rows(path, composed(symbol), _OF_POINTS):
        if point is None:
            raise UnreadableRecording(
                path, f"line {number}: column sum_open_interest: expected an amount, found none"
            )
        if points.setdefault(point.time, point) != point:
            raise UnreadableRecording(
                path, f"line {number}: column timestamp: two different points at {point.time}"
            )
    return [points[time] for time in sorted(points)]


def read_metrics(path: Path, symbol: str, *, first: int, last: int) -> list[Point]:
    """Return the rows of an archive's file of five minutes, ascending, one per instant.

    Rows without amounts are left out; of rows that share a label the last is taken, as the
    archive has both.

    Parameters
    ----------
    first, last
        The midnights with which the days of its name begin and end, in milliseconds.

    Raises
    ------
    UnreadableRecording
        As of `read_points`; or a row is of other days than the file's name, or its labels can be
        read both ways.
    """
    labels: set[int] = set()
    points: dict[int, Point] = {}
    for number, point, label in _labelled(path, composed(symbol)):
        if not first <= label <= last:
            raise UnreadableRecording(
                path, f"line {number}: column create_time: not of the days of the file's name"
            )
        labels.add(label)
        if point is not None:
            points[label] = point
    try:
        offset = FIVE_MINUTES_MS if labels_are_starts(labels, first=first, last=last) else 0
    except ValueError as error:
        raise UnreadableRecording(path, str(error)) from error
    return [
        Point(label + offset, points[label].base, points[label].usd) for label in sorted(points)
    ]


def _labelled(path: Path, symbol: str) -> Iterator[tuple[int, Point | None, int]]:
    for number, cells in _cells(path, _OF_METRICS):
        yield number, _point(path, number, cells, symbol), _stamp(path, number, cells["timestamp"])


def _rows(
    path: Path, symbol: str, without_header: tuple[str, ...]
) -> Iterator[tuple[int, Point | None]]:
    for number, cells in _cells(path, without_header):
        yield number, _point(path, number, cells, symbol)


def _cells(path: Path, without_header: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield rows by column, numbered; without a header its first columns are those given."""
    names: list[str] | None = None
    for number, line in lines_of(path):
        cells = [cell.strip() for cell in line.split(",")]
        if names is None and not line[0].isdigit():
            names = _names(path, number, cells)
            continue
        if names is None:
            more = [f"more_{place}" for place in range(len(cells) - len(without_header))]
            names = ["timestamp", *without_header[1:], *more]
        if len(cells) != len(names):
            raise UnreadableRecording(
                path, f"line {number}: expected {len(names)} columns, found {line[:200]!r}"
            )
        yield number, dict(zip(names, cells, strict=True))


def _names(path: Path, number: int, cells: list[str]) -> list[str]:
    lower = [cell.lower() for cell in cells]
    known = [_ALIASES.get(name, name) for name in lower]
    lacking = [name for name in ("timestamp", *_AMOUNTS) if known.count(name) != 1]
    if lacking:
        raise UnreadableRecording(
            path,
            f"line {number}: the header {','.join(cells)[:200]!r} lacks {', '.join(lacking)}, or "
            "has it twice",
        )
    return known


def _point(path: Path, number: int, cells: dict[str, str], symbol: str) -> Point | None:
    """Return a checked point; null if an amount is blank."""
    if composed(cells.get("symbol", symbol)) != symbol:
        raise UnreadableRecording(
            path, f"line {number}: column symbol: expected {symbol}, found {cells['symbol'][:80]!r}"
        )
    time = _stamp(path, number, cells["timestamp"])
    amounts = [cells[name] for name in _AMOUNTS]
    for name, cell in zip(_AMOUNTS, amounts, strict=True):
        if cell and not (re.fullmatch(NUMBER, cell) and isfinite(float(cell)) and float(cell) >= 0):
            raise UnreadableRecording(
                path, f"line {number}: column {name}: expected an amount, found {cell[:80]!r}"
            )
    return Point(time, *amounts) if all(amounts) else None


def _stamp(path: Path, number: int, text: str) -> int:
    """Return milliseconds; the archive's own texts name no zone and are UTC."""
    if re.fullmatch(STAMP, text):
        return in_ms(text)
    if _LABEL.fullmatch(text):
        with suppress(ValueError):
            return milliseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))
    raise UnreadableRecording(
        path,
        f"line {number}: column timestamp: expected milliseconds or microseconds since 1970, "
        f"found {text[:80]!r}",
    )
