"""Recorded files as they lie on disk: reading, checking and cheaply dating them.

A damaged file is never served in part: `UnreadableRecording` names it and its first fault.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

from cryptopipe_assets.core.contract_names import composed
from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.sandbox.contents.source import KLINE_COLUMNS, UnreadableRecording
from cryptopipe_assets.sandbox.recorded.file_text import TIMES, lines_of, time_first

_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_STAMP = r"\d{12,16}"
_KLINE = re.compile(
    rf"{_STAMP}(?:,{_NUMBER}){{5}},{_STAMP},(?:{_NUMBER})?,\d*(?:,(?:{_NUMBER})?){{3}}"
)
_CELLS = (
    ("time", re.compile(_STAMP), "milliseconds or microseconds since 1970"),
    ("rate", re.compile(_NUMBER), "a number"),
    ("hours", re.compile(r"[1-9]\d?"), "whole hours"),
)
"""What the cells of a settlement have to be."""
_RATES = ("funding_rate", "fundingrate", "last_funding_rate")
_STAMPED = re.compile(rb"^[ \t]*(\d{12,16})(?=[,\s]|$)", re.MULTILINE)
_MICROSECONDS_FROM = 10**14  # read as milliseconds, this would be the year 5138
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
_SIX = ("date", "open", "high", "low", "close", "volume")
"""Columns of the files of freqtrade, and of most that have no more of a bar."""
_OPTIONAL = {
    "close_time": "",
    "quote_volume": "",
    "count": "",
    "taker_buy_volume": "",
    "taker_buy_quote_volume": "",
    "ignore": "0",
}


@dataclass(frozen=True)
class KlineFile:
    """Bars of one file in the vendor's column order, ascending; ``opens`` are their times."""

    opens: Sequence[int]
    lines: Sequence[str]

    def between(self, start: int, end: int) -> Sequence[str]:
        """Return the bars that open in ``[start, end)``."""
        return self.lines[bisect_left(self.opens, start) : bisect_left(self.opens, end)]


@dataclass(frozen=True)
class RecordedSettlement:
    """One row of a funding file.

    Attributes
    ----------
    time
        The vendor's late stamp in milliseconds.
    rate
        As it was spelled.
    declared_hours
        Length of the period it closes, where the file says so.
    """

    time: int
    rate: str
    declared_hours: int | None = None

    @property
    def hour(self) -> int:
        """The full hour meant, as hours since 1970."""
        return round(self.time / HOUR_MS)


def read_klines(path: Path, width: int) -> KlineFile:
    """Return every bar of a recording, numbers spelled as they were recorded.

    Raises
    ------
    UnreadableRecording
        The file cannot be read, a row is not a bar of ``width`` milliseconds, or two different
        rows claim the same time.
    """
    lines = sorted({_kline(path, each) for each in _in_vendor_order(path, width)})
    opens = [int(line.split(",", 1)[0]) for line in lines]
    for before, after in pairwise(opens):
        if before == after:
            raise UnreadableRecording(path, f"two different bars open at {after}")
    for opened in opens:
        if opened % width:
            raise UnreadableRecording(path, f"{opened} is not on a grid of {width} ms")
    return KlineFile(opens, lines)


def read_settlements(symbol: str, paths: Iterable[Path]) -> list[RecordedSettlement]:
    """Return every settlement of a symbol's recordings, ascending, one per hour.

    Raises
    ------
    UnreadableRecording
        A file cannot be read, lacks a column, has a row of another contract, or contradicts
        another row or file.
    """
    rows: dict[int, RecordedSettlement] = {}
    for path in paths:
        for number, row in _settlements(path, composed(symbol)):
            if rows.setdefault(row.hour, row) != row:
                raise UnreadableRecording(
                    path, f"line {number}: two different settlements at {row.time}"
                )
    return [rows[hour] for hour in sorted(rows)]


def _settlements(path: Path, symbol: str) -> Iterator[tuple[int, RecordedSettlement]]:
    """Yield settlements, numbered.

    Without a header a row of three columns is time, symbol and rate, or, as in the archive, time,
    hours and rate.
    """
    places: dict[str, int] | None = None
    for number, line in lines_of(path):
        cells = line.split(",")
        if not line[0].isdigit():
            if number > 1 and places is not None:
                raise UnreadableRecording(path, f"line {number}: {_no_settlement(symbol, line)}")
            places = _places(path, number, cells)
            continue
        if places is None:
            hours = cells[1:2] and cells[1].isdigit() and cells[1] != symbol
            places = {"time": 0, "hours" if hours else "symbol": 1, "rate": 2, "width": 3}
            if "-funding_rate." in path.name:
                places = {"time": 0, "rate": 1, "width": len(_SIX)}
            elif len(cells) != places["width"]:
                raise UnreadableRecording(
                    path,
                    f"line {number}: without a header expected time, symbol and rate, or time, "
                    f"hours and rate, found {line[:200]!r}",
                )
        yield number, _settlement(path, symbol, number, line, places)


def _places(path: Path, number: int, names: Sequence[str]) -> dict[str, int]:
    """Return where a header has time, symbol and rate."""
    lower = [name.strip().lower() for name in names]
    places = {"time": 0, "width": len(names)}
    rates = [lower.index(name) for name in _RATES if name in lower]
    if not rates and lower[1:] == list(_SIX[1:]):
        rates = [lower.index("open")]  # freqtrade keeps rates as bars
    if len(rates) != 1 or lower[0] not in TIMES:
        raise UnreadableRecording(
            path,
            f"line {number}: the header {','.join(names)[:200]!r} lacks a time or a rate, or has "
            f"two: expected one of {', '.join(TIMES)} and one of {', '.join(_RATES)}",
        )
    places["rate"] = rates[0]
    known = {"symbol": "symbol", "funding_interval_hours": "hours"}
    return places | {known[name]: place for place, name in enumerate(lower) if name in known}


def _settlement(
    path: Path, symbol: str, number: int, line: str, places: Mapping[str, int]
) -> RecordedSettlement:
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != (width := places["width"]):
        raise UnreadableRecording(
            path, f"line {number}: {_no_settlement(symbol, line)}, expected {width} columns"
        )
    if "symbol" in places and composed(cells[places["symbol"]]) != symbol:
        raise UnreadableRecording(
            path,
            f"line {number}: column symbol: {_no_settlement(symbol, line)}",
        )
    for name, pattern, expected in _CELLS:
        if name in places and not pattern.fullmatch(cells[places[name]]):
            raise UnreadableRecording(
                path,
                f"line {number}: column {name}: {_no_settlement(symbol, line)}; expected "
                f"{expected}, found {cells[places[name]][:80]!r}",
            )
    hours = int(cells[places["hours"]]) if "hours" in places else None
    return RecordedSettlement(_in_ms(cells[0]), cells[places["rate"]], hours)


def _no_settlement(symbol: str, line: str) -> str:
    return f"not a settlement of {symbol}: {line[:200]!r}"


def first_line(path: Path, width: int) -> str:
    """Return the first row below the header, in the vendor's column order."""
    return _kline(path, next(_in_vendor_order(path, width), (1, "")))


def ends(path: Path) -> tuple[int, int]:
    """Return the earliest and the latest time of a file whose first column is the time.

    Every row is looked at: vendors deliver in either order, and the rows at a file's two ends say
    nothing about the rows between them.
    """
    content = time_first(path)
    stamps = [_in_ms(found) for found in _STAMPED.findall(content)]
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


def _in_ms(stamp: str | bytes) -> int:
    """Return a stamp in milliseconds; some files have microseconds."""
    number = int(stamp)
    return number // 1000 if number >= _MICROSECONDS_FROM else number


def _kline(path: Path, numbered: tuple[int, str]) -> str:
    """Return a checked bar with stamps in milliseconds, else name line and column."""
    number, line = numbered
    if not _KLINE.fullmatch(line):
        raise UnreadableRecording(path, f"line {number}: {_fault_of(line)}")
    opened, rest = line.split(",", 1)
    if len(opened) < len(str(_MICROSECONDS_FROM)):
        return line
    cells = rest.split(",")
    cells[5] = str(_in_ms(cells[5]))
    return ",".join([str(_in_ms(opened)), *cells])


def _fault_of(line: str) -> str:
    """Say which column of a row is not what it should be."""
    names, cells = KLINE_COLUMNS.split(","), line.split(",")
    if len(cells) != len(names):
        return f"not a bar of {len(names)} numbers, it has {len(cells)}: {line[:200]!r}"
    for name, cell in zip(names, cells, strict=True):
        pattern, expected = _NUMBER, "a number"
        if name in {"open_time", "close_time"}:
            pattern, expected = _STAMP, "milliseconds or microseconds since 1970"
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
    if first[:1].isdigit() and first.count(",") + 1 == len(_SIX):
        lines, first = chain([(number, first)], lines), ",".join(_SIX)
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
        if not row["close_time"] and re.fullmatch(_STAMP, row["open_time"]):
            row["close_time"] = str(_in_ms(row["open_time"]) + width - 1)
        yield number, ",".join(row[name] for name in wanted)
