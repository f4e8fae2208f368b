"""What every source says a coin is worth at the same instant: inputs of a comparison.

Bars, lists of market caps and the value of open interest are collected apart from each other and
know nothing of each other. Where several tell of one instant they must agree but for the basis.
"""

from datetime import date

import polars as pl

from cryptopipe_assets.core.calendar import months
from cryptopipe_assets.core.coin_identity import IDENTITY, with_identity, with_identity_of_caps
from cryptopipe_assets.core.coin_names import CoinNames
from cryptopipe_assets.core.symbology import split_multiplier
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.panels.daily_prices import QUOTES
from cryptopipe_assets.quant.metrics.plausibility import prices_apart
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.market_cap import MarketCap
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.collected.open_interest import OpenInterest

BARS, POSITIONS = "bars of ", "open interest of "
"""Begin the names of sources that are venues."""

KEY = ["coin", "ts", "source"]


def prices_by_source(lake: Lake, days: list[date], *, names: CoinNames) -> pl.DataFrame:
    """Prices of coins in USD, by instant and source, where the lists or positions tell of one.

    Of bars the close of the minute that ends at the instant, divided by the contract's multiplier;
    of a vendor of market caps its price, of the largest of several coins with one ticker; of open
    interest its value divided by its quantity, which is the venue's mark price. Of several
    contracts of a coin at one venue it is the median.

    Parameters
    ----------
    days
        Ascending.

    Returns
    -------
    DataFrame sorted by coin, ts and source: coin (its identity), ts (a whole minute), source (a
    vendor of market caps, or ``bars of`` or ``open interest of`` and a venue) and price_usd.
    """
    told = pl.concat([_listed(lake, days, names), _valued(lake, days, names)]).filter(
        pl.col("ts") >= midnight(days[0])
    )
    ends = told.select(ts=pl.col("ts").dt.offset_by("-1m")).unique()
    # What is told of a midnight is of the last minute, and the last hour, of the day before.
    bars = lake.scan(Ohlcv1m, days[0] - DAY, days[-1]).select("ts", "venue", "symbol", "close")
    closes = bars.join(ends.lazy(), on="ts", how="semi").collect()
    closed = closes.with_columns(
        pl.col("ts").dt.offset_by("1m"),
        price_usd=pl.col("close"),
        source=pl.concat_str(pl.lit(BARS), "venue"),
    )
    return pl.concat([told, _of_contracts(closed, names)]).sort(KEY)


def far_prices(lake: Lake, days: list[date], *, names: CoinNames) -> pl.DataFrame:
    """Prices of the days that are far from the other sources', as ``prices_apart`` gives them."""
    found = [
        prices_apart(prices_by_source(lake, some, names=names).lazy()).collect()
        for some in months(days)
    ]
    return pl.concat(found)


def _listed(lake: Lake, days: list[date], names: CoinNames) -> pl.DataFrame:
    """Prices of the lists, by coin, minute and vendor."""
    rows = (
        lake.scan(MarketCap, days[0], days[-1])
        .select("ts", "coin", "coin_id", "source", "price_usd", "market_cap_usd")
        .collect()
    )
    return (
        with_identity_of_caps(rows, names)
        .with_columns(
            pl.col("ts").dt.truncate("1m"),
            size=pl.max("market_cap_usd").over("source", "coin_id"),
        )
        .sort(IDENTITY, "source", "size", "coin_id", "ts", nulls_last=False)
        .filter(pl.col("coin_id") == pl.col("coin_id").last().over(IDENTITY, "source"))
        .select("ts", "source", "price_usd", coin=IDENTITY)
        .unique(KEY, keep="last", maintain_order=True)
        .select(*KEY, "price_usd")
    )


def _valued(lake: Lake, days: list[date], names: CoinNames) -> pl.DataFrame:
    """Prices of positions, by coin, minute and venue."""
    measured_at = pl.col("available_at").dt.offset_by("-1ms").dt.truncate("1m")
    rows = (
        lake.scan(OpenInterest, days[0] - DAY, days[-1])
        .filter(pl.col("source") == pl.col("venue"), pl.col("open_interest_base") > 0)
        .select(
            "venue",
            "symbol",
            ts=measured_at,
            price_usd=pl.col("open_interest_usd") / pl.col("open_interest_base"),
            source=pl.concat_str(pl.lit(POSITIONS), "venue"),
        )
        .collect()
    )
    return _of_contracts(rows, names)


def _of_contracts(rows: pl.DataFrame, names: CoinNames) -> pl.DataFrame:
    """Median price of a coin over its contracts in US dollars, by minute and source."""
    parts = [(each, *each.split("-")[:2]) for each in rows["symbol"].unique().sort()]
    facts = pl.DataFrame(
        [(each, *split_multiplier(base), quote) for each, base, quote in parts],
        schema={"symbol": pl.String, "coin": pl.String, "unit": pl.Int64, "quote": pl.String},
        orient="row",
    )
    priced = rows.join(facts.filter(pl.col("quote").is_in(QUOTES)), on="symbol")
    return (
        with_identity(priced, names)
        .group_by("ts", "source", IDENTITY)
        .agg(price_usd=(pl.col("price_usd") / pl.col("unit")).median())
        .rename({IDENTITY: "coin"})
        .select(*KEY, "price_usd")
    )
