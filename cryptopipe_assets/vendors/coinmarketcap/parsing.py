"""CoinMarketCap's listings and quotes, made into market caps. Pure: no network."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from cryptopipe_assets.vendors.parsing.fields import Count, Instant, Number
from cryptopipe_assets.vendors.parsing.market_cap import (
    MARKET_CAP_SCHEMA,
    market_caps,
    newest_stamp,
)
from cryptopipe_assets.vendors.parsing.staleness import require_recent
from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, UnexpectedShape, shaped

VENDOR = "coinmarketcap"
LATE = timedelta(hours=1)  # how far past its day a snapshot's stamps may reach

RAW_SCHEMA = pl.Schema(
    {name: dtype for name, dtype in MARKET_CAP_SCHEMA.items() if name != "available_at"}
)


class _Price(TypedDict):
    price: Number | None
    market_cap: Number | None
    volume_24h: Number | None
    last_updated: Instant | None


class _Quote(TypedDict):
    USD: _Price


class _Coin(TypedDict):
    id: Count
    name: str
    symbol: str
    cmc_rank: Count | None
    circulating_supply: Number | None
    total_supply: Number | None
    max_supply: Number | None
    quote: _Quote


class _Status(TypedDict):
    error_code: int | str


class _Listing(TypedDict):
    status: _Status
    data: list[_Coin]


class _Quotes(TypedDict):
    status: _Status
    data: dict[str, Any]


_LISTING = TypeAdapter(_Listing)
_QUOTES = TypeAdapter(_Quotes)
_COINS = TypeAdapter(list[_Coin])


def read_listing(payload: Any) -> pl.DataFrame:
    """Return one page of ``listings`` in the vendor's order, amounts as sent.

    Returns
    -------
    DataFrame of ``RAW_SCHEMA``.

    Raises
    ------
    UnexpectedShape
        If a field is missing or of another kind.
    """
    return _raw(shaped(_LISTING, payload)["data"])


def read_quotes(payload: Any) -> pl.DataFrame:
    """Return the coins of ``quotes/latest``, as ``read_listing`` does.

    Raises
    ------
    UnexpectedShape
    """
    found = shaped(_QUOTES, payload)["data"].values()
    coins = [coin for each in found for coin in (each if isinstance(each, list) else [each])]
    return _raw(shaped(_COINS, coins))


def latest(raw: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """Return ``MARKET_CAP_SCHEMA``: ``ts`` is when the vendor last updated the coin.

    Raises
    ------
    UnexpectedShape
        Also if a coin was updated in the future.
    VendorUnavailable
        If none was updated in the last hour.
    """
    require_recent(newest_stamp(raw), now=now, vendor=VENDOR, what="the coins as they are now")
    return market_caps(raw, vendor=VENDOR)


def closing(raw: pl.DataFrame, *, midnight: datetime) -> pl.DataFrame:
    """Return ``MARKET_CAP_SCHEMA`` of the day that ended at ``midnight``, which is its ``ts``.

    Raises
    ------
    UnexpectedShape
        Also if a value is of after the day: then these are not the values that were asked for.
    """
    later = raw.filter(pl.col("ts") > midnight + LATE)
    if not later.is_empty():
        raise UnexpectedShape(
            f"expected values up to {midnight:%Y-%m-%d %H:%M} UTC, {later.height} are later: "
            f"{later['coin_id'][0]} at {later['ts'][0]}"
        )
    return market_caps(raw.with_columns(ts=pl.lit(midnight).cast(TIMESTAMP)), vendor=VENDOR)


def missing_ids(raw: pl.DataFrame, asked: Collection[int]) -> list[int]:
    """Return the ids that were asked for and did not come, sorted."""
    came = set(raw["coin_id"])
    return sorted(each for each in asked if coin_id(each) not in came)


def coin_id(number: int) -> str:
    """Name a coin by the vendor's number, which is never given to another one."""
    return f"cmc:{number}"


def _raw(coins: list[_Coin]) -> pl.DataFrame:
    """Flatten the coins; an id occurs once."""
    rows = pl.DataFrame([_row(each) for each in coins], schema=RAW_SCHEMA, orient="row")
    if not (twice := rows.filter(pl.col("coin_id").is_duplicated())).is_empty():
        raise UnexpectedShape(f"listed twice: {sorted(set(twice['coin_id']))[:10]}")
    return rows


def _row(coin: _Coin) -> dict[str, Any]:
    usd = coin["quote"]["USD"]
    return {
        "ts": usd["last_updated"],
        "coin_id": coin_id(coin["id"]),
        "coin": coin["symbol"],
        "name": coin["name"],
        "rank": coin["cmc_rank"],
        "price_usd": usd["price"],
        "market_cap_usd": usd["market_cap"],
        "circulating_supply": coin["circulating_supply"],
        "total_supply": coin["total_supply"],
        "max_supply": coin["max_supply"],
        "volume_24h_usd": usd["volume_24h"],
    }
