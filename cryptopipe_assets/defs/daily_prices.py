"""Daily prices of coins that strategies may hold: of bars, else of the market-cap vendors."""

from datetime import date

import polars as pl

from cryptopipe_assets.defs.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.defs.collected.market_cap import MarketCap
from cryptopipe_assets.defs.daily_inputs import ONE_DAY, daily_closes
from cryptopipe_assets.factors.daily_grid import is_known_by_day_end
from cryptopipe_assets.partitions import days_between, months
from cryptopipe_assets.registry import latest
from cryptopipe_assets.storage.lake import Lake

KEY = ["coin", "ts"]


def daily_prices(lake: Lake, first: date, last: date) -> pl.DataFrame:
    """Last price of every tradable coin and day, in USD per coin.

    Minute bars are kept of few coins and not for long. Of coin-days without them the price is
    that of the row of ``market_cap`` stamped with the next 00:00, of coins that had a perpetual on
    the day. The two differ by the basis, a few basis points.

    Returns
    -------
    DataFrame sorted by coin, ts: ts (open of the UTC day), available_at, coin and close_usd (USD).
    Unique per coin and day.
    """
    bars = daily_closes(lake, first, last)
    others = midnight_prices(lake, first, last).join(bars, on=KEY, how="anti")
    return pl.concat([bars, _while_listed(others, lake)]).sort(KEY)


def midnight_prices(lake: Lake, first: date, last: date) -> pl.DataFrame:
    """Prices at the end of each day, as ``market_cap`` has them and as known by then.

    Of coins that share a ticker the largest counts.
    """
    at_midnight = pl.col("ts") == pl.col("ts").dt.truncate("1d")
    chunks = [
        lake.scan(MarketCap, days[0] + ONE_DAY, days[-1] + ONE_DAY)
        .filter(at_midnight, pl.col("price_usd") > 0)
        .with_columns(pl.col("ts").dt.offset_by("-1d"))
        .filter(is_known_by_day_end())
        .sort(*KEY, "market_cap_usd", "coin_id", "ingested_at", nulls_last=False)
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
