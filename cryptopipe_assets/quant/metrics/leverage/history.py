"""The history of leverage: Mondays, the whole market by day, coins on average (A3)."""

import numpy as np
import polars as pl

from cryptopipe_assets.quant.math.daily_grid import DayGrid, as_columns
from cryptopipe_assets.quant.math.daily_windows import trailing_mean
from cryptopipe_assets.quant.math.ordered_sums import ordered_sums

_MARKET = "market"
_MONDAY = 1


def weekly(leverage: pl.DataFrame) -> pl.DataFrame:
    """Mondays of ``leverage_ratios``, not averaged.

    A Monday's row uses that Monday's close: its ``available_at`` is Tuesday 00:00:00.001 UTC.
    """
    return leverage.filter(pl.col("ts").dt.weekday() == _MONDAY)


def daily_aggregate(leverage: pl.DataFrame) -> pl.DataFrame:
    """Leverage of the market: all coins of a day whose market cap is known.

    Returns
    -------
    DataFrame sorted by ts: ts, available_at, coins (Int64), total_open_interest_usd,
    total_market_cap_usd (USD), mean_oi_to_market_cap (equal weights), aggregate_oi_to_market_cap
    (total over total), and its means of the last 30 and 90 calendar days, aggregate_ma30 and
    aggregate_ma90 (fractions; one known day is enough). The means need 89 days before.
    """
    measured = leverage.drop_nulls("oi_to_market_cap").sort("ts", "coin")
    summed = ordered_sums(
        measured, ["ts"], ["open_interest_usd", "market_cap_usd", "oi_to_market_cap"]
    )
    counted = measured.group_by("ts", maintain_order=True).agg(
        pl.col("available_at").max(), pl.len().cast(pl.Int64).alias("coins")
    )
    total_open_interest, total_market_cap = pl.col("open_interest_usd"), pl.col("market_cap_usd")
    days = counted.with_columns(summed.drop("ts")).select(
        "ts",
        "available_at",
        "coins",
        total_open_interest.alias("total_open_interest_usd"),
        total_market_cap.alias("total_market_cap_usd"),
        mean_oi_to_market_cap=pl.col("oi_to_market_cap") / pl.col("coins"),
        aggregate_oi_to_market_cap=total_open_interest / total_market_cap,
    )
    grid = DayGrid.over(days.with_columns(coin=pl.lit(_MARKET)))
    ratio = grid.matrix("aggregate_oi_to_market_cap")
    means = {f"aggregate_ma{n}": trailing_mean(ratio, n, min_known=1) for n in (30, 90)}
    rows = {name: grid.at_rows(mean) for name, mean in means.items()}
    return days.with_columns(as_columns(rows))


def coin_averages(leverage: pl.DataFrame) -> pl.DataFrame:
    """Summarise each coin over the days given. A summary to read, not a feature: it sees them all.

    Returns
    -------
    DataFrame sorted by coin: coin, days (Int64, with a ratio), first_day, last_day,
    oi_to_market_cap_mean, _median, _std (n - 1) and _max (fractions), open_interest_mean_usd.
    """
    measured = leverage.drop_nulls("oi_to_market_cap").sort("coin", "ts")
    ratio = pl.col("oi_to_market_cap")
    counted = measured.group_by("coin", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("days"),
        pl.col("ts").min().alias("first_day"),
        pl.col("ts").max().alias("last_day"),
        ratio.median().alias("oi_to_market_cap_median"),
        ratio.max().alias("oi_to_market_cap_max"),
    )
    sums = ordered_sums(measured, ["coin"], ["oi_to_market_cap", "open_interest_usd"])
    means = counted.with_columns(
        oi_to_market_cap_mean=sums["oi_to_market_cap"] / counted["days"],
        open_interest_mean_usd=sums["open_interest_usd"] / counted["days"],
    )
    return means.with_columns(oi_to_market_cap_std=_deviation(measured, means)).select(
        *("coin", "days", "first_day", "last_day", "oi_to_market_cap_mean"),
        *("oi_to_market_cap_median", "oi_to_market_cap_std", "oi_to_market_cap_max"),
        "open_interest_mean_usd",
    )


def _deviation(measured: pl.DataFrame, means: pl.DataFrame) -> pl.Series:
    """Sample standard deviation of each coin's ratio; null for a single day."""
    mean = np.repeat(means["oi_to_market_cap_mean"].to_numpy(), means["days"].to_numpy())
    squares = (measured["oi_to_market_cap"] - mean) ** 2
    sums = ordered_sums(measured.with_columns(squares=squares), ["coin"], ["squares"])["squares"]
    free = means["days"] - 1
    return (sums / free.set(free == 0, None)).sqrt()
