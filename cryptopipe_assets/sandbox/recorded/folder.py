"""Which recordings a folder holds, and what can be told of them without reading them whole.

Layout, any symbols and months; every part is optional::

    binance/um-klines-1m/<SYM>-1m-<YYYY-MM>[-<DD>].csv[.gz]|.zip|.parquet|.feather
    binance/futures/<COIN>_<QUOTE>_<QUOTE>-1m-futures.feather|.parquet|.json[.gz]|.csv[.gz]|.zip
    binance/futures/<COIN>_<QUOTE>_<QUOTE>-<period>-funding_rate.feather|...
    binance/um-klines-1h/<SYM>.csv[.gz]|.zip|.parquet|.feather
    binance/funding/<SYM>[-fundingRate-<YYYY-MM>[-<DD>]].csv[.gz]|.zip|.parquet|.feather
    binance/open-interest-<period>/<SYM>.json[.gz]|.csv[.gz]|.zip|.parquet|.feather
    binance/metrics/<SYM>-metrics-<YYYY-MM>[-<DD>].csv[.gz]|.zip|.parquet|.feather

``binance/futures`` is freqtrade's own folder; its names are known in the folders of bars and of
funding, too.

What other vendors' folders look like is told where they are read: `recorded_coinalyze`,
`recorded_coinmarketcap`, `recorded_captures`, `recorded_coingecko` and `recorded_coinbase`.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptopipe_assets.core.contract_names import CONTRACT, PAIR, composed
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.own_files.bars import first_line, read_klines
from cryptopipe_assets.core.own_files.days_of_name import (
    ALL_DAYS,
    DAYS,
    Span,
    month_of,
    span_of,
)
from cryptopipe_assets.core.own_files.file_text import SPELT, SUFFIX
from cryptopipe_assets.core.own_files.stamps import ends
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.core.time import DAY, HOUR_MS, MINUTE_MS
from cryptopipe_assets.sandbox.contents.contents import Contents
from cryptopipe_assets.sandbox.contents.source import Instrument
from cryptopipe_assets.sandbox.contents.times import instant_of, stamp_of
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

_MINUTES = re.compile(rf"(?P<symbol>{CONTRACT})-1m-{DAYS}{SUFFIX}")
_FREQTRADE_MINUTES = re.compile(rf"{PAIR}-1m-futures{SUFFIX}")
_FREQTRADE_FUNDING = re.compile(rf"{PAIR}-\d+[mh]-funding_rate{SUFFIX}")
_ARCHIVED_FUNDING = re.compile(
    rf"(?P<symbol>{CONTRACT})-fundingRate-\d{{4}}-(?:0[1-9]|1[0-2])(?:-[0-3]\d)?{SUFFIX}"
)
_SYMBOL_FILE = re.compile(rf"(?P<symbol>{CONTRACT}){SUFFIX}")
_QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD", "BTC", "ETH", "BNB", "EUR")

LAYOUT = (
    f"binance/um-klines-1m/<SYM>-1m-<YYYY-MM>[-<DD>]{SPELT}",
    f"binance/futures/<COIN>_<QUOTE>_<QUOTE>-1m-futures{SPELT}",
    f"binance/futures/<COIN>_<QUOTE>_<QUOTE>-<period>-funding_rate{SPELT}",
    f"binance/um-klines-1h/<SYM>{SPELT}",
    f"binance/funding/<SYM>[-fundingRate-<YYYY-MM>[-<DD>]]{SPELT}",
    *binance_positions.LAYOUT,
    *coinalyze.LAYOUT,
    *coinmarketcap.LAYOUT,
    *coingecko.LAYOUT,
    *coinbase.LAYOUT,
)
"""Files that are read, below the folder of recordings."""


_OWN_FOLDERS = ("um-klines-1m", "um-klines-1h", "funding", "futures", "metrics")


class RecordedFolder:
    """The files of a recording, by what they hold.

    Attributes
    ----------
    minutes
        One-minute files by symbol and the days of their name, a month or one day.
    hours, funding
        Hourly captures and settlements by symbol.
    symbols
        Every Binance contract that has any file, sorted.
    contents
        What was recorded of the other vendors, and of Binance's open interest.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ends = lru_cache(maxsize=None)(ends)
        root = folder / "binance"
        if not root.is_dir() and any((folder / name).is_dir() for name in _OWN_FOLDERS):
            root = folder  # the exchange's own folder was named
        freqtrade = root / "futures"
        self._whole_minutes = _of_pairs(_FREQTRADE_MINUTES, root / "um-klines-1m", freqtrade)
        self.minutes = {symbol: {ALL_DAYS: path} for symbol, path in self._whole_minutes.items()}
        self.minutes |= _by_month(root / "um-klines-1m")
        self.hours = _by_symbol(root / "um-klines-1h")
        self._whole_funding = _of_pairs(_FREQTRADE_FUNDING, root / "funding", freqtrade)
        whole = {symbol: (path,) for symbol, path in self._whole_funding.items()}
        self.funding: dict[str, tuple[Path, ...]] = {**whole, **_funding(root / "funding")}
        self.positions = RecordedPositions(root)
        with_interest = self.positions.symbols
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
        read += [*self.hours.values(), *self.positions.paths]
        read += [path for paths in self.funding.values() for path in paths]
        read += [path for each in self._others for path in each.files]
        instead = {
            path: next(iter(self.minutes[symbol].values()))
            for symbol, path in self._whole_minutes.items()
        } | {path: self.funding[symbol][0] for symbol, path in self._whole_funding.items()}
        reasons = {
            path: f"{each.relative_to(self._folder)} is read in its place"
            for path, each in instead.items()
        }
        return passed_over(self._folder, read, LAYOUT, reasons | self._coingecko.unnamed())

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
                symbol: self._ends_of(paths) for symbol, paths in sorted(self.funding.items())
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
            points=self.positions.coverage(),
            funding=self._coinalyze.funding_coverage(),
            prices=self._coinbase.coverage(),
            bases={row["symbol"]: row["base_asset"] for row in markets},
            tickers=tuple(self._coinmarketcap.tickers()),
            listings=tuple(self._coinmarketcap.days()),
            captures=tuple(self._coinmarketcap.taken()),
            charts=self._coingecko.coverage(named_only=True),
            chart_ids=self._coingecko.ids(),
            markets=tuple(self._coingecko.taken()),
        )

    def daily_rows(self, start: int, end: int, now: int) -> list[RecordedRows]:
        """Count daily bars of open interest and funding that open in ``[start, end)``.

        And Binance's states at the ends of its hours.
        """
        hours = [
            RecordedRows(table="open_interest", source="binance", symbol=symbol, rows=rows)
            for symbol in self.positions.symbols
            if (rows := self.positions.hours_held(symbol, start, end))
        ]
        return hours + self._coinalyze.rows(start, end, now)

    def _instrument(self, symbol: str) -> Instrument:
        """Read what the first rows of a symbol's files tell about its contract."""
        months = self.minutes.get(symbol, {})
        captures = [(months[min(months)], MINUTE_MS)] if months else []
        captures += [(self.hours[symbol], HOUR_MS)] if symbol in self.hours else []
        bars = [first_line(*each).split(",") for each in captures]
        starts = [self._ends(path)[0] for path, _ in captures]
        if symbol in self.funding:
            starts.append(self._ends_of(self.funding[symbol])[0])
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

    def _ends_of(self, paths: Sequence[Path]) -> tuple[int, int]:
        spans = [self._ends(path) for path in paths]
        return min(first for first, _ in spans), max(last for _, last in spans)

    def _months_ends(self, months: Mapping[Span, Path]) -> tuple[int, int]:
        """First and last minute of a symbol; a file holds the days of its name only."""
        spans = []
        for (start, end), path in months.items():
            spans.append(self._ends(path))
            for stamp in spans[-1]:
                day = instant_of(stamp).date()
                if not start <= day < end:
                    read_klines(path, MINUTE_MS, (stamp_of(start), stamp_of(end)))  # tells the line
                    named = f"{start:%Y-%m-%d}" if end - start == DAY else f"{start:%Y-%m}"
                    raise UnreadableRecording(
                        path, f"its name says {named}, yet it holds a bar of {day}"
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


def _by_month(folder: Path) -> dict[str, dict[Span, Path]]:
    """Find the files of minutes; a day's file is left out where its whole month lies beside."""
    files: dict[str, dict[Span, Path]] = {}
    for path in sorted(folder.glob("*")):
        if (found := _MINUTES.fullmatch(composed(path.name))) and (span := span_of(found)):
            files.setdefault(found["symbol"], {}).setdefault(span, path)
    return {
        symbol: {
            (start, end): path
            for (start, end), path in sorted(spans.items())
            if end - start > DAY or month_of(start) not in spans
        }
        for symbol, spans in files.items()
    }


def _of_pairs(pattern: re.Pattern[str], *folders: Path) -> dict[str, Path]:
    """Find files that are named by freqtrade, by the venue's symbol."""
    files: dict[str, Path] = {}
    for path in (each for folder in folders for each in sorted(folder.glob("*"))):
        if found := pattern.fullmatch(composed(path.name)):
            files.setdefault(found["base"] + found["quote"], path)
    return files


def _funding(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Find the files of settlements of each symbol: its one file, or those of the archive."""
    files = {symbol: (path,) for symbol, path in _by_symbol(folder).items()}
    archived: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.glob("*")):
        if found := _ARCHIVED_FUNDING.fullmatch(composed(path.name)):
            period = path.name.partition(".")[0]
            archived.setdefault(found["symbol"], {}).setdefault(period, path)
    return {symbol: tuple(paths.values()) for symbol, paths in archived.items()} | files


def _by_symbol(folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in sorted(folder.glob("*")):
        if found := _SYMBOL_FILE.fullmatch(composed(path.name)):
            files.setdefault(found["symbol"], path)
    return files
