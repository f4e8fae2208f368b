"""Daily prices of coins that strategies may hold: of bars, else of the market-cap vendors."""

from collections.abc import Collection
from datetime import date

import polars as pl

from cryptopipe_assets.core.calendar import days_between, months
from cryptopipe_assets.core.coin_identity import (
    IDENTITY,
    contract_names,
    with_identity,
    with_identity_of_caps,
)
from cryptopipe_assets.core.coin_names import CoinNames, coin_names
from cryptopipe_assets.core.contract_life import lives_of
from cryptopipe_assets.core.time import DAY
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.panels.daily_inputs import PRICES_ONLY, with_coin
from cryptopipe_assets.quant.math.daily_grid import is_known_by_day_end
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.tables.collected.market_cap import MarketCap
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m

KEY = ["coin", "ts"]
COIN_DAY = [IDENTITY, "ts"]

QUOTES = ("USDT", "USDC", "USD")
"""Currencies whose prices are read as US dollars, the preferred first."""


def daily_prices(
    lake: Lake,
    first: date,
    last: date,
    *,
    elsewhere: Collection[str] = (),
    names: CoinNames | None = None,
) -> pl.DataFrame:
    """Last price of every tradable coin and day, in USD per coin.

    Minute bars are kept of few coins and not for long. Of coin-days without them the price is
    that of the row of ``market_cap`` stamped with the next 00:00, of coins that had a perpetual on
    the day, in whichever life of its contract. The two differ by the basis, a few basis points.
    Where a name passes to another coin from one day to the next, the first day has no price: the
    hole keeps averages and returns of the two apart.

    Parameters
    ----------
    elsewhere
        Coins that can be traded without a perpetual at our venue.
    names
        Which coin each name means; by default as the package knows it.

    Returns
    -------
    DataFrame sorted by coin, ts: ts (open of the UTC day), available_at, coin and close_usd (USD).
    Unique per coin and day, by whatever name. Prices have the names of the contracts.
    """
    names = names or coin_names()
    bars = daily_closes(lake, first, last, names=names)
    others = midnight_prices(lake, first, last, names=names).join(bars, on=COIN_DAY, how="anti")
    of_others = pl.col("coin").is_in(sorted(elsewhere))
    listed = _while_listed(others.filter(~of_others), lake, names)
    every = pl.concat([bars, listed, others.filter(of_others)]).sort(KEY)
    return every.filter(~_is_first_of_another_coin()).drop(IDENTITY)


def _is_first_of_another_coin() -> pl.Expr:
    """Whether the name meant another coin on the day before."""
    is_next_day = pl.col("ts") - pl.col("ts").shift(1).over("coin", order_by="ts") == DAY
    is_another = pl.col(IDENTITY) != pl.col(IDENTITY).shift(1).over("coin", order_by="ts")
    return (is_next_day & is_another).fill_null(value=False)


def midnight_prices(lake: Lake, first: date, last: date, *, names: CoinNames) -> pl.DataFrame:
    """Prices at the end of each day, as ``market_cap`` has them and as known by then.

    Of coins that share a ticker the largest counts; a vendor of nothing but daily prices goes
    before those that list now and then.
    """
    is_daily = pl.col("source") == PRICES_ONLY
    at_midnight = pl.col("ts") == pl.col("ts").dt.truncate("1d")
    chunks = [
        lake.scan(MarketCap, days[0] + DAY, days[-1] + DAY)
        .filter(at_midnight, pl.col("price_usd") > 0)
        .collect()
        .pipe(with_identity_of_caps, names)
        .with_columns(pl.col("ts").dt.offset_by("-1d"))
        .filter(is_known_by_day_end())
        .sort(*COIN_DAY, is_daily, "market_cap_usd", "coin_id", "ingested_at", nulls_last=False)
        .unique(COIN_DAY, keep="last", maintain_order=True)
        .select("ts", "available_at", "coin", IDENTITY, close_usd="price_usd")
        for days in months(days_between(first, last))
    ]
    return pl.concat(chunks)


def _while_listed(prices: pl.DataFrame, lake: Lake, names: CoinNames) -> pl.DataFrame:
    """Rows of days on which some perpetual of the coin was listed, under its name.

    Every life of a contract counts. Of contracts of several names the one that the price has
    counts, else the first.
    """
    versions = lake.read(Instruments)
    perpetuals = latest(versions, INSTRUMENT).filter(pl.col("contract_type") == "PERPETUAL")
    listed = (
        lives_of(versions)
        .join(perpetuals.select(*INSTRUMENT, "coin"), on=INSTRUMENT)
        .select("coin", listed_at="due_from", delisted_at="due_until")
    )
    day_end = pl.col("ts").dt.offset_by("1d")
    is_listed = (pl.col("listed_at") < day_end) & (
        pl.col("delisted_at").is_null() | (pl.col("delisted_at") >= day_end)
    )
    held = (
        contract_names(prices, listed["coin"], names)
        .join(listed, left_on="contract_coin", right_on="coin")
        .filter(is_listed)
        .sort(*KEY, pl.col("contract_coin") != pl.col("coin"), "contract_coin")
        .unique(KEY, keep="first", maintain_order=True)
        .select(*KEY, "contract_coin")
    )
    return prices.join(held, on=KEY).with_columns(coin="contract_coin").select(prices.columns)


def daily_closes(
    lake: Lake, first: date, last: date, *, names: CoinNames | None = None
) -> pl.DataFrame:
    """Last close of every coin and day, in USD per coin.

    Of a coin with several contracts the one with the preferred quote counts. A contract of 1,000
    coins is divided by its multiplier.

    Returns
    -------
    DataFrame sorted by coin, ts: ts (open of the UTC day), available_at (of the last bar), coin,
    identity and close_usd (USD). Unique per coin and day, by whatever name.
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
        .rename({"day": "ts"})
        .pipe(with_identity, names or coin_names())
        .sort(*COIN_DAY, "place", "symbol", "venue")
        .unique(COIN_DAY, keep="first", maintain_order=True)
        .sort(KEY)
        .select(
            ts="ts",
            available_at="available_at",
            coin="coin",
            identity=IDENTITY,
            close_usd=pl.col("close") / pl.col("contract_multiplier"),
        )
    )
