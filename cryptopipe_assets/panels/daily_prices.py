"""Daily prices of coins that strategies may hold: of bars, else of the market-cap vendors."""

from collections.abc import Collection
from datetime import date

import polars as pl

from cryptopipe_assets.core.calendar import days_between, months
from cryptopipe_assets.core.time import DAY
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.panels.daily_inputs import PRICES_ONLY, with_coin
from cryptopipe_assets.quant.math.daily_grid import is_known_by_day_end
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.tables.collected.market_cap import MarketCap
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m

KEY = ["coin", "ts"]

QUOTES = ("USDT", "USDC", "USD")
"""Currencies whose prices are read as US dollars, the preferred first."""


def daily_prices(
    lake: Lake, first: date, last: date, *, elsewhere: Collection[str] = ()
) -> pl.DataFrame:
    """Last price of every tradable coin and day, in USD per coin.

    Minute bars are kept of few coins and not for long. Of coin-days without them the price is
    that of the row of ``market_cap`` stamped with the next 00:00, of coins that had a perpetual on
    the day. The two differ by the basis, a few basis points.

    Parameters
    ----------
    elsewhere
        Coins that can be traded without a perpetual at our venue.

    Returns
    -------
    DataFrame sorted by coin, ts: ts (open of the UTC day), available_at, coin and close_usd (USD).
    Unique per coin and day.
    """
    bars = daily_closes(lake, first, last)
    others = midnight_prices(lake, first, last).join(bars, on=KEY, how="anti")
    of_others = pl.col("coin").is_in(sorted(elsewhere))
    listed = _while_listed(others.filter(~of_others), lake)
    return pl.concat([bars, listed, others.filter(of_others)]).sort(KEY)


def midnight_prices(lake: Lake, first: date, last: date) -> pl.DataFrame:
    """Prices at the end of each day, as ``market_cap`` has them and as known by then.

    Of coins that share a ticker the largest counts; a vendor of nothing but daily prices goes
    before those that list now and then.
    """
    is_daily = pl.col("source") == PRICES_ONLY
    at_midnight = pl.col("ts") == pl.col("ts").dt.truncate("1d")
    chunks = [
        lake.scan(MarketCap, days[0] + DAY, days[-1] + DAY)
        .filter(at_midnight, pl.col("price_usd") > 0)
        .with_columns(pl.col("ts").dt.offset_by("-1d"))
        .filter(is_known_by_day_end())
        .sort(*KEY, is_daily, "market_cap_usd", "coin_id", "ingested_at", nulls_last=False)
        .unique(KEY, keep="last", maintain_order=True)
        .select("ts", "available_at", "coin", close_usd="price_usd")
        .collect()
        for days in months(days_between(first, last))
    ]
    return pl.concat(chunks)


def _while_listed(prices: pl.DataFrame, lake: Lake) -> pl.DataFrame:
    """Rows of days on which some perpetual of the coin was listed."""
    listed = (
        latest(lake.read(Instruments), INSTRUMENT)
        .filter(pl.col("contract_type") == "PERPETUAL")
        .select("coin", "listed_at", "delisted_at")
    )
    day_end = pl.col("ts").dt.offset_by("1d")
    is_listed = (pl.col("listed_at") < day_end) & (
        pl.col("delisted_at").is_null() | (pl.col("delisted_at") >= day_end)
    )
    held = prices.select(KEY).join(listed, on="coin").filter(is_listed).select(KEY).unique()
    return prices.join(held, on=KEY, how="semi")


def daily_closes(lake: Lake, first: date, last: date) -> pl.DataFrame:
    """Last close of every coin and day, in USD per coin.

    Of a coin with several contracts the one with the preferred quote counts. A contract of 1,000
    coins is divided by its multiplier.

    Returns
    -------
    DataFrame sorted by coin, ts: ts (open of the UTC day), available_at (of the last bar), coin
    and close_usd (USD). Unique per coin and day.
    """
    newest = pl.col("ts").arg_max()
    closes = [
        lake.scan(Ohlcv1m, chunk[0], chunk[-1])
        .group_by(*INSTRUMENT, pl.col("ts").dt.truncate("1d").alias("day"))
        .agg(pl.col("available_at").get(newest), pl.col("close").get(newest))
        .collect()
        for chunk in months(days_between(first, last))
    ]
    places = {quote: place for place, quote in enumerate(QUOTES)}
    place = pl.col("quote").replace_strict(places, default=None, return_dtype=pl.Int64)
    return (
        with_coin(pl.concat(closes), lake)
        .with_columns(place=place)
        .drop_nulls("place")
        .sort("coin", "day", "place", "symbol", "venue")
        .unique(["coin", "day"], keep="first", maintain_order=True)
        .select(
            ts="day",
            available_at="available_at",
            coin="coin",
            close_usd=pl.col("close") / pl.col("contract_multiplier"),
        )
    )
