"""The recorded source: a folder of real vendor files, served as the vendor would."""

import copy
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path

from cryptopipe_assets.core.own_files.bars import KlineFile, read_klines
from cryptopipe_assets.core.own_files.days_of_name import Span
from cryptopipe_assets.core.time import DAY_MS, HOUR_MS, MINUTE_MS, utcnow
from cryptopipe_assets.sandbox.contents.source import Instrument, Mark, Settlement
from cryptopipe_assets.sandbox.contents.times import Clock, stamp_of
from cryptopipe_assets.sandbox.recorded.binance_funding import RecordedFunding
from cryptopipe_assets.sandbox.recorded.daily import DailyRecordings, RecordedRows
from cryptopipe_assets.sandbox.recorded.folder import RecordedFolder
from cryptopipe_assets.sandbox.recorded.passed_over import PassedOver


class RecordedSource:
    """Real recordings. Nothing is altered, filled in or continued beyond the last row.

    Parameters
    ----------
    folder
        Holds ``binance/`` and the folders of other vendors in the layout of `recorded_folder`.
    clock
        The present of the served world; later rows are not shown, and a minute is shown once
        it has closed (a recording does not know how it looked while it was forming).

    Raises
    ------
    RequestError
        There is no such folder, or nothing in it has a name of the layout.
    """

    name = "recorded"
    intervals = frozenset({"1m", "1h"})

    def __init__(self, folder: Path, clock: Clock = utcnow) -> None:
        self.clock = clock
        self._folder = RecordedFolder(folder)
        self._funding = RecordedFunding(self._folder.funding)
        self.contents = self._folder.contents
        self._month = lru_cache(maxsize=8)(_read_month)
        self._hours = lru_cache(maxsize=8)(read_klines)

    def at(self, clock: Clock) -> "RecordedSource":
        """Return the same recordings at another time; what was read of them is shared."""
        other = copy.copy(self)
        other.clock = clock
        return other

    def coverage(self) -> dict[str, dict[str, tuple[datetime, datetime]]]:
        """Return table -> vendor symbol -> first and last recorded instant.

        Tables are ``ohlcv_1m`` (opens of the first and last bar; 1-minute files only),
        ``funding_rate`` (the vendor's stamps) and, if recorded, ``open_interest`` and
        ``market_cap``.
        """
        return self._folder.coverage()

    def daily(self) -> DailyRecordings:
        """Return what was recorded by the day or more rarely."""
        return self._folder.daily(stamp_of(self.clock()))

    def passed_over(self) -> tuple[PassedOver, ...]:
        """Return the files of the folder that nothing reads, with the reason."""
        return self._folder.passed_over()

    def rows(self, first: date, last: date) -> list[RecordedRows]:
        """Count what a collector could store of the days ``first`` to ``last``, by series.

        Minute bars, settlements (by the full hour meant), daily open interest and funding.
        """
        start, end = stamp_of(first), stamp_of(last) + DAY_MS
        settled = (start - HOUR_MS // 2, end - HOUR_MS // 2)
        counts = [
            ("ohlcv_1m", symbol, sum(map(len, self._months(symbol, start, end))))
            for symbol in self._folder.minutes
        ] + [
            ("funding_rate", symbol, self._funding.count(symbol, *settled))
            for symbol in self._folder.funding
        ]
        own = [
            RecordedRows(table=table, source="binance", symbol=symbol, rows=rows)
            for table, symbol, rows in counts
            if rows
        ]
        return own + self._folder.daily_rows(start, end, stamp_of(self.clock()))

    def instruments(self, now: int) -> list[Instrument]:
        """Every symbol with any file whose first row lies before ``now``, by name."""
        derived = [self._folder.instrument(symbol) for symbol in self._folder.symbols]
        return [each for each in derived if each.listed <= now]

    def instrument(self, symbol: str, now: int) -> Instrument | None:
        """One symbol; null if nothing of it was recorded before ``now``."""
        if symbol not in self._folder.symbols:
            return None
        found = self._folder.instrument(symbol)
        return found if found.listed <= now else None

    def klines_from(
        self, symbol: str, interval: str, *, start: int, end: int, limit: int, now: int
    ) -> Sequence[str]:
        """First ``limit`` recorded bars that open in ``[start, end)``."""
        if interval == "1h":
            return self._hour_bars(symbol, start, end, now)[:limit]
        months = self._months(symbol, start, min(end, now - now % MINUTE_MS))
        return list(islice(_chained(months), limit))

    def klines_until(
        self, symbol: str, interval: str, *, end: int, limit: int, now: int
    ) -> Sequence[str]:
        """Newest ``limit`` recorded bars that open before ``end``."""
        if interval == "1h":
            return self._hour_bars(symbol, 0, end, now)[-limit:]
        months = self._months(symbol, 0, min(end, now - now % MINUTE_MS), newest_first=True)
        backward = _chained(list(reversed(part)) for part in months)
        return list(islice(backward, limit))[::-1]

    def settlements_from(
        self, symbol: str, *, start: int, end: int, now: int
    ) -> Iterator[Settlement]:
        """Recorded settlements stamped in ``[start, end)``, oldest first."""
        return self._funding.each(symbol, start, min(end, now + 1))

    def settlements_until(self, symbol: str, *, end: int, now: int) -> Iterator[Settlement]:
        """Recorded settlements stamped before ``end``, newest first."""
        return self._funding.each(symbol, 0, min(end, now + 1), newest_first=True)

    def funding_hours(self, now: int) -> dict[str, int]:
        """Hours between the last two settlements seen by ``now``, by symbol."""
        seen = {
            symbol: self._funding.last_hours(symbol, now + 1) for symbol in self._folder.funding
        }
        return {symbol: hours for symbol, hours in seen.items() if hours is not None}

    def archived_klines(
        self, symbol: str, interval: str, *, start: int, end: int, now: int
    ) -> Sequence[str]:
        """Minutes recorded in ``[start, end)``; the hourly captures are no archive files."""
        if interval != "1m":
            return []
        limit = (end - start) // MINUTE_MS
        return self.klines_from(symbol, interval, start=start, end=end, limit=limit, now=now)

    def archived_settlements(
        self, symbol: str, *, start: int, end: int, now: int
    ) -> list[Settlement]:
        """Settlements of ``[start, end)`` if the recording covers all of it, else none."""
        return self._funding.complete(symbol, start, end)

    def mark(self, symbol: str, now: int) -> Mark | None:
        """Null: the present was not recorded."""
        return None

    def open_interest(self, symbol: str, now: int) -> str | None:
        """Null: the present was not recorded."""
        return None

    def _months(
        self, symbol: str, start: int, end: int, *, newest_first: bool = False
    ) -> Iterator[Sequence[str]]:
        """Minutes of ``[start, end)`` month by month, each file read only when it is its turn."""
        months = self._folder.minutes.get(symbol, {})
        for span in sorted(months, reverse=newest_first):
            if stamp_of(span[0]) < end and start < stamp_of(span[1]):
                yield self._month(months[span], span).between(start, end)

    def _hour_bars(self, symbol: str, start: int, end: int, now: int) -> Sequence[str]:
        """Hours of ``[start, end)``; the last row of the capture only while it is forming.

        A capture ends with the bar that was forming when it was taken. Later its closed version
        would differ, and that was not recorded.
        """
        if symbol not in self._folder.hours:
            return []
        file = self._hours(self._folder.hours[symbol], HOUR_MS)
        captured, forming = file.opens[-1] if file.opens else 0, now - now % HOUR_MS
        seen = captured + 1 if captured == forming else min(captured, forming)
        return file.between(start, min(end, seen))


def _chained(parts: Iterable[Sequence[str]]) -> Iterator[str]:
    for part in parts:
        yield from part


def _read_month(path: Path, span: Span) -> KlineFile:
    return read_klines(path, MINUTE_MS, (stamp_of(span[0]), stamp_of(span[1])))
