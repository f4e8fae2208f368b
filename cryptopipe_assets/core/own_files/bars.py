"""Bars as people keep them: of any accepted layout, in the archive's order of columns, checked.

A damaged file is never read in part: `UnreadableRecording` names it, and the line and column of its
first fault. A bar that cannot have been, such as one whose high is below its low, is a fault too.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from math import isfinite
from pathlib import Path

from cryptopipe_assets.core.own_files.file_text import lines_of
from cryptopipe_assets.core.own_files.stamps import MICROSECONDS_FROM, NUMBER, STAMP, in_ms
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.core.time import EPOCH

KLINE_COLUMNS = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)
_KLINE = re.compile(rf"{STAMP}(?:,{NUMBER}){{5}},{STAMP},(?:{NUMBER})?,\d*(?:,(?:{NUMBER})?){{3}}")
# Captures of REST answers and files of other collectors call the same columns by other names.
_ALIASES = {
    "timestamp": "open_time",
    "date": "open_time",
    "quote_asset_volume": "quote_volume",
    "volume_quote": "quote_volume",
    "trades": "count",
    "taker_buy_base_asset_volume": "taker_buy_volume",
    "taker_buy_quote_asset_volume": "taker_buy_quote_volume",
}
SIX = ("date", "open", "high", "low", "close", "volume")
"""Columns of the files of freqtrade, and of most that have no more of a bar."""
_OPTIONAL = {
    "close_time": "",
    "quote_volume": "",
    "count": "",
    "taker_buy_volume": "",
    "taker_buy_quote_volume": "",
    "ignore": "0",
}


_ANOTHER_UNIT = 10
"""Value by volume is the price; off by this factor, one of them is in another unit."""


@dataclass(frozen=True)
class KlineFile:
    """Bars of one file in the archive's column order, ascending; ``opens`` are their times."""

    opens: Sequence[int]
    lines: Sequence[str]

    def between(self, start: int, end: int) -> Sequence[str]:
        """Return the bars that open in ``[start, end)``."""
        return self.lines[bisect_left(self.opens, start) : bisect_left(self.opens, end)]


def read_klines(path: Path, width: int, within: tuple[int, int] | None = None) -> KlineFile:
    """Return every bar of a file, numbers spelled as they were recorded.

    Parameters
    ----------
    width
        Of a bar, in milliseconds.
    within
        Milliseconds that its bars open in, the end excluded; null if its name says no days.

    Raises
    ------
    UnreadableRecording
        The file cannot be read, a row is not a bar of ``width`` milliseconds or cannot be true, or
        two different rows claim the same time.
    """
    bars: dict[int, str] = {}
    known: tuple[bool, ...] | None = None
    for number, line in _in_vendor_order(path, width):
        opened, bar, is_there = _kline(path, number, line, width)
        if within and not within[0] <= opened < within[1]:
            raise UnreadableRecording(
                path,
                f"line {number}: column open_time: the row is outside {_text(within[0])} to "
                f"{_text(within[1])}, the days of the file's name: {_text(opened)}",
            )
        if bars.setdefault(opened, bar) != bar:
            raise UnreadableRecording(
                path, f"line {number}: column open_time: two different bars open at {opened}"
            )
        known = known or is_there
        if is_there != known:
            place = next(place for place, each in enumerate(is_there) if each != known[place])
            raise UnreadableRecording(
                path,
                f"line {number}: column {_MAY_LACK[place]}: it is there in some rows and empty in "
                "others; expected it in all of them or in none",
            )
    opens = sorted(bars)
    return KlineFile(opens, [bars[opened] for opened in opens])


def _text(milliseconds: int) -> str:
    return f"{EPOCH + timedelta(milliseconds=milliseconds):%Y-%m-%d %H:%M}"


def first_line(path: Path, width: int) -> str:
    """Return the first row below the header, in the archive's column order."""
    number, line = next(_in_vendor_order(path, width), (1, ""))
    return _kline(path, number, line, width)[1]


_MAY_LACK = ("quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume")


def _kline(path: Path, number: int, line: str, width: int) -> tuple[int, str, tuple[bool, ...]]:
    """Return open, bar with stamps in milliseconds, and which of what it may lack is there."""
    if not _KLINE.fullmatch(line):
        raise UnreadableRecording(path, f"line {number}: {_fault_of(line)}")
    cells = line.split(",")
    opened, closed = in_ms(cells[0]), in_ms(cells[6])
    if opened % width:
        fault = f"column open_time: {opened} is not on a grid of {width} ms"
    elif closed != opened + width - 1:
        fault = f"column close_time: expected {opened + width - 1}, found {cells[6]}"
    else:
        fault = _impossible(cells)
    if fault:
        raise UnreadableRecording(path, f"line {number}: {fault}")
    if len(cells[0]) >= len(str(MICROSECONDS_FROM)):
        cells[0], cells[6] = str(opened), str(closed)
        line = ",".join(cells)
    return opened, line, tuple(map(bool, cells[7:11]))


def _impossible(cells: Sequence[str]) -> str:
    """Say which column of a bar cannot be true beside the others; nothing if all of them can."""
    first, high, low, last, volume = map(float, cells[1:6])
    value = float(cells[7]) if cells[7] else None
    bought = float(cells[9]) if cells[9] else None
    bought_value = float(cells[10]) if cells[10] else None
    total = first + high + low + last + volume + (value or 0) + (bought or 0) + (bought_value or 0)
    if not isfinite(total):
        return f"expected finite numbers, found {','.join(cells)[:200]!r}"
    if low <= 0 or min(first, high, last) <= 0:
        prices = zip(("open", "high", "low", "close"), cells[1:5], strict=True)
        name, cell = next(each for each in prices if float(each[1]) <= 0)
        return f"column {name}: expected a price above 0, found {cell}"
    if high < max(first, low, last):
        return f"column high: {cells[2]} is not the highest price of {', '.join(cells[1:5])}"
    if low > min(first, high, last):
        return f"column low: {cells[3]} is not the lowest price of {', '.join(cells[1:5])}"
    if volume < 0:
        return f"column volume: expected an amount, found {cells[5]}"
    if value is not None and (
        value > volume * high * _ANOTHER_UNIT or value * _ANOTHER_UNIT < volume * low
    ):
        return (
            f"column quote_volume: {cells[7]} does not fit a volume of {cells[5]} at these prices"
        )
    if bought is None and bought_value is None:
        return ""
    for place, name in ((7, "quote_volume"), (8, "count"), (9, "taker_buy_volume")):
        if not cells[place]:
            return f"column {name}: it is missing, though columns of the takers are there"
    if bought_value is None:
        return "column taker_buy_quote_volume: it is missing, though taker_buy_volume is there"
    if bought is not None and not 0 <= bought <= volume:
        return f"column taker_buy_volume: expected 0 to {cells[5]}, the volume, found {cells[9]}"
    if bought_value < 0:
        return f"column taker_buy_quote_volume: expected an amount, found {cells[10]}"
    return ""


def _fault_of(line: str) -> str:
    """Say which column of a row is not what it should be."""
    names, cells = KLINE_COLUMNS.split(","), line.split(",")
    if len(cells) != len(names):
        return f"not a bar of {len(names)} numbers, it has {len(cells)}: {line[:200]!r}"
    for name, cell in zip(names, cells, strict=True):
        pattern, expected = NUMBER, "a number"
        if name in {"open_time", "close_time"}:
            pattern, expected = STAMP, "milliseconds or microseconds since 1970"
        elif name == "count":
            pattern, expected = r"\d*", "a whole number"
        elif name in _OPTIONAL and not cell:
            continue
        if not re.fullmatch(pattern, cell):
            return f"column {name}: expected {expected}, found {cell[:80]!r}"
    return f"not a bar of {len(names)} numbers: {line[:200]!r}"


def _known_names(path: Path, number: int, header: str) -> list[str]:
    """Return the columns of a header under the archive's names; two of one name are refused.

    The first column is the time. Where a file says it twice, the other one is none of ours.
    """
    names = [name.strip() for name in header.lower().split(",")]
    known = [
        name if place and _ALIASES.get(name) == "open_time" else _ALIASES.get(name, name)
        for place, name in enumerate(names)
    ]
    for name in KLINE_COLUMNS.split(","):
        if known.count(name) > 1:
            meant = [names[place] for place, each in enumerate(known) if each == name]
            raise UnreadableRecording(
                path, f"line {number}: the header has {name} twice: {' and '.join(meant)}"
            )
    return known


def _in_vendor_order(path: Path, width: int) -> Iterator[tuple[int, str]]:
    """Yield bars, numbered, with the archive's twelve columns, whatever the header calls them.

    A bar's end follows from its open where it was not recorded. Another column that was not
    recorded is empty: it is never invented.
    """
    lines = lines_of(path)
    number, first = next(lines, (1, ""))
    wanted = KLINE_COLUMNS.split(",")
    if first[:1].isdigit() and first.count(",") + 1 == len(SIX):
        lines, first = chain([(number, first)], lines), ",".join(SIX)
    names = _known_names(path, number, first)
    if first[:1].isdigit() or names == wanted:
        if first[:1].isdigit():
            yield number, first
        yield from lines
        return
    if missing := [name for name in wanted if name not in names and name not in _OPTIONAL]:
        raise UnreadableRecording(
            path, f"line {number}: the header {first[:200]!r} lacks {', '.join(missing)}"
        )
    for number, line in lines:
        cells = line.split(",")
        if len(cells) != len(names):
            raise UnreadableRecording(
                path, f"line {number}: expected {len(names)} columns, found {line[:200]!r}"
            )
        row = _OPTIONAL | dict(zip(names, cells, strict=True))
        if not row["close_time"] and re.fullmatch(STAMP, row["open_time"]):
            row["close_time"] = str(in_ms(row["open_time"]) + width - 1)
        yield number, ",".join(row[name] for name in wanted)
