"""Bars that are possible and not to be believed: a market that trades, and is said to stand still.

An exchange's files have flat minutes without a trade where its API has trades. One such minute is
nothing; many in a row are, in a contract that trades in nearly every minute. How many depends on
the contract. Pure.
"""

import math

import polars as pl

LEAST_MINUTES = 5
"""A shorter stretch is never questioned."""

CHANCE = 1e-6
"""A stretch is questioned if minutes that are silent as often as the contract's, each for itself,
have one so long in one window of a million."""

SILENT = (pl.col("volume_base") == 0) & (pl.col("trades").fill_null(0) == 0)
"""A minute in which nothing was traded; where trades were not counted, the volume alone tells."""

CONTRADICTORY = ((pl.col("volume_base") == 0) != (pl.col("trades") == 0)).fill_null(value=False) | (
    SILENT & (pl.col("high") > pl.col("low"))
)
"""A minute with volume and no trade, with trades and no volume, or in which the price moved
without either."""


def unusual_length(minutes: int, silent: int, longest: int) -> int:
    """How many silent minutes in a row are too many for a contract.

    Parameters
    ----------
    minutes, silent
        Bars of a window, and how many of them are silent.
    longest
        Length of the longest silent stretch. It is left out of what is usual: it may be the fault.
    """
    usual = (silent - longest + 1) / (minutes - longest + 2)
    return max(LEAST_MINUTES, math.ceil(math.log(CHANCE / minutes) / math.log(usual)))


def silent_stretches(bars: pl.DataFrame, *, by: tuple[str, ...] = ("symbol",)) -> pl.DataFrame:
    """Silent minutes in a row, more than are usual for the contract.

    Parameters
    ----------
    bars
        ``by``, ts, volume_base and trades.
    by
        What makes a window, of which the usual is taken.

    Returns
    -------
    DataFrame of ``by``, ts (the first minute), minutes, and unusual_from, the length that is too
    long; sorted.
    """
    ordered = bars.select(*by, "ts", silent=SILENT).sort(*by, "ts")
    follows = pl.all_horizontal(
        *(pl.col(name) == pl.col(name).shift(1) for name in (*by, "silent")),
        pl.col("ts") - pl.col("ts").shift(1) == pl.duration(minutes=1),
    )
    runs = (
        ordered.with_columns(run=(~follows.fill_null(value=False)).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(pl.first(*by, "ts", "silent"), minutes=pl.len().cast(pl.Int64))
    )
    still = pl.col("minutes").filter(pl.col("silent"))
    windows = (
        runs.group_by(*by, maintain_order=True)
        .agg(total=pl.sum("minutes"), still=still.sum(), longest=still.max())
        .filter(pl.col("longest") >= LEAST_MINUTES)
    )
    lengths = [
        unusual_length(*row) for row in windows.select("total", "still", "longest").iter_rows()
    ]
    limits = windows.select(*by).with_columns(unusual_from=pl.Series(lengths, dtype=pl.Int64))
    return (
        runs.filter("silent")
        .join(limits, on=by, how="inner")
        .filter(pl.col("minutes") >= pl.col("unusual_from"))
        .select(*by, "ts", "minutes", "unusual_from")
        .sort(*by, "ts")
    )
