"""From a ranking to two legs: who is held, on which side, and with which weight."""

from typing import Final

import polars as pl

from cryptopipe_assets.quant.math.ordered_sums import ordered_sums

LEG_SHARE: Final = 0.5
"""Share of the notional in each leg."""

MIN_VOLATILITY: Final = 1e-4
"""Per year. A price that moves less stands still: it would take the whole leg."""

_LEG = ("ts", "leg")


def ranked(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """Add ``score`` and ``names`` per day: the lowest value of ``by`` scores +1, the highest -1.

    Scores fall evenly with the rank; ties share the mean of theirs, so they sum to 0 over a day.
    Rows come back sorted by ts, by and coin; ``place`` counts them from 1, ties by coin. ``by``
    must be known in every row.
    """
    ordered = rows.sort("ts", by, "coin")
    rank = pl.col(by).rank("average").over("ts")
    names = pl.len().over("ts").cast(pl.Int64)
    return ordered.with_columns(
        names=names, place=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("ts")
    ).with_columns(score=(names + 1 - 2 * rank) / pl.max_horizontal(names - 1, 1))


def with_legs(rows: pl.DataFrame, per_leg: pl.Expr, *, volatility: str) -> pl.DataFrame:
    """Add ``leg`` and the signed ``weight``: the first ``per_leg`` places long, the last short.

    Inside a leg weights are proportional to 1 / volatility. A name without one gets the mean
    weight of the others; if none has one, all weigh the same. Each leg sums to half the notional,
    longs positive, shorts negative.

    Parameters
    ----------
    rows
        Result of ``ranked``.
    per_leg
        Names per leg, an expression over ``rows``.
    volatility
        Column; null, or less than ``MIN_VOLATILITY``, is unknown.
    """
    is_long, is_short = pl.col("place") <= per_leg, pl.col("place") > pl.col("names") - per_leg
    legs = rows.with_columns(
        leg=pl.when(is_long).then(pl.lit("long")).when(is_short).then(pl.lit("short"))
    )
    moves = pl.col(volatility) >= MIN_VOLATILITY
    held = legs.drop_nulls("leg").sort("ts", "leg", "coin")
    known = held.with_columns(
        inverse=1 / pl.when(moves).then(volatility),
        is_known=moves.fill_null(value=False).cast(pl.Float64),
    )
    sums = ordered_sums(known, _LEG, ["inverse", "is_known"])
    mean = sums.select(
        *_LEG, mean=pl.col("inverse") / pl.when(pl.col("is_known") > 0).then("is_known")
    )
    raw = known.join(mean, on=_LEG, maintain_order="left").with_columns(
        raw=pl.coalesce("inverse", "mean", pl.lit(1.0))
    )
    total = ordered_sums(raw, _LEG, ["raw"]).rename({"raw": "total"})
    side = pl.when(pl.col("leg") == "long").then(LEG_SHARE).otherwise(-LEG_SHARE)
    weights = raw.join(total, on=_LEG, maintain_order="left").select(
        "ts", "coin", weight=side * (pl.col("raw") / pl.col("total"))
    )
    return legs.join(weights, on=["ts", "coin"], how="left", maintain_order="left")
