"""Recorded settlements, with the interval that their times imply."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from cryptopipe_assets.core.own_files.settlements import RecordedSettlement, read_settlements
from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.sandbox.contents.source import Settlement

_INTERVALS = (1, 2, 4, 8)  # hours the exchange settles at


FILES_HELD = 2048
"""More than the exchange has symbols: a request of all symbols goes through every file."""


@dataclass(frozen=True)
class _Series:
    """One file: stamps (ms), their nearest whole hours, rates as written, and periods (hours)."""

    times: Sequence[int]
    hours: Sequence[int]
    rates: Sequence[str]
    periods: Sequence[int]


class RecordedFunding:
    """The funding files of a recording.

    Parameters
    ----------
    files
        Paths by vendor symbol.
    """

    def __init__(self, files: Mapping[str, Sequence[Path]]) -> None:
        self.files = files
        self._series = lru_cache(maxsize=FILES_HELD)(_read)

    def between(self, symbol: str, start: int, end: int) -> list[Settlement]:
        """Settlements stamped in ``[start, end)``; none if the symbol has no file."""
        return list(self.each(symbol, start, end))

    def count(self, symbol: str, start: int, end: int) -> int:
        """Count the settlements stamped in ``[start, end)``."""
        times = self._recorded(symbol).times
        return bisect_left(times, end) - bisect_left(times, start)

    def each(
        self, symbol: str, start: int, end: int, *, newest_first: bool = False
    ) -> Iterator[Settlement]:
        """Yield the settlements stamped in ``[start, end)``, one by one.

        A page of all symbols takes a thousand of them and leaves the rest.
        """
        found = self._recorded(symbol)
        places = range(bisect_left(found.times, start), bisect_left(found.times, end))
        for place in reversed(places) if newest_first else places:
            yield Settlement(
                symbol=symbol,
                time=found.times[place],
                rate=found.rates[place],
                mark="",
                interval_hours=found.periods[place],
            )

    def last_hours(self, symbol: str, end: int) -> int | None:
        """Hours of the period that the newest settlement before ``end`` closes; null without."""
        found = self._recorded(symbol)
        place = bisect_left(found.times, end) - 1
        return found.periods[place] if place >= 0 else None

    def complete(self, symbol: str, start: int, end: int) -> list[Settlement]:
        """Settlements of ``[start, end)`` if none is missing, else an empty list.

        Both instants are midnights, at which every contract settles. None is missing if one
        falls on ``start``, if the next after the window falls on ``end`` (or, where the recording
        stops, would do so), and if no step between stands out as a hole.
        """
        hours = self._recorded(symbol).hours
        first, last = bisect_left(hours, start // HOUR_MS), bisect_left(hours, end // HOUR_MS)
        if first == last or hours[first] != start // HOUR_MS:
            return []
        if last < len(hours) and hours[last] != end // HOUR_MS:
            return []
        steps = [after - before for before, after in pairwise([*hours[:last], end // HOUR_MS])]
        stopped = last == len(hours) and steps[-1] > max(steps[-2:-1], default=8)
        if stopped or any(_is_hole(steps, place) for place in range(first, last)):
            return []
        return self.between(symbol, start, end)

    def _recorded(self, symbol: str) -> _Series:
        if symbol not in self.files:
            return _NOTHING
        return self._series(symbol, tuple(self.files[symbol]))


def _read(symbol: str, paths: Sequence[Path]) -> _Series:
    rows = read_settlements(symbol, paths)
    return _Series(
        times=array("q", [row.time for row in rows]),
        hours=array("q", [row.hour for row in rows]),
        rates=[row.rate for row in rows],
        periods=array("q", intervals(rows)),
    )


_NOTHING = _Series([], [], [], [])


def intervals(rows: list[RecordedSettlement]) -> list[int]:
    """Hours of the funding period that each settlement closes: as declared, else from the times.

    Of the times the first has the length of the second; a step that is no funding period hides
    missing rows and takes the length before it. A lone settlement counts as the usual 8 hours.
    """
    steps = [after.hour - before.hour for before, after in pairwise(rows)]
    length = next((step for step in steps if step in _INTERVALS), 8)
    found = [length] if rows else []
    for step in steps:
        length = step if step in _INTERVALS else length
        found.append(length)
    return [row.declared_hours or hours for row, hours in zip(rows, found, strict=True)]


def _is_hole(steps: list[int], place: int) -> bool:
    """Tell whether a step cannot be a funding period, or is longer than both its neighbours."""
    around = steps[max(place - 1, 0) : place] + steps[place + 1 : place + 2]
    alone = len(around) == 2 and all(steps[place] > other for other in around)
    return alone or steps[place] not in _INTERVALS
