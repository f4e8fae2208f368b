"""Settlements of funding as people keep them: the archive's files, REST answers, freqtrade's."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptopipe_assets.core.contract_names import composed
from cryptopipe_assets.core.own_files.bars import SIX
from cryptopipe_assets.core.own_files.days_of_name import DAYS, span_of
from cryptopipe_assets.core.own_files.file_text import SUFFIX, TIMES, lines_of
from cryptopipe_assets.core.own_files.stamps import NUMBER, STAMP, in_ms
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.core.time import HOUR_MS, midnight, milliseconds

_CELLS = (
    ("time", re.compile(STAMP), "milliseconds or microseconds since 1970"),
    ("rate", re.compile(NUMBER), "a number"),
    ("hours", re.compile(r"[1-9]\d?"), "whole hours"),
)
"""What the cells of a settlement have to be."""
_DATED = re.compile(rf".+-fundingRate-{DAYS}{SUFFIX}")
_RATES = ("funding_rate", "fundingrate", "last_funding_rate")


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


def read_settlements(symbol: str, paths: Iterable[Path]) -> list[RecordedSettlement]:
    """Return every settlement of a symbol's recordings, ascending, one per hour.

    Raises
    ------
    UnreadableRecording
        A file cannot be read, lacks a column, has a row of another contract, or contradicts
        another row, file, or the days of its name.
    """
    rows: dict[int, RecordedSettlement] = {}
    for path in paths:
        days = _days_of(path)
        for number, row in _settlements(path, composed(symbol)):
            if days and not days[0] <= row.hour * HOUR_MS < days[1]:
                raise UnreadableRecording(
                    path, f"line {number}: column time: {row.time} is outside the days of its name"
                )
            if rows.setdefault(row.hour, row) != row:
                raise UnreadableRecording(
                    path, f"line {number}: two different settlements at {row.time}"
                )
    return [rows[hour] for hour in sorted(rows)]


def _days_of(path: Path) -> tuple[int, int] | None:
    """Return the milliseconds between which the name of a file says that its rows are."""
    found = _DATED.fullmatch(composed(path.name))
    span = span_of(found) if found else None
    return (
        None if span is None else (milliseconds(midnight(span[0])), milliseconds(midnight(span[1])))
    )


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
                places = {"time": 0, "rate": 1, "width": len(SIX)}
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
    if not rates and lower[1:] == list(SIX[1:]):
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
    return RecordedSettlement(in_ms(cells[0]), cells[places["rate"]], hours)


def _no_settlement(symbol: str, line: str) -> str:
    return f"not a settlement of {symbol}: {line[:200]!r}"
