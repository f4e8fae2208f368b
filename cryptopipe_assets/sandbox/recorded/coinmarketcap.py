"""Recorded CoinMarketCap listings: monthly snapshots and single captures.

Layout: ``coinmarketcap/monthly_snapshots_*.csv[.gz]`` (Rank, Name, Symbol, Market Cap, Price,
Circulating Supply, Volume (24h), % 1h, % 24h, % 7d, snapshot_date); captures as described in
`recorded_captures`.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from cryptopipe_assets.core.own_files.rows import rows_of
from cryptopipe_assets.core.time import DAY_MS
from cryptopipe_assets.sandbox.contents.contents import Row
from cryptopipe_assets.sandbox.contents.times import instant_of, stamp_of
from cryptopipe_assets.sandbox.recorded.coinmarketcap_captures import (
    Ids,
    capture_files,
    captures,
    listing_row,
)

_NUMBERS = ("Market Cap", "Price", "Circulating Supply", "Volume (24h)", "% 1h", "% 24h", "% 7d")
_COLUMNS = ("Rank", "Name", "Symbol", *_NUMBERS, "snapshot_date")
LAYOUT = (
    "coinmarketcap/monthly_snapshots_*.csv[.gz]",
    "coinmarketcap/listings_latest_response*.json",
    "coinmarketcap/daily/*.json",
    "supply/dilution_*.csv[.gz]",
)
"""Files that are read, below the folder of recordings."""


class RecordedCoinMarketCap:
    """Snapshots by their exact date, and the newest capture as the latest listing."""

    def __init__(self, folder: Path) -> None:
        self._files = sorted((folder / "coinmarketcap").glob("monthly_snapshots_*.csv*"))
        self._folder = folder
        self._ids = Ids(folder)
        self._snapshots = lru_cache(maxsize=1)(lambda: _read(self._files))
        self._usual_names = lru_cache(maxsize=1)(self._count_names)
        self._captures = lru_cache(maxsize=1)(lambda: captures(self._folder, self._ids))

    @property
    def files(self) -> list[Path]:
        """Return every file that is read."""
        return [*self._files, *capture_files(self._folder)]

    @property
    def recorded(self) -> bool:
        """Whether there is any snapshot or capture."""
        return bool(self.files)

    def coverage(self) -> dict[str, tuple[datetime, datetime]]:
        """Return ticker -> instants of its first and last snapshot (the end of their day)."""
        spans: dict[str, list[int]] = defaultdict(list)
        for day, rows in self._snapshots().items():
            for row in rows:
                spans[row["Symbol"]].append(stamp_of(day) + DAY_MS)
        return {
            symbol: (instant_of(min(edges)), instant_of(max(edges)))
            for symbol, edges in sorted(spans.items())
        }

    def days(self) -> list[date]:
        """Return the days of the snapshots, ascending."""
        return list(self._snapshots())

    def tickers(self) -> list[str]:
        """Return the tickers of all snapshots and captures, ascending."""
        captured = {row["symbol"] for each in self._captures() for row in each.rows}
        return sorted(captured | self.coverage().keys())

    def taken(self) -> list[datetime]:
        """Return the instants of the captures, ascending."""
        return [instant_of(each.taken) for each in self._captures()]

    def latest(self, now: int) -> list[Row]:
        """Rows of the newest capture taken by ``now``."""
        taken = self._captures()
        place = bisect_right([each.taken for each in taken], now)
        return list(taken[place - 1].rows) if place else []

    def historical(self, day: date, now: int) -> list[Row] | None:
        """Rows of the snapshot of exactly this day, once it is over."""
        rows = self._snapshots().get(day)
        if rows is None or stamp_of(day) + DAY_MS > now:
            return None
        usual = self._usual_names()
        twice = {symbol for symbol, n in Counter(row["Symbol"] for row in rows).items() if n > 1}
        found = []
        for row in rows:
            symbol, name = row["Symbol"], row["Name"]
            namesake = name if symbol in twice and name != usual[symbol] else ""
            found.append(_listed(row, day, self._ids.of(symbol, namesake=namesake)))
        return found

    def _count_names(self) -> dict[str, str]:
        """Return the name that each ticker mostly goes by."""
        names: dict[str, Counter[str]] = defaultdict(Counter)
        for rows in self._snapshots().values():
            for row in rows:
                names[row["Symbol"]][row["Name"]] += 1
        return {symbol: counts.most_common(1)[0][0] for symbol, counts in names.items()}


def _listed(row: Mapping[str, str], day: date, coin_id: int) -> Row:
    """Put a recorded row into the vendor's shape; caps and totals were not recorded: null."""
    cap, price, circulating, volume, *changes = (float(row[name]) for name in _NUMBERS)
    return listing_row(
        coin_id=coin_id,
        rank=int(row["Rank"]),
        name=row["Name"],
        symbol=row["Symbol"],
        updated=stamp_of(day) + DAY_MS - 1000,
        supply={"circulating_supply": circulating, "total_supply": None, "max_supply": None},
        quote={
            "price": price,
            "volume_24h": volume,
            "percent_change_1h": changes[0],
            "percent_change_24h": changes[1],
            "percent_change_7d": changes[2],
            "market_cap": cap,
        },
    )


def _read(paths: Sequence[Path]) -> dict[date, list[dict[str, str]]]:
    """Read the files whole: rows by day, in their rank."""
    days: dict[date, list[dict[str, str]]] = {}
    for path in paths:
        for row in rows_of(path, _COLUMNS):
            row.whole("Rank")
            for name in _NUMBERS:
                row.number(name)
            try:
                day = date.fromisoformat(row["snapshot_date"])
            except ValueError as error:
                raise row.fault("snapshot_date", "a date") from error
            days.setdefault(day, []).append(row)
    return {day: sorted(days[day], key=lambda row: int(row["Rank"])) for day in sorted(days)}
