"""Recorded open interest of Binance's contracts.

Layout: ``binance/open-interest-<period>/<SYM>``, pages of ``openInterestHist`` as JSON or as a
table, and ``binance/metrics/<SYM>-metrics-<YYYY-MM>[-<DD>]``, the archive's files of five minutes.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptopipe_assets.core.contract_names import CONTRACT, composed
from cryptopipe_assets.core.own_files.days_of_name import DAYS, Span, span_of
from cryptopipe_assets.core.own_files.file_text import SPELT, SUFFIX
from cryptopipe_assets.core.own_files.open_interest import Point, read_metrics, read_points
from cryptopipe_assets.core.own_files.stamps import ends
from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.sandbox.contents.contents import InterestPoint
from cryptopipe_assets.sandbox.contents.times import instant_of, stamp_of

_FOLDER = re.compile(r"open-interest-(\d+[mhd])")
_FILE = re.compile(rf"(?P<symbol>{CONTRACT}){SUFFIX}")
_METRICS = re.compile(rf"(?P<symbol>{CONTRACT})-metrics-{DAYS}{SUFFIX}")
_HOURLY = "1h"
LAYOUT = (
    f"binance/open-interest-<period>/<SYM>{SPELT}",
    f"binance/metrics/<SYM>-metrics-<YYYY-MM>[-<DD>]{SPELT}",
)
"""Files that are read, below the folder of recordings."""


class RecordedPositions:
    """Points as they were recorded, however long ago.

    What the archive has not of a day is served from the recorded pages as its file would have it:
    a collector asks the archive for what is older than a month, and both tell the same state.

    Attributes
    ----------
    files
        Path of the pages by period and symbol.
    metrics
        Paths of the archive's files by symbol and days.
    """

    def __init__(self, root: Path) -> None:
        self.files: dict[tuple[str, str], Path] = {}
        for path in sorted(root.glob("open-interest-*/*")):
            folder = _FOLDER.fullmatch(path.parent.name)
            if folder and (found := _FILE.fullmatch(composed(path.name))):
                self.files.setdefault((folder[1], found["symbol"]), path)
        self.metrics: dict[str, dict[Span, Path]] = {}
        for path in sorted(root.glob("metrics/*")):
            found = _METRICS.fullmatch(composed(path.name))
            if found and (span := span_of(found)):
                self.metrics.setdefault(found["symbol"], {}).setdefault(span, path)
        recorded = {period for period, _ in self.files}
        self.periods = frozenset(recorded | ({_HOURLY} if recorded or self.metrics else set()))
        self.symbols = sorted({symbol for _, symbol in self.files} | set(self.metrics))
        self._points = lru_cache(maxsize=64)(read_points)
        self._hours_of_metrics = lru_cache(maxsize=64)(_hours_of_metrics)

    @property
    def paths(self) -> list[Path]:
        """Every file that is read."""
        archived = [path for days in self.metrics.values() for path in days.values()]
        return [*self.files.values(), *archived]

    def first(self, symbol: str) -> int | None:
        """Return when the hour begins whose end is a symbol's first point; null without a file."""
        point = min(self._edges(symbol), default=None)
        return None if point is None else point - HOUR_MS

    def coverage(self) -> dict[str, tuple[datetime, datetime]]:
        """Return symbol -> first and last recorded point; of the archive's files, by their days."""
        edges = {symbol: list(self._edges(symbol)) for symbol in self.symbols}
        return {
            symbol: (instant_of(min(found)), instant_of(max(found)))
            for symbol, found in edges.items()
        }

    def oldest(self, now: int) -> int:
        """0: a recording forgets nothing."""
        return 0

    def points_from(
        self, symbol: str, period: str, *, start: int, end: int, limit: int, now: int
    ) -> list[InterestPoint]:
        """First ``limit`` recorded points of ``[start, end)``."""
        return self._between(symbol, period, start, min(end, now + 1))[:limit]

    def points_until(
        self, symbol: str, period: str, *, end: int, limit: int, now: int
    ) -> list[InterestPoint]:
        """Newest ``limit`` recorded points before ``end``."""
        return self._between(symbol, period, 0, min(end, now + 1))[-limit:]

    def archived_metrics(self, symbol: str, *, start: int, end: int) -> list[str]:
        """Lines of a day's file, labelled with the ends of its five minutes; whole hours only.

        Where the last one was not recorded, a blank one is there, as the archive has them: without
        it nobody could tell what the labels are.
        """
        points = self.hours(symbol, start, end)
        rows = [f"{_label(each.time)},{symbol},{each.base},{each.usd},,,," for each in points]
        if points and points[-1].time != end:
            rows.append(f"{_label(end)},{symbol},,,,,,")
        return rows

    def hours(self, symbol: str, start: int, end: int) -> list[Point]:
        """Return the states at the whole hours after ``start`` up to ``end``, ascending.

        Of an instant that files of both kinds have, the archive's counts.
        """
        found: dict[int, Point] = {}
        for path in self._pages(symbol):
            points = self._points(path, symbol)
            first = bisect_left(points, start + 1, key=_time)
            last = bisect_left(points, end + 1, key=_time)
            found |= {each.time: each for each in points[first:last] if each.time % HOUR_MS == 0}
        for span, path in self.metrics.get(symbol, {}).items():
            if stamp_of(span[0]) < end and start < stamp_of(span[1]):
                read = self._hours_of_metrics(path, symbol, *map(stamp_of, span))
                found |= {each.time: each for each in read if start < each.time <= end}
        return [found[time] for time in sorted(found)]

    def hours_held(self, symbol: str, start: int, end: int) -> int:
        """Count the whole hours of which a state after ``start`` up to ``end`` is there."""
        return len(self.hours(symbol, start, end))

    def _between(self, symbol: str, period: str, start: int, end: int) -> list[InterestPoint]:
        if (period, symbol) in self.files:
            points = self._points(self.files[period, symbol], symbol)
            first, last = (bisect_left(points, edge, key=_time) for edge in (start, end))
            chosen = points[first:last]
        else:
            chosen = self.hours(symbol, start - 1, end - 1) if period == _HOURLY else []
        return [
            InterestPoint(time=each.time, base=each.base, usd=each.usd, supply=None)
            for each in chosen
        ]

    def _pages(self, symbol: str) -> Iterator[Path]:
        return (path for (_, name), path in self.files.items() if name == symbol)

    def _edges(self, symbol: str) -> Iterator[int]:
        for path in self._pages(symbol):
            yield from ends(path)
        for start, end in self.metrics.get(symbol, {}):
            yield from (stamp_of(start), stamp_of(end))


def _time(point: Point) -> int:
    return point.time


def _label(milliseconds: int) -> str:
    return f"{instant_of(milliseconds):%Y-%m-%d %H:%M:%S}"


def _hours_of_metrics(path: Path, symbol: str, first: int, last: int) -> list[Point]:
    points = read_metrics(path, symbol, first=first, last=last)
    return [each for each in points if each.time % HOUR_MS == 0]
