"""What leverage is measured from, brought to one row per coin and UTC day."""

from datetime import timedelta

import polars as pl

from cryptopipe_assets.core.time import DAY
from cryptopipe_assets.quant.math.daily_asof import with_newest_known
from cryptopipe_assets.quant.math.daily_grid import KNOWN_AFTER, is_known_by_day_end
from cryptopipe_assets.quant.math.ordered_sums import ordered_sums

MAX_SUPPLY_AGE = timedelta(days=45)
"""Supply moves slowly; a monthly snapshot may be missed once by two weeks, not twice."""


def daily_market_cap(
    prices: pl.DataFrame,
    supply: pl.DataFrame,
    *,
    max_supply_age: timedelta = MAX_SUPPLY_AGE,
    by: str = "coin",
) -> pl.DataFrame:
    """Market cap of each day: the day's price times the circulating supply last known.

    For a history whose market caps are rarer than its prices. A cap itself is never carried
    forward: it would set today's open interest against last month's price.

    Parameters
    ----------
    prices
        ts (open of the day), available_at, coin, close_usd (USD), volume_24h_usd (USD, nullable).
    supply
        Rows of market_cap: ts, available_at, coin, coin_id, market_cap_usd, circulating_supply.
    by
        Column of both that says which coin it is; it is kept.

    Returns
    -------
    DataFrame sorted by coin, ts of rows of market_cap: ts (the end of the day, of which the price
    is), available_at, coin_id, coin, price_usd, market_cap_usd, circulating_supply,
    volume_24h_usd, and supply_asof. Days whose price or supply is unknown have no row.
    """
    counted = supply.filter(pl.col("circulating_supply") > 0)
    columns = {
        "coin_id": "coin_id",
        "circulating_supply": "circulating_supply",
        "ts": "supply_asof",
    }
    known = prices.filter(is_known_by_day_end(), pl.col("close_usd") > 0).sort("coin", "ts")
    return (
        with_newest_known(known, counted, columns=columns, max_age=max_supply_age, by=by)
        .drop_nulls("circulating_supply")
        .select(
            ts=pl.col("ts") + DAY,
            available_at=pl.col("ts") + KNOWN_AFTER,
            coin_id="coin_id",
            coin="coin",
            price_usd="close_usd",
            market_cap_usd=pl.col("close_usd") * pl.col("circulating_supply"),
            circulating_supply="circulating_supply",
            volume_24h_usd="volume_24h_usd",
            supply_asof="supply_asof",
            **({by: by} if by != "coin" else {}),
        )
    )


def daily_funding(settlements: pl.DataFrame) -> pl.DataFrame:
    """Mean funding of each coin and day, on common terms.

    Per contract what its settlements of the day paid over the hours they paid for, times 8; then
    the plain mean over the coin's contracts. A settlement belongs to the day in which it is
    stamped; one of midnight pays for the evening before and belongs to the new day. Settlements
    that were not known by the end of their day, or whose interval is unknown, are left out.

    Parameters
    ----------
    settlements
        Rows of funding_rate with coin: ts, available_at, venue, symbol, coin, funding_rate
        (fraction per interval), interval_hours (nullable).

    Returns
    -------
    DataFrame sorted by coin, ts: ts (open of the day), available_at (its end plus one
    millisecond), coin, funding_8h (fraction per 8 hours), funding_contracts (Int64) and
    funding_asof, the last settlement.
    """
    contract_day = ("coin", "day", "venue", "symbol")
    paid = (
        settlements.with_columns(day=pl.col("ts").dt.truncate("1d"))
        .filter(
            pl.col("available_at") <= pl.col("day") + KNOWN_AFTER,
            pl.col("interval_hours") > 0,
            pl.col("funding_rate").is_not_null(),
        )
        .sort(*contract_day, "ts")
    )
    sums = ordered_sums(paid, contract_day, ["funding_rate", "interval_hours"])
    contracts = sums.with_columns(rate=pl.col("funding_rate") * 8 / pl.col("interval_hours"))
    counted = paid.group_by("coin", "day", maintain_order=True).agg(
        pl.struct("venue", "symbol").n_unique().cast(pl.Int64).alias("funding_contracts"),
        pl.col("ts").max().alias("funding_asof"),
    )
    return counted.with_columns(ordered_sums(contracts, ["coin", "day"], ["rate"])["rate"]).select(
        ts="day",
        available_at=pl.col("day") + KNOWN_AFTER,
        coin="coin",
        funding_8h=pl.col("rate") / pl.col("funding_contracts"),
        funding_contracts="funding_contracts",
        funding_asof="funding_asof",
    )
