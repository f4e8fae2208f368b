"""Lives of contracts against their first and last stored bars. Pure.

The registry says when a contract was listed; its bars say when it was. Where they differ, one of
the two is wrong: a listing date that was moved, a ticker that another coin has now, or an end that
came before the announced one.
"""

from datetime import timedelta

import polars as pl

from cryptopipe_assets.collect.gaps.causes import BY_CHOICE
from cryptopipe_assets.collect.gaps.intervals import INSTANT, SPANS, difference

LONG = timedelta(days=1)
"""So long before its end a contract's last bar does not lie, unless it ended then."""

OUTSIDE, ENDS_EARLY = "bars outside of its listing", "bars end before it was delisted"
NOT_ASKED = (*BY_CHOICE, "our_outage")

DISAGREEMENTS = pl.Schema({**SPANS, "disagreement": pl.String()})


def disagreements(lives: pl.DataFrame, stored: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """Contracts whose bars begin before their listing, lie between two, or end long before the end.

    Bars that were never requested are no sign of an end.

    Parameters
    ----------
    lives
        Of one venue, as ``lives_of`` gives them.
    stored
        ``SPANS`` of the stored bars.
    gaps
        ``SPANS`` and cause of what is missing.

    Returns
    -------
    DataFrame of ``DISAGREEMENTS``: the stretch of bars, or the stretch without them, sorted.
    """
    return pl.concat([_outside(lives, stored), _ended_early(lives, stored, gaps)]).sort(
        "symbol", "start"
    )


def _outside(lives: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    first = stored.group_by("symbol").agg(first=pl.min("start"), last=pl.max("end"))
    listed = (
        lives.join(first, on="symbol")
        .select(
            "symbol",
            start=pl.col("due_from").dt.truncate("1m").cast(INSTANT).fill_null(pl.col("first")),
            end=_minute_after(pl.col("end")).fill_null(pl.max_horizontal("last", "due_from")),
        )
        .filter(pl.col("start") < pl.col("end"))
    )
    known = stored.join(lives.select("symbol").unique(), on="symbol", how="semi")
    found = difference(known.select(SPANS.names()), listed)
    return found.with_columns(disagreement=pl.lit(OUTSIDE)).select(DISAGREEMENTS.names())


def _ended_early(lives: pl.DataFrame, stored: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    ended = lives.filter(pl.col("due_until").is_not_null()).select(
        "symbol", "due_from", until=_minute_after(pl.col("due_until"))
    )
    asked = gaps.filter(~pl.col("cause").is_in(NOT_ASKED)).select("symbol", until="end")
    last = (
        ended.join(stored.select(SPANS.names()), on="symbol")
        .filter(
            pl.col("start") < pl.col("until"),
            (pl.col("end") > pl.col("due_from")).fill_null(value=True),
        )
        .group_by("symbol", "until")
        .agg(start=pl.max("end"))
        .filter(pl.col("until") - pl.col("start") > LONG)
        .join(asked, on=["symbol", "until"], how="semi")
    )
    return last.select("symbol", "start", end="until", disagreement=pl.lit(ENDS_EARLY)).select(
        DISAGREEMENTS.names()
    )


def _minute_after(instant: pl.Expr) -> pl.Expr:
    """The end of the minute in which something ended."""
    return instant.dt.offset_by("59999ms").dt.truncate("1m").cast(INSTANT)
