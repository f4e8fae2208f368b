"""Recorded files as they lie on disk: reading, checking and cheaply dating them.

A damaged file is never served in part: `UnreadableRecording` names it and its first fault.
"""

import gzip
import io
import re
import zlib
from bisect import bisect_left
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, cast

from cryptopipe_assets.core.contract_names import CONTRACT, composed
from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.sandbox.contents.source import KLINE_COLUMNS, UnreadableRecording

_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_KLINE = re.compile(
    rf"\d{{12,14}}(?:,{_NUMBER}){{5}},\d{{12,14}},{_NUMBER},\d+(?:,(?:{_NUMBER})?){{3}}"
)
_SETTLEMENT = re.compile(rf"(\d{{12,14}}),({CONTRACT}),({_NUMBER})")
_STAMPED = re.compile(rb"^[ \t]*(\d{12,14})(?=[,\s]|$)", re.MULTILINE)
# The REST captures call the same columns by other names.
_ALIASES = {
    "timestamp": "open_time",
    "quote_asset_volume": "quote_volume",
    "trades": "count",
    "taker_buy_base_asset_volume": "taker_buy_volume",
    "taker_buy_quote_asset_volume": "taker_buy_quote_volume",
}
_OPTIONAL = {"taker_buy_volume": "", "taker_buy_quote_volume": "", "ignore": "0"}


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
    """One row of a funding file; ``time`` is the vendor's late stamp in milliseconds."""

    time: int
    rate: str

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
    lines = sorted({_kline(path, line) for line in _in_vendor_order(path, _text(path))})
    opens = [int(line.split(",", 1)[0]) for line in lines]
    for before, after in pairwise(opens):
        if before == after:
            raise UnreadableRecording(path, f"two different bars open at {after}")
    for opened in opens:
        if opened % width:
            raise UnreadableRecording(path, f"{opened} is not on a grid of {width} ms")
    return KlineFile(opens, lines)


def read_settlements(path: Path) -> list[RecordedSettlement]:
    """Return every settlement of a recording, ascending, one per hour.

    Raises
    ------
    UnreadableRecording
        The file cannot be read or a row is not ``timestamp,symbol,funding_rate`` of its symbol.
    """
    symbol = composed(path.name.partition(".")[0])
    rows: dict[int, RecordedSettlement] = {}
    for number, line in enumerate(_text(path)):
        if number == 0 and not line[0].isdigit():
            continue  # the header
        found = _SETTLEMENT.fullmatch(line)
        if found is None or composed(found[2]) != symbol:
            raise UnreadableRecording(path, f"not a settlement of {symbol}: {line!r}")
        row = RecordedSettlement(int(found[1]), found[3])
        if rows.setdefault(row.hour, row) != row:
            raise UnreadableRecording(path, f"two different settlements at {row.time}")
    return [rows[hour] for hour in sorted(rows)]


def first_line(path: Path) -> str:
    """Return the first row below the header, in the vendor's column order."""
    with closing(_in_vendor_order(path, _text(path))) as lines:
        return _kline(path, next(lines, ""))


def ends(path: Path) -> tuple[int, int]:
    """Return the earliest and the latest time of a file whose first column is the time.

    Every row is looked at: vendors deliver in either order, and the rows at a file's two ends say
    nothing about the rows between them.
    """
    with _readable(path), _opened(path) as file:
        content = file.read()
    stamps = [int(found) for found in _STAMPED.findall(content)]
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


def _kline(path: Path, line: str) -> str:
    if not _KLINE.fullmatch(line):
        raise UnreadableRecording(path, f"not a bar of 12 numbers: {line!r}")
    return line


def _opened(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Name the file if its bytes cannot be read."""
    try:
        yield
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        raise UnreadableRecording(path, f"cannot be read ({error})") from error


def _text(path: Path) -> Generator[str, None, None]:
    """Yield the lines that are not blank, from a plain or gzipped file."""
    with _readable(path), _opened(path) as file, io.TextIOWrapper(file, encoding="utf-8") as text:
        for line in text:
            if line.strip():
                yield line.strip()


def _in_vendor_order(path: Path, lines: Iterator[str]) -> Generator[str, None, None]:
    """Yield bars with the archive's twelve columns, whatever the header calls them.

    A column that was not recorded is empty: it is never invented.
    """
    first = next(lines, "")
    names = [_ALIASES.get(name, name) for name in first.split(",")]
    wanted = KLINE_COLUMNS.split(",")
    if first[:1].isdigit() or names == wanted:
        if first[:1].isdigit():
            yield first
        yield from lines
        return
    if missing := [name for name in wanted if name not in names and name not in _OPTIONAL]:
        raise UnreadableRecording(path, f"header {first!r} lacks {', '.join(missing)}")
    for line in lines:
        cells = line.split(",")
        if len(cells) != len(names):
            raise UnreadableRecording(path, f"expected {len(names)} columns, found {line!r}")
        row = _OPTIONAL | dict(zip(names, cells, strict=True))
        yield ",".join(row[name] for name in wanted)
