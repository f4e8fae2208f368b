"""Recorded daily candles of Coinbase.

Layout: ``coinbase_ohlcv_daily*.csv[.gz]`` in the folder itself (date, symbol as ``BTC/USD``, base,
open, high, low, close, volume).
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from cryptopipe_assets.core.own_files.rows import rows_of
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.core.time import DAY_MS
from cryptopipe_assets.sandbox.contents.contents import Row
from cryptopipe_assets.sandbox.contents.times import instant_of, stamp_of

_COLUMNS = ("date", "symbol", "open", "high", "low", "close", "volume")
_AS_SENT = ("low", "high", "open", "close", "volume")
LAYOUT = ("coinbase_ohlcv_daily*.csv[.gz]",)
"""Files that are read, below the folder of recordings."""


class RecordedCoinbase:
    """Days as they were recorded, holes included."""

    def __init__(self, folder: Path) -> None:
        self._files = sorted(folder.glob("coinbase_ohlcv_daily*.csv*"))
        self._days = lru_cache(maxsize=1)(lambda: _read(self._files))

    @property
    def files(self) -> list[Path]:
        """Return every file that is read."""
        return list(self._files)

    @property
    def recorded(self) -> bool:
        """Whether there is any file."""
        return bool(self._files)

    def coverage(self) -> dict[str, tuple[datetime, datetime]]:
        """Return product -> opens of its first and last day."""
        return {
            product: (instant_of(round(days[0][0] * 1000)), instant_of(round(days[-1][0] * 1000)))
            for product, days in sorted(self._days().items())
        }

    def products(self, now: int) -> list[Row]:
        """Rows of ``/products``: what had a candle by ``now``."""
        return [
            {
                "id": product,
                "base_currency": product.partition("-")[0],
                "quote_currency": product.partition("-")[2],
                "display_name": product,
                "status": "online",
                "trading_disabled": False,
            }
            for product, days in sorted(self._days().items())
            if days[0][0] * 1000 <= now
        ]

    def candles(self, product: str, *, start: int, end: int, now: int) -> list[list[float]] | None:
        """Days that open in ``[start, end)`` and are over, newest first."""
        days = self._days().get(product)
        if days is None:
            return None
        opens = [round(day[0] * 1000) for day in days]
        last = bisect_left(opens, min(end, now - DAY_MS + 1))
        return days[bisect_left(opens, start) : last][::-1]


def _read(paths: Sequence[Path]) -> dict[str, list[list[float]]]:
    """Read the files whole: ascending days by product."""
    products: dict[str, dict[int, list[float]]] = {}
    for path in paths:
        for row in rows_of(path, _COLUMNS):
            try:
                opened = stamp_of(date.fromisoformat(row["date"])) // 1000
            except ValueError as error:
                raise row.fault("date", "a date") from error
            day = [opened, *(row.number(name) for name in _AS_SENT)]
            name = row["symbol"].replace("/", "-")
            if products.setdefault(name, {}).setdefault(opened, day) != day:
                fault = f"line {row.line}: two different days of {name}: {row['date']}"
                raise UnreadableRecording(path, fault)
    return {name: [days[day] for day in sorted(days)] for name, days in products.items()}
