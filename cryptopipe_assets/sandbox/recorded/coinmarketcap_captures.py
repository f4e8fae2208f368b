"""Single recorded listings of CoinMarketCap, and ids for coins that were recorded without one.

Layout, every part optional: ``coinmarketcap/listings_latest_response*.json`` (the vendor's own
body), ``coinmarketcap/daily/*.json`` (generated_at, coins) and ``supply/dilution_*.csv`` (rank,
symbol, name, price, market_cap, circulating_supply, total_supply, max_supply, volume_24h,
timestamp).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from zlib import crc32

from cryptopipe_assets.core.own_files.file_text import readable
from cryptopipe_assets.core.own_files.rows import (
    json_of,
    rows_of,
    stamp,
)
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.core.unreadable import UNREADABLE, reason
from cryptopipe_assets.sandbox.contents.contents import Row
from cryptopipe_assets.sandbox.contents.times import instant_of, stamp_of

_FIRST_MADE_UP = 10_000_000  # above every id the vendor has given
_SUPPLY_COLUMNS = (
    *("rank", "symbol", "name", "price", "market_cap", "circulating_supply", "total_supply"),
    *("max_supply", "volume_24h", "timestamp"),
)


@dataclass(frozen=True)
class Capture:
    """One listing: the instant it was taken (milliseconds) and its rows, ranked."""

    taken: int
    rows: Sequence[Row]


class Ids:
    """Ids of coins: the vendor's where any response has them, else a number made of the ticker.

    A ticker stands for one coin, under whatever name. Where a snapshot has it twice, the caller
    says which row is the ``namesake``, whose number is made of ticker and name.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "coinmarketcap"
        self._recorded = lru_cache(maxsize=1)(self._read)

    def of(self, symbol: str, *, namesake: str = "") -> int:
        """Return the id of a coin."""
        if namesake:
            return _made_up(f"{symbol} {namesake}")
        known = self._recorded().get(symbol)
        return _made_up(symbol) if known is None else known

    def _read(self) -> dict[str, int]:
        return {
            row["symbol"]: row["id"]
            for path in responses(self._folder)
            for row in listing_of(path)["data"]
        }


def _made_up(text: str) -> int:
    return _FIRST_MADE_UP + crc32(text.encode("utf-8", "replace")) % (9 * _FIRST_MADE_UP)


def captures(folder: Path, ids: Ids) -> list[Capture]:
    """Return every capture, oldest first."""
    found = [_response(path) for path in responses(folder / "coinmarketcap")]
    found += [_daily(path, ids) for path in _daily_files(folder)]
    found += [_supplies(path, ids) for path in _supply_files(folder)]
    return sorted(found, key=lambda each: each.taken)


def capture_files(folder: Path) -> list[Path]:
    """Return the file of every capture, readable or not."""
    return [
        *responses(folder / "coinmarketcap"),
        *_daily_files(folder),
        *_supply_files(folder),
    ]


def _daily_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("coinmarketcap/daily/*.json"))


def _supply_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("supply/dilution_*.csv*"))


def responses(folder: Path) -> list[Path]:
    """Return the recorded bodies of ``listings/latest``."""
    return sorted(folder.glob("listings_latest_response*.json"))


def listing_of(path: Path) -> Row:
    """Return a recorded body of ``listings/latest`` that has status and data."""
    body = json_of(path)
    if not (isinstance(body, dict) and {"status", "data"} <= body.keys()):
        raise UnreadableRecording(path, "expected an object with status and data")
    for place, row in enumerate(body["data"] if isinstance(body["data"], list) else [None]):
        if not (
            isinstance(row, dict)
            and isinstance(row.get("symbol"), str)
            and isinstance(row.get("id"), int)
        ):
            raise UnreadableRecording(path, f"row {place}: expected a coin with symbol and id")
    return body


def listing_row(
    *, coin_id: int, rank: int, name: str, symbol: str, updated: int, supply: Row, quote: Row
) -> Row:
    """Return one coin in the shape of a listing; ``updated`` in milliseconds."""
    stamp = f"{instant_of(updated):%Y-%m-%dT%H:%M:%S}.{updated % 1000:03}Z"
    return {
        "id": coin_id,
        "name": name,
        "symbol": symbol,
        "slug": name.lower().replace(" ", "-"),
        **supply,
        "cmc_rank": rank,
        "last_updated": stamp,
        "quote": {"USD": {**quote, "last_updated": stamp}},
    }


def _response(path: Path) -> Capture:
    """Take a body as it is."""
    body = listing_of(path)
    with readable(path):
        return Capture(_instant(path, body["status"]["timestamp"]), body["data"])


def _daily(path: Path, ids: Ids) -> Capture:
    """Put a day's list into the vendor's shape; its supplies were not recorded: null."""
    body = json_of(path)
    seen: set[str] = set()
    unknown = dict.fromkeys(("circulating_supply", "total_supply", "max_supply"))
    try:
        taken = _instant(path, body["generated_at"])
        rows = [
            listing_row(
                coin_id=ids.of(
                    coin["symbol"], namesake=_namesake(seen, coin["symbol"], coin["name"])
                ),
                rank=coin["rank"],
                name=coin["name"],
                symbol=coin["symbol"],
                updated=taken,
                supply=unknown,
                quote={
                    "price": coin["price_usd"],
                    "volume_24h": coin["spot_volume_24h_usd"],
                    "percent_change_7d": coin["percent_change_7d"],
                    "market_cap": coin["market_cap_usd"],
                },
            )
            for coin in body["coins"]
        ]
    except UNREADABLE as error:
        raise UnreadableRecording(
            path, f"expected a day's list of coins ({reason(error)})"
        ) from error
    return Capture(taken, rows)


def _supplies(path: Path, ids: Ids) -> Capture:
    """Put a table of supplies into the vendor's shape."""
    rows, taken = [], 0
    seen: set[str] = set()
    for row in rows_of(path, _SUPPLY_COLUMNS):
        at = _instant(path, row["timestamp"], f"line {row.line}: column timestamp: ")
        taken = max(taken, at)
        names = ("circulating_supply", "total_supply", "max_supply")
        rows.append(
            listing_row(
                coin_id=ids.of(row["symbol"], namesake=_namesake(seen, row["symbol"], row["name"])),
                rank=int(row.number("rank")),
                name=row["name"],
                symbol=row["symbol"],
                updated=at,
                supply={name: row.number_if_any(name) for name in names},
                quote={
                    "price": row.number("price"),
                    "volume_24h": row.number("volume_24h"),
                    "market_cap": row.number("market_cap"),
                },
            )
        )
    return Capture(taken, rows)


def _namesake(seen: set[str], symbol: str, name: str) -> str:
    """Return the name of a coin whose ticker a larger coin of the list has, else nothing."""
    if symbol in seen:
        return name
    seen.add(symbol)
    return ""


def _instant(path: Path, text: str, where: str = "") -> int:
    """Return milliseconds of an ISO instant, in UTC where it names no zone."""
    try:
        instant = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise UnreadableRecording(path, f"{where}expected an instant, found {text!r}") from error
    with readable(path):  # an hour of another zone may be before the calendar's first
        return stamp(path, stamp_of(instant if instant.tzinfo else instant.replace(tzinfo=UTC)))
