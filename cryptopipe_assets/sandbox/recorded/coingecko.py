"""Recorded CoinGecko bodies, passed on as they are.

Layout: ``coingecko/coins_markets*.json[.gz]``, ``coingecko/market_chart/<id>.json[.gz]`` (points
of 00:00 UTC) and ``coingecko/ohlc_daily/<id>.json[.gz]`` ([ms, o, h, l, c], stamped with the
close). A chart names its coin by the id only: the ticker is that of a list.
"""

from bisect import bisect_right
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptopipe_assets.core.own_files.rows import json_of, stamp
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.core.time import DAY_MS
from cryptopipe_assets.core.unreadable import UNREADABLE, reason
from cryptopipe_assets.sandbox.contents.contents import Row
from cryptopipe_assets.sandbox.contents.times import instant_of, stamp_of

_SERIES = ("prices", "market_caps", "total_volumes")
LAYOUT = (
    "coingecko/coins_markets*.json[.gz]",
    "coingecko/market_chart/<id>.json[.gz]",
    "coingecko/ohlc_daily/<id>.json[.gz]",
)
"""Files that are read, below the folder of recordings."""


class RecordedCoinGecko:
    """The newest body of ``coins/markets``, and daily series by coin id."""

    def __init__(self, folder: Path) -> None:
        self._markets = sorted(folder.glob("coins_markets*.json*"))
        self._charts = _by_id(folder / "market_chart")
        self._candles = _by_id(folder / "ohlc_daily")
        self._captures = lru_cache(maxsize=1)(self._read_captures)
        self._chart = lru_cache(maxsize=16)(_read_chart)
        self._ohlc = lru_cache(maxsize=16)(_read_candles)

    @property
    def files(self) -> list[Path]:
        """Return every file that is read."""
        unnamed = self.unnamed()
        charts = [path for path in self._charts.values() if path not in unnamed]
        return [*self._markets, *charts, *self._candles.values()]

    @property
    def recorded(self) -> bool:
        """Whether there is any file."""
        return bool(self._markets or self._charts or self._candles)

    def unnamed(self) -> dict[Path, str]:
        """Return the charts whose coin's ticker no list tells, each with the reason."""
        named = self._named()
        return {
            path: f"no list (coingecko/coins_markets*.json) has the id {coin} and its ticker"
            for coin, path in self._charts.items()
            if coin not in named
        }

    def ids(self) -> dict[str, tuple[str, str]]:
        """Return ticker -> id and name of the recorded charts, by the newest list that has the id.

        Of ids that share a ticker, the one that the newest list ranks highest.
        """
        found: dict[str, tuple[str, str]] = {}
        seen: set[str] = set()
        for _, rows in reversed(self._captures()):
            for row in rows:
                match row:  # what has no name is refused by who asks for the list
                    case {"id": str(slug), "symbol": str(ticker), "name": str(name)}:
                        if slug in self._charts and slug not in seen:
                            seen.add(slug)
                            found.setdefault(ticker.upper(), (slug, name))
        return dict(sorted(found.items()))

    def _named(self) -> set[str]:
        return {slug for slug, _ in self.ids().values()}

    def taken(self) -> list[datetime]:
        """Return the instants at which lists were taken, ascending."""
        return [instant_of(instant) for instant, _ in self._captures()]

    def coverage(self, *, named_only: bool = False) -> dict[str, tuple[datetime, datetime]]:
        """Return coin id -> first and last point of its market caps.

        Parameters
        ----------
        named_only
            Leave out charts whose ticker is not known.
        """
        wanted = self._named() if named_only else set(self._charts)
        caps = {
            coin: self._chart(path)["market_caps"]
            for coin, path in self._charts.items()
            if coin in wanted
        }
        return {
            coin: (instant_of(int(points[0][0])), instant_of(int(points[-1][0])))
            for coin, points in sorted(caps.items())
            if points
        }

    def markets(self, now: int) -> list[Row]:
        """Rows of the newest body taken by ``now``."""
        taken = self._captures()
        place = bisect_right([instant for instant, _ in taken], now)
        return taken[place - 1][1] if place else []

    def known(self, coin_id: str, now: int) -> bool:
        """Whether a series of the id was recorded."""
        return coin_id in self._charts or coin_id in self._candles

    def chart(
        self, coin_id: str, *, start: int, width: int, now: int
    ) -> dict[str, list[list[float]]] | None:
        """Daily points after ``start``; the live point was not recorded, nor were finer ones."""
        if width != DAY_MS or coin_id not in self._charts:
            return None
        series = self._chart(self._charts[coin_id])
        return {name: _after(start, points, now) for name, points in series.items()}

    def candles(
        self, coin_id: str, *, start: int, width: int, now: int
    ) -> list[list[float]] | None:
        """Daily candles; the vendor's other widths were not recorded."""
        if width != DAY_MS or coin_id not in self._candles:
            return None
        return _after(start, self._ohlc(self._candles[coin_id]), now)

    def _read_captures(self) -> list[tuple[int, list[Row]]]:
        found = []
        for path in self._markets:
            rows = json_of(path)
            try:
                # of a coin that nobody trades any more it is null
                stamps = [
                    datetime.fromisoformat(row["last_updated"])
                    for row in rows
                    if row["last_updated"] is not None
                ]
                found.append((stamp_of(max(stamps)), rows))
            except UNREADABLE as error:
                raise UnreadableRecording(
                    path, f"not rows of coins/markets ({reason(error)})"
                ) from error
        return sorted(found, key=lambda each: each[0])


def _after(start: int, points: list[list[float]], now: int) -> list[list[float]]:
    return [point for point in points if start < point[0] <= now]


def _by_id(folder: Path) -> dict[str, Path]:
    return {path.name.partition(".")[0]: path for path in sorted(folder.glob("*.json*"))}


def _read_chart(path: Path) -> dict[str, list[list[float]]]:
    body = json_of(path)
    if not (isinstance(body, dict) and all(_are_points(body.get(name), 2) for name in _SERIES)):
        raise UnreadableRecording(path, f"expected {', '.join(_SERIES)} of [ms, value]")
    series = {name: body[name] for name in _SERIES}
    for name, points in series.items():
        for place, point in enumerate(points):
            stamp(path, point[0])
            if point[0] % DAY_MS and place < len(points) - 1:  # the last one is of the moment
                raise UnreadableRecording(
                    path,
                    f"{name}[{place}]: expected 00:00 UTC, found {instant_of(point[0])}; request "
                    "more than 90 days, or interval=daily",
                )
    return series


def _read_candles(path: Path) -> list[list[float]]:
    body: list[list[float]] = json_of(path)
    if not _are_points(body, 5):
        raise UnreadableRecording(path, "expected [ms, open, high, low, close]")
    for point in body:
        stamp(path, int(point[0]))
    return body


def _are_points(points: Any, length: int) -> bool:
    return isinstance(points, list) and all(
        isinstance(point, list) and len(point) == length and isinstance(point[0], int)
        for point in points
    )
