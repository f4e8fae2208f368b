"""Recorded Coinalyze bars: daily open interest in USD and daily funding in percent.

Layout: ``coinalyze/open_interest_daily_*.csv[.gz]`` (symbol, timestamp, oi_open, oi_high, oi_low,
oi_close) and ``coinalyze/funding_rate_daily_*.csv[.gz]`` (symbol, timestamp, fr_open, fr_high,
fr_low, funding_rate); timestamps are seconds.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptopipe_assets.core.own_files.rows import rows_of
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.core.time import DAY_MS
from cryptopipe_assets.sandbox.contents.contents import Ohlc, Row
from cryptopipe_assets.sandbox.contents.times import instant_of
from cryptopipe_assets.sandbox.recorded.daily import RecordedRows

_INTEREST = ("oi_open", "oi_high", "oi_low", "oi_close")
_FUNDING = ("fr_open", "fr_high", "fr_low", "funding_rate")
_SYMBOL = re.compile(
    r"(?P<on_exchange>(?:[pP][fF]_)?(?P<pair>[0-9A-Za-z_-]+?)(?:_PERP)?)\.(?P<code>[0-9A-Z])"
)
_OLD_NAMES = {"XBT": "BTC", "XDG": "DOGE"}  # of Kraken's futures, which spell pf_xbtusd

_QUOTES = ("USDT", "USDC", "USD")
_COIN_MARGINED_ON = ("A", "6", "3")  # venues where a plain USD pair is margined in the coin
LAYOUT = (
    "coinalyze/open_interest_daily_*.csv[.gz]",
    "coinalyze/funding_rate_daily_*.csv[.gz]",
)
"""Files that are read, below the folder of recordings."""


class RecordedCoinalyze:
    """Daily bars; the intraday ones and the present were not recorded."""

    def __init__(self, folder: Path) -> None:
        self._interest_files = sorted(folder.glob("open_interest_daily_*.csv*"))
        self._funding_files = sorted(folder.glob("funding_rate_daily_*.csv*"))
        self._interest = lru_cache(maxsize=1)(lambda: _bars(self._interest_files, _INTEREST))
        self._funding = lru_cache(maxsize=1)(lambda: _bars(self._funding_files, _FUNDING))

    @property
    def files(self) -> list[Path]:
        """Return every file that is read."""
        return [*self._interest_files, *self._funding_files]

    @property
    def recorded(self) -> bool:
        """Whether there is any file."""
        return bool(self._interest_files or self._funding_files)

    def coverage(self) -> dict[str, tuple[datetime, datetime]]:
        """Return symbol -> opens of its first and last bar of open interest."""
        return _spans(self._interest())

    def funding_coverage(self) -> dict[str, tuple[datetime, datetime]]:
        """Return symbol -> opens of its first and last bar of funding."""
        return _spans(self._funding())

    def rows(self, start: int, end: int, now: int) -> list[RecordedRows]:
        """Count the bars that open in ``[start, end)`` and were over by now, by symbol."""
        tables = {"open_interest": self._interest(), "funding_rate": self._funding()}
        counts = [
            (name, symbol, len(_between(table, symbol, DAY_MS, (start, end, now))))
            for name, table in tables.items()
            for symbol in sorted(table)
        ]
        return [
            RecordedRows(table=name, source="coinalyze", symbol=symbol, rows=rows)
            for name, symbol, rows in counts
            if rows
        ]

    def markets(self, now: int) -> list[Row]:
        """Rows of ``/future-markets``, told from the spelling of what was recorded by ``now``."""
        tables = (self._interest(), self._funding())
        seen = {symbol for table in tables for symbol, bars in table.items() if bars[0][0] <= now}
        return [_market(symbol) for symbol in sorted(seen)]

    def open_interest(self, symbol: str, *, usd: bool, now: int) -> None:
        """Null: the present was not recorded."""

    def funding_rate(self, symbol: str, now: int) -> None:
        """Null: the present was not recorded."""

    def open_interest_bars(
        self, symbol: str, width: int, *, start: int, end: int, usd: bool, now: int
    ) -> list[Ohlc]:
        """Daily bars in USD; in the contract's own unit only where that is USD."""
        if not usd and _market(symbol)["oi_lq_vol_denominated_in"] != "QUOTE_ASSET":
            return []
        return _between(self._interest(), symbol, width, (start, end, now))

    def funding_bars(
        self, symbol: str, width: int, *, start: int, end: int, now: int
    ) -> list[Ohlc]:
        """Daily bars in percent."""
        return _between(self._funding(), symbol, width, (start, end, now))

    def liquidation_bars(
        self, symbol: str, width: int, *, start: int, end: int, usd: bool, now: int
    ) -> list[tuple[int, float, float]]:
        """None were recorded."""
        return []


def _spans(table: dict[str, list[Ohlc]]) -> dict[str, tuple[datetime, datetime]]:
    return {
        symbol: (instant_of(bars[0][0]), instant_of(bars[-1][0]))
        for symbol, bars in sorted(table.items())
    }


def _between(
    table: dict[str, list[Ohlc]], symbol: str, width: int, window: tuple[int, int, int]
) -> list[Ohlc]:
    """Return days that open in the window and, unlike a forming bar, were over by now."""
    start, end, now = window
    bars = table.get(symbol, []) if width == DAY_MS else []
    opens = [bar[0] for bar in bars]
    return bars[bisect_left(opens, start) : bisect_left(opens, min(end, now - DAY_MS + 1))]


def _bars(paths: Sequence[Path], names: tuple[str, str, str, str]) -> dict[str, list[Ohlc]]:
    """Read files whole: ascending days by symbol.

    A file may end with the day that was forming when it was written: where two files differ in
    such a day, that of the file which goes on beyond it holds.
    """
    table: dict[str, dict[int, Ohlc]] = {}
    forming: set[tuple[str, int]] = set()
    for path in paths:
        found = _bars_of(path, names)
        for symbol, bars in found.items():
            newest = max(bars)
            known = table.setdefault(symbol, {})
            for opened, bar in bars.items():
                place = (symbol, opened)
                if opened not in known or (place in forming and opened != newest):
                    known[opened] = bar
                    forming.discard(place)
                    if opened == newest:
                        forming.add(place)
                elif known[opened] == bar or (opened == newest and place not in forming):
                    continue
                else:
                    raise UnreadableRecording(
                        path, f"two different bars of {symbol} at {instant_of(opened)}"
                    )
    return {symbol: [bars[day] for day in sorted(bars)] for symbol, bars in table.items()}


def _bars_of(path: Path, names: tuple[str, str, str, str]) -> dict[str, dict[int, Ohlc]]:
    """Read one file whole: days by symbol."""
    table: dict[str, dict[int, Ohlc]] = {}
    for row in rows_of(path, ("symbol", "timestamp", *names)):
        opened = row.milliseconds("timestamp", unit=1000)
        first, high, low, last = (row.number(name) for name in names)
        bar = (opened, first, high, low, last)
        if opened % DAY_MS:
            raise row.fault("timestamp", "the first second of a day")
        if not _SYMBOL.fullmatch(row["symbol"]):
            raise row.fault("symbol", "the name of a market")
        if table.setdefault(row["symbol"], {}).setdefault(opened, bar) != bar:
            raise UnreadableRecording(
                path, f"line {row.line}: two different bars of {row['symbol']}: {row}"
            )
    return table


def _market(symbol: str) -> Row:
    """Tell base, quote and margin from the spelling, e.g. ``BTCUSD_PERP.A`` or ``GT_USDT.Y``."""
    found = _SYMBOL.fullmatch(symbol)
    pair, code = (found["pair"], found["code"]) if found else (symbol, "")
    is_lower = pair.islower()
    pair = pair.upper() if is_lower else pair
    quote = next((each for each in _QUOTES if pair.endswith(each) and pair != each), "")
    base = pair.removesuffix(quote).rstrip("_-")
    base = _OLD_NAMES.get(base, base) if is_lower else base
    inverse = quote == "USD" and code in _COIN_MARGINED_ON
    return {
        "symbol": symbol,
        "exchange": code,
        "symbol_on_exchange": found["on_exchange"] if found else symbol,
        "base_asset": base,
        "quote_asset": quote or "USD",
        "expire_at": None,
        "is_perpetual": True,
        "margined": "COIN" if inverse else "STABLE",
        "oi_lq_vol_denominated_in": "QUOTE_ASSET" if inverse else "BASE_ASSET",
        "has_long_short_ratio_data": False,
        "has_ohlcv_data": True,
        "has_buy_sell_data": False,
    }
