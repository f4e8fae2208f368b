"""Recorded open interest of Binance's contracts.

Layout: ``binance/open-interest-<period>/<SYM>.csv`` with the columns timestamp, symbol,
sum_open_interest and sum_open_interest_value.
"""

import re
from bisect import bisect_left
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptopipe_assets.sandbox.contents.contents import InterestPoint
from cryptopipe_assets.sandbox.contents.source import UnreadableRecording
from cryptopipe_assets.sandbox.contents.times import instant_of
from cryptopipe_assets.sandbox.recorded.binance_files import ends
from cryptopipe_assets.sandbox.recorded.rows import number_of, rows_of, stamp

_COLUMNS = ("timestamp", "symbol", "sum_open_interest", "sum_open_interest_value")
_FOLDER = re.compile(r"open-interest-(\d+[mhd])")
_FILE = re.compile(r"([0-9A-Z_]+)\.csv(?:\.gz)?")
LAYOUT = ("binance/open-interest-<period>/<SYM>.csv[.gz]",)
"""Files that are read, below the folder of recordings."""


class RecordedPositions:
    """Points as they were recorded, however long ago.

    Attributes
    ----------
    files
        Path by period and symbol.
    """

    def __init__(self, root: Path) -> None:
        self.files = {
            (folder[1], symbol[1]): path
            for path in sorted(root.glob("open-interest-*/*.csv*"))
            if (folder := _FOLDER.fullmatch(path.parent.name))
            and (symbol := _FILE.fullmatch(path.name))
        }
        self.periods = frozenset(period for period, _ in self.files)
        self._points = lru_cache(maxsize=64)(_read)

    def first(self, symbol: str) -> int | None:
        """Return the time of a symbol's first point; null if it has no file."""
        paths = [path for (_, name), path in self.files.items() if name == symbol]
        return min((ends(path)[0] for path in paths), default=None)

    def coverage(self) -> dict[str, tuple[datetime, datetime]]:
        """Return symbol -> first and last recorded point."""
        spans: dict[str, list[int]] = {}
        for (_, symbol), path in self.files.items():
            spans.setdefault(symbol, []).extend(ends(path))
        return {
            symbol: (instant_of(min(edges)), instant_of(max(edges)))
            for symbol, edges in sorted(spans.items())
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
        """None: the archive's five-minute files were not recorded."""
        return []

    def _between(self, symbol: str, period: str, start: int, end: int) -> list[InterestPoint]:
        if (period, symbol) not in self.files:
            return []
        points = self._points(self.files[period, symbol])
        times = [point.time for point in points]
        return points[bisect_left(times, start) : bisect_left(times, end)]


def _read(path: Path) -> list[InterestPoint]:
    """Read a file whole: one point per instant, ascending, numbers as they were spelled."""
    points: dict[int, InterestPoint] = {}
    for row in rows_of(path, _COLUMNS):
        base, usd = row["sum_open_interest"], row["sum_open_interest_value"]
        if not row["timestamp"].isdecimal() or min(number_of(path, base), number_of(path, usd)) < 0:
            raise UnreadableRecording(path, f"not a point of open interest: {row}")
        time = stamp(path, int(number_of(path, row["timestamp"])))
        point = InterestPoint(time=time, base=base, usd=usd, supply=None)
        if points.setdefault(point.time, point) != point:
            raise UnreadableRecording(path, f"two different points at {point.time}")
    return [points[time] for time in sorted(points)]
