"""Rows that are valid and cannot be: jumps by a unit, prices apart, supplies that stand still.

Nothing is left out for them; a check names them. Pure.
"""

import math
from datetime import timedelta

import polars as pl

UNITS = (10, 100, 1000, 10_000, 1_000_000)
"""Factors by which the unit of a contract is mistaken, or redenominated."""

NEAR = math.log(1.25)
"""So near to such a factor (as a logarithm) a jump is taken for it."""

APART = math.log(1.2)
"""So far from the median of the others no sound price is."""

LEAST_VENUES = 3
LAGGING = timedelta(hours=1)
"""So long after the others of its list a coin's figures are old: lists are made anew each minute or
every few."""

STANDING = timedelta(days=1)
"""For so long no price of a coin that trades stays the same to its last digit."""

STANDING_READINGS = 5
"""Prices are rounded, so that two or three closes in a row may be the same by chance."""

CHANGED = 0.01
"""Share by which a supply must change to be another one."""

FIGURES = ("open_interest_base", "open_interest_usd")
_CONTRACT = ("venue", "symbol")


def unit_jumps(positions: pl.LazyFrame) -> pl.LazyFrame:
    """Hours at which a contract's open interest jumped by a unit and the coin's others did not.

    Parameters
    ----------
    positions
        ts, venue, symbol, coin, open_interest_base (nullable), open_interest_usd.

    Returns
    -------
    LazyFrame of venue, symbol, ts, figure (the column that jumped), factor, and others_factor
    (median change of the coin's other contracts in that hour; null without any); sorted.
    """
    series = (*_CONTRACT, "figure")
    earlier = pl.col("value", "ts").shift(1).over(series, order_by="ts").name.suffix("_before")
    moved = (
        positions.select("ts", "coin", *_CONTRACT, *FIGURES)
        .unpivot(FIGURES, index=["ts", "coin", *_CONTRACT], variable_name="figure")
        .drop_nulls("value")
        .with_columns(earlier)
        .filter(
            pl.col("ts") - pl.col("ts_before") == timedelta(hours=1),
            pl.col("value") > 0,
            pl.col("value_before") > 0,
        )
        .with_columns(change=(pl.col("value") / pl.col("value_before")).log())
        .select("ts", "coin", *series, "change")
    )
    by_a_unit = ((pl.col("change").abs() - math.log(unit)).abs() < NEAR for unit in UNITS)
    jumped = moved.filter(pl.any_horizontal(by_a_unit))
    is_other = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_other") for name in _CONTRACT)
    others = (
        jumped.join(moved, on=["ts", "coin", "figure"], suffix="_other")
        .filter(is_other)
        .group_by("ts", *series)
        .agg(others=pl.median("change_other"))
    )
    went_along = (pl.col("others") - pl.col("change")).abs() < NEAR
    return (
        jumped.join(others, on=["ts", *series], how="left")
        .filter(~went_along.fill_null(value=False))
        .select(
            *_CONTRACT,
            "ts",
            "figure",
            factor=pl.col("change").exp(),
            others_factor=pl.col("others").exp(),
        )
        .sort(*_CONTRACT, "ts", "figure")
    )


def valued_apart(positions: pl.LazyFrame) -> pl.LazyFrame:
    """Positions whose price of a coin is far from that at the other venues in the same hour.

    The price is value by quantity, of a coin and not of a thousand of them.

    Parameters
    ----------
    positions
        ts, venue, symbol, coin, open_interest_base (nullable), open_interest_usd; and
        coins_in_unit, how many coins one base unit of the contract is.

    Returns
    -------
    LazyFrame of coin, ts, venue, symbol, price and median_price, where three venues at least have
    one; sorted.
    """
    hour = ["coin", "ts"]
    price = pl.col("open_interest_usd") / pl.col("open_interest_base") / pl.col("coins_in_unit")
    return (
        positions.with_columns(price=price)
        .filter(pl.col("price").is_finite() & (pl.col("price") > 0))
        .with_columns(
            median_price=pl.median("price").over(hour), venues=pl.n_unique("venue").over(hour)
        )
        .filter(
            pl.col("venues") >= LEAST_VENUES,
            (pl.col("price") / pl.col("median_price")).log().abs() > APART,
        )
        .select(*hour, "venue", "symbol", "price", "median_price")
        .sort(*hour, "venue", "symbol")
    )


def prices_apart(prices: pl.LazyFrame) -> pl.LazyFrame:
    """Prices that are far from what the other sources say of the same coin and instant.

    Of three sources or more the median of all is taken for right. Of two that differ nobody can say
    which is wrong, and both are named.

    Parameters
    ----------
    prices
        coin, ts (the instant), source and price_usd of one coin; unique per coin, ts and source.

    Returns
    -------
    LazyFrame of coin, ts, source, price_usd and reference_usd (the median, or the other one's);
    sorted.
    """
    instant = ["coin", "ts"]
    known = prices.filter(pl.col("price_usd").is_finite() & (pl.col("price_usd") > 0))
    sources = pl.len().over(instant)
    the_other = pl.col("price_usd").sum().over(instant) - pl.col("price_usd")
    return (
        known.with_columns(sources=sources)
        .filter(pl.col("sources") > 1)
        .with_columns(
            reference_usd=pl.when(pl.col("sources") == 2)
            .then(the_other)
            .otherwise(pl.median("price_usd").over(instant))
        )
        .filter((pl.col("price_usd") / pl.col("reference_usd")).log().abs() > APART)
        .select(*instant, "source", "price_usd", "reference_usd")
        .sort(*instant, "source")
    )


def lagging_figures(caps: pl.LazyFrame) -> pl.LazyFrame:
    """Coins whose newest figures of a day are over an hour older than those of their list.

    A vendor goes on listing a coin that it updates no longer. Only coins that are requested each
    time can be compared: the newest figures of any of them show when the list was last seen.

    Parameters
    ----------
    caps
        coin_id, ts (the instant that the vendor says the figures are of) and source.

    Returns
    -------
    LazyFrame of source, coin_id, ts (of the newest figures) and newest_ts (of the list); sorted.
    """
    day = pl.col("ts").dt.date().alias("day")
    return (
        caps.group_by("source", "coin_id", day)
        .agg(pl.max("ts"))
        .with_columns(newest_ts=pl.max("ts").over("source", "day"))
        .filter(pl.col("newest_ts") - pl.col("ts") > LAGGING)
        .select("source", "coin_id", "ts", "newest_ts")
        .sort("source", "coin_id", "ts")
    )


def standing_prices(caps: pl.LazyFrame) -> pl.LazyFrame:
    """Stretches of a day and five readings or more in which a vendor gives a coin one price.

    Figures that carry new stamps and never change are old ones, supplies among them.

    Parameters
    ----------
    caps
        coin_id, ts, source and price_usd of coins that are not pegged to anything.

    Returns
    -------
    LazyFrame of source, coin_id, ts (the first instant of the price), until_ts (the last) and
    price_usd; sorted.
    """
    of_coin = ["source", "coin_id"]
    changed = pl.col("price_usd") != pl.col("price_usd").shift(1).over(of_coin, order_by="ts")
    run = changed.fill_null(value=True).cast(pl.Int64).cum_sum()
    return (
        caps.select(*of_coin, "ts", "price_usd")
        .with_columns(run=run.over(of_coin, order_by="ts"))
        .group_by(*of_coin, "run", "price_usd")
        .agg(pl.min("ts"), until_ts=pl.max("ts"), readings=pl.len())
        .filter(
            pl.col("until_ts") - pl.col("ts") >= STANDING,
            pl.col("readings") >= STANDING_READINGS,
        )
        .select(*of_coin, "ts", "until_ts", "price_usd")
        .sort(*of_coin, "ts")
    )


def stale_supplies(caps: pl.LazyFrame) -> pl.LazyFrame:
    """Coins whose circulating supply stood still while their total or maximum changed.

    Parameters
    ----------
    caps
        coin_id, ts, source, circulating_supply, total_supply, max_supply (nullable).

    Returns
    -------
    LazyFrame of coin_id, ts, circulating_supply, and the total_supply and max_supply then and
    before; sorted.
    """
    supplies = ["circulating_supply", "total_supply", "max_supply"]
    of_coin = ["source", "coin_id"]
    before = pl.col(supplies).shift(1).over(of_coin, order_by="ts").name.suffix("_before")
    changed = pl.any_horizontal(
        (pl.col(name) / pl.col(f"{name}_before") - 1).abs() > CHANGED for name in supplies[1:]
    )
    return (
        caps.select(*of_coin, "ts", *supplies)
        .with_columns(before)
        .filter(
            pl.col("circulating_supply") > 0,
            pl.col("circulating_supply") == pl.col("circulating_supply_before"),
            changed,
        )
        .select(
            "coin_id",
            "ts",
            "circulating_supply",
            "total_supply",
            "total_supply_before",
            "max_supply",
            "max_supply_before",
        )
        .sort("coin_id", "ts")
    )
