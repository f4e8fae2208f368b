"""Which recordings a folder holds, and what can be told of them without reading them whole.

Layout, any symbols and months; every part is optional::

    binance/um-klines-1m/<SYM>-1m-<YYYY-MM>.csv.gz
    binance/um-klines-1h/<SYM>.csv.gz
    binance/funding/<SYM>.csv
    binance/open-interest-<period>/<SYM>.csv

What other vendors' folders look like is told where they are read: `recorded_coinalyze`,
`recorded_coinmarketcap`, `recorded_captures`, `recorded_coingecko` and `recorded_coinbase`.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from cryptopipe_assets.core.contract_names import CONTRACT, composed
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.sandbox.contents.contents import Contents
from cryptopipe_assets.sandbox.contents.source import Instrument, UnreadableRecording
from cryptopipe_assets.sandbox.contents.times import instant_of
from cryptopipe_assets.sandbox.recorded import (
    binance_files as recordings,
)
from cryptopipe_assets.sandbox.recorded import (
    binance_positions,
    coinalyze,
    coinbase,
    coingecko,
    coinmarketcap,
)
from cryptopipe_assets.sandbox.recorded.binance_positions import RecordedPositions
from cryptopipe_assets.sandbox.recorded.coinalyze import RecordedCoinalyze
from cryptopipe_assets.sandbox.recorded.coinbase import RecordedCoinbase
from cryptopipe_assets.sandbox.recorded.coingecko import RecordedCoinGecko
from cryptopipe_assets.sandbox.recorded.coinmarketcap import RecordedCoinMarketCap
from cryptopipe_assets.sandbox.recorded.daily import DailyRecordings, RecordedRows
from cryptopipe_assets.sandbox.recorded.passed_over import PassedOver, passed_over

_MINUTES = re.compile(
    rf"(?P<symbol>{CONTRACT})-1m-(?P<month>\d{{4}}-(?:0[1-9]|1[0-2]))\.csv(?:\.gz)?"
)
_SYMBOL_FILE = re.compile(rf"(?P<symbol>{CONTRACT})\.csv(?:\.gz)?")
_QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD", "BTC", "ETH", "BNB", "EUR")

LAYOUT = (
    "binance/um-klines-1m/<SYM>-1m-<YYYY-MM>.csv[.gz]",
    "binance/um-klines-1h/<SYM>.csv[.gz]",
    "binance/funding/<SYM>.csv[.gz]",
    *binance_positions.LAYOUT,
    *coinalyze.LAYOUT,
    *coinmarketcap.LAYOUT,
    *coingecko.LAYOUT,
    *coinbase.LAYOUT,
)
"""Files that are read, below the folder of recordings."""


class RecordedFolder:
    """The files of a recording, by what they hold.

    Attributes
    ----------
    minutes
        One-minute files by symbol and first day of their month.
    hours, funding
        Hourly captures and settlements by symbol.
    symbols
        Every Binance contract that has any file, sorted.
    contents
        What was recorded of the other vendors, and of Binance's open interest.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ends = lru_cache(maxsize=None)(recordings.ends)
        root = folder / "binance"
        self.minutes = _by_month(root / "um-klines-1m")
        self.hours = _by_symbol(root / "um-klines-1h")
        self.funding = _by_symbol(root / "funding")
        self.positions = RecordedPositions(root)
        with_interest = {symbol for _, symbol in self.positions.files}
        self.symbols = sorted({*self.minutes, *self.hours, *self.funding, *with_interest})
        self._coinalyze = RecordedCoinalyze(folder / "coinalyze")
        self._coinmarketcap = RecordedCoinMarketCap(folder)
        self._coingecko = RecordedCoinGecko(folder / "coingecko")
        self._coinbase = RecordedCoinbase(folder)
        self._others = (self._coinalyze, self._coinmarketcap, self._coingecko, self._coinbase)
        if not self.symbols and not any(each.recorded for each in self._others):
            raise RequestError(
                f"no recording in {folder}: expected files named {', '.join(LAYOUT)} there; name "
                "the folder that holds binance/ or the folders of the other vendors"
            )
        self.contents = Contents(
            binance=self.positions,
            venues=None,
            coinalyze=self._coinalyze,
            coinmarketcap=self._coinmarketcap,
            coingecko=self._coingecko,
            coinbase=self._coinbase,
        )
        self.instrument = lru_cache(maxsize=None)(self._instrument)
        self.coverage = lru_cache(maxsize=None)(self._coverage)

    def passed_over(self) -> tuple[PassedOver, ...]:
        """Return the files that nothing reads, with the reason."""
        read = [path for months in self.minutes.values() for path in months.values()]
        read += [*self.hours.values(), *self.funding.values(), *self.positions.files.values()]
        read += [path for each in self._others for path in each.files]
        return passed_over(self._folder, read, LAYOUT)

    def _coverage(self) -> dict[str, dict[str, tuple[datetime, datetime]]]:
        """Return table -> vendor symbol -> first and last recorded instant.

        ``ohlcv_1m`` gives the opens of the first and the last bar, ``funding_rate`` the vendor's
        stamps, whatever the order of the rows. ``open_interest`` (Binance's and
        Coinalyze's symbols) and ``market_cap`` (tickers of CoinMarketCap, ids of CoinGecko) are
        there if anything of them was recorded.
        """
        tables = {
            "ohlcv_1m": {
                symbol: self._months_ends(months) for symbol, months in sorted(self.minutes.items())
            },
            "funding_rate": {
                symbol: self._ends(path) for symbol, path in sorted(self.funding.items())
            },
        }
        bars_and_funding = {
            table: {
                symbol: (instant_of(first), instant_of(last))
                for symbol, (first, last) in spans.items()
            }
            for table, spans in tables.items()
        }
        others = {
            "open_interest": {**self.positions.coverage(), **self._coinalyze.coverage()},
            "market_cap": {**self._coinmarketcap.coverage(), **self._coingecko.coverage()},
        }
        return bars_and_funding | {table: spans for table, spans in others.items() if spans}

    def daily(self, now: int) -> DailyRecordings:
        """Read what was recorded by the day or more rarely."""
        markets = self._coinalyze.markets(now)
        return DailyRecordings(
            open_interest=self._coinalyze.coverage(),
            funding=self._coinalyze.funding_coverage(),
            prices=self._coinbase.coverage(),
            bases={row["symbol"]: row["base_asset"] for row in markets},
            tickers=tuple(self._coinmarketcap.tickers()),
            listings=tuple(self._coinmarketcap.days()),
            captures=tuple(self._coinmarketcap.taken()),
        )

    def daily_rows(self, start: int, end: int, now: int) -> list[RecordedRows]:
        """Count daily bars of open interest and funding that open in ``[start, end)``."""
        return self._coinalyze.rows(start, end, now)

    def _instrument(self, symbol: str) -> Instrument:
        """Read what the first rows of a symbol's files tell about its contract."""
        months = self.minutes.get(symbol, {})
        captures = [months[min(months)]] if months else []
        captures += [self.hours[symbol]] if symbol in self.hours else []
        bars = [recordings.first_line(path).split(",") for path in captures]
        starts = [self._ends(path)[0] for path in captures]
        if symbol in self.funding:
            starts.append(self._ends(self.funding[symbol])[0])
        if (point := self.positions.first(symbol)) is not None:
            starts.append(point)
        base, quote = split_symbol(symbol)
        return Instrument(
            symbol=symbol,
            base=base,
            quote=quote,
            listed=min(starts),
            delisted=None,
            price_decimals=max((_decimals(bar[4]) for bar in bars), default=8),
            quantity_decimals=max((_decimals(bar[5]) for bar in bars), default=8),
        )

    def _months_ends(self, months: Mapping[date, Path]) -> tuple[int, int]:
        """First and last minute of a symbol; a file holds the month of its name only."""
        spans = []
        for month, path in months.items():
            spans.append(self._ends(path))
            for stamp in spans[-1]:
                day = instant_of(stamp).date()
                if day.replace(day=1) != month:
                    raise UnreadableRecording(
                        path, f"its name says {month:%Y-%m}, yet it holds a bar of {day}"
                    )
        return min(first for first, _ in spans), max(last for _, last in spans)


def split_symbol(symbol: str) -> tuple[str, str]:
    """Split a vendor symbol into base and quote by the known quotes; quote "" if none fits."""
    for quote in _QUOTES:
        if symbol.endswith(quote) and symbol != quote:
            return symbol.removesuffix(quote), quote
    return symbol, ""


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def _by_month(folder: Path) -> dict[str, dict[date, Path]]:
    files: dict[str, dict[date, Path]] = {}
    for path in sorted(folder.glob("*.csv*")):
        if found := _MINUTES.fullmatch(composed(path.name)):
            month = date.fromisoformat(f"{found['month']}-01")
            files.setdefault(found["symbol"], {})[month] = path
    return files


def _by_symbol(folder: Path) -> dict[str, Path]:
    found = (
        (_SYMBOL_FILE.fullmatch(composed(path.name)), path)
        for path in sorted(folder.glob("*.csv*"))
    )
    return {match["symbol"]: path for match, path in found if match}
