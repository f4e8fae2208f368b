"""Market caps: the past of the followed coins, the present of the largest ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.parsing.market_cap import MARKET_CAP_SCHEMA

LARGEST = 300
"""Coins of a CoinMarketCap listing: two credits."""


@dataclass(frozen=True)
class Gathered:
    """Rows of ``MARKET_CAP_SCHEMA``, who gave them, when, and what the requests cost."""

    rows: pl.DataFrame
    source: str
    at: datetime
    counts: Mapping[str, int]


async def from_coinmarketcap(
    vendors: VendorClients, coins: Sequence[str], days: list[date]
) -> Gathered:
    """Request the listing at the 00:00 of each past day, and for today's as it is now.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    now = vendors.clock()
    async with vendors.coinmarketcap() as coinmarketcap:
        parts = [
            MARKET_CAP_SCHEMA.to_frame(),
            *await all_or_nothing(
                coinmarketcap.listings_historical(day - DAY, LARGEST)
                for day in days
                if day < now.date() and vendors.horizon.has_listing(day - DAY)
            ),
        ]
        if now.date() in days:
            parts.append(await coinmarketcap.listings_latest(LARGEST))
        every = one_each(parts)
        rows = every.filter(pl.col("ts").dt.date().is_in(days))
        counts = {
            "api_calls": sum(coinmarketcap.calls.values()),
            "credits": sum(coinmarketcap.credits.values()),
            "rows_of_other_days": every.height - rows.height,
            "followed_coins_not_listed": len(set(coins) - set(rows["coin"])),
        }
        return Gathered(rows, coinmarketcap.vendor, now, counts)


async def from_coinbase(vendors: VendorClients, coins: Sequence[str], days: list[date]) -> Gathered:
    """Request the price of the followed coins at the 00:00 of each day, the close of the last one.

    Coins without a product in US dollars have none, and are counted.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    async with vendors.coinbase() as coinbase:
        listed = await coinbase.dollar_products()
        products = {coin: listed[coin] for coin in coins if coin in listed}
        rows = await coinbase.daily_closes(
            products, start=midnight(days[0]) - DAY, end=midnight(days[-1])
        )
        counts = {
            "coinbase/api_calls": sum(coinbase.calls.values()),
            "coinbase/coins_without_product": len(coins) - len(products),
        }
        return Gathered(rows, coinbase.vendor, vendors.clock(), counts)


def one_each(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """All rows, sorted; a coin that was not updated since 00:00 is in past and present: as past."""
    return pl.concat(parts).unique(["coin_id", "ts"], keep="first").sort("coin_id", "ts")
