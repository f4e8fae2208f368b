"""Why a minute is missing: evidence laid over the missing minutes, never a guess. Pure.

A cause is given only where its evidence is at hand; what is left is ``unknown``, which is a cause
too. The first that fits is taken, in the order of ``CAUSES``.
"""

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from cryptopipe_assets.collect.gaps.intervals import INSTANT, SPANS, difference, joined, segments

BY_CHOICE = ("not_listed", "delisted", "not_collected")
"""Causes of minutes that nobody misses: there is no bar, or the contract was not followed."""

FOUND_BY_ASKING = ("source_hole", "no_trades")
"""Causes that only a repair can find, and that stay until the bars come."""

SAID_BY_THE_VENUE = "halted"
"""Cause of minutes that were requested, in which the contract did not trade, as the venue said."""

EXPLAINED = (*BY_CHOICE, *FOUND_BY_ASKING, SAID_BY_THE_VENUE)


def _no_spans() -> pl.DataFrame:
    return SPANS.to_frame()


def _nothing_found() -> pl.DataFrame:
    return SPANS.to_frame().with_columns(cause=pl.lit(None, pl.String))


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known beside the stored minutes.

    Attributes
    ----------
    lives
        Lives of the followed contracts within the window, as ``whole_minutes`` gives them: from
        start on, and not after end; nothing was lived where end is not after start. A contract
        that was closed and reopened has several.
    asked
        ``SPANS`` of minutes that were requested after they were over.
    found
        ``SPANS`` and cause, of ``FOUND_BY_ASKING``, from earlier repairs.
    stopped
        ``SPANS`` in which the venue said that a contract does not trade.
    """

    lives: pl.DataFrame
    asked: pl.DataFrame
    found: pl.DataFrame = field(default_factory=_nothing_found)
    stopped: pl.DataFrame = field(default_factory=_no_spans)


def missing_minutes(
    stored: pl.DataFrame, evidence: Evidence, *, start: datetime, end: datetime
) -> pl.DataFrame:
    """Minutes of ``[start, end)`` that are not stored, with the cause of each.

    Parameters
    ----------
    stored
        ``SPANS`` of the minutes that are stored; symbols that are not followed are ignored.

    Returns
    -------
    DataFrame of ``SPANS`` and cause: disjoint, sorted by symbol and start.
    """
    followed = evidence.lives.select("symbol").unique()
    window = followed.with_columns(
        start=pl.lit(start).cast(INSTANT), end=pl.lit(end).cast(INSTANT)
    ).filter(pl.col("start") < pl.col("end"))
    ours = stored.select(SPANS.names()).join(followed, on="symbol", how="semi")
    missing = difference(window, ours)
    begun = _since_first_bar(ours, end=end)
    layers = {
        "missing": missing,
        "unborn": _before(evidence.lives, start=start),
        "alive": lived(evidence.lives),
        "begun": begun,
        "asked": evidence.asked,
        "stopped": evidence.stopped,
        "silent": _halted(missing, ours, evidence.asked),
        **{
            cause: evidence.found.filter(pl.col("cause") == cause).select(SPANS.names())
            for cause in FOUND_BY_ASKING
        },
    }
    counted = segments({name: frame.select(SPANS.names()) for name, frame in layers.items()})
    return joined(_named(counted.filter(pl.col("missing") > 0)), same=["cause"])


def _named(counted: pl.DataFrame) -> pl.DataFrame:
    """Give each stretch the first cause whose evidence covers it."""
    has = {name: pl.col(name) > 0 for name in counted.columns if name not in SPANS}
    cause = (
        pl.when(has["unborn"])
        .then(pl.lit("not_listed"))
        .when(~has["alive"])
        .then(pl.lit("delisted"))
        .when(~has["asked"] & ~has["begun"])
        .then(pl.lit("not_collected"))
        .when(~has["asked"])
        .then(pl.lit("our_outage"))
        .when(has["stopped"])
        .then(pl.lit(SAID_BY_THE_VENUE))
        .when(has["source_hole"])
        .then(pl.lit("source_hole"))
        .when(has["silent"])
        .then(pl.lit("exchange_halt"))
        .when(has["no_trades"])
        .then(pl.lit("no_trades"))
        .otherwise(pl.lit("unknown"))
    )
    return counted.with_columns(cause=cause)


def whole_minutes(listings: pl.DataFrame, *, start: datetime, end: datetime) -> pl.DataFrame:
    """Lives of contracts within ``[start, end)``, as ``SPANS``.

    From the minute of the listing to the end of the minute of the delisting.

    Parameters
    ----------
    listings
        symbol, listed_at, delisted_at (null while it trades).
    """
    first, last = pl.lit(start).cast(INSTANT), pl.lit(end).cast(INSTANT)
    until = pl.col("delisted_at").dt.offset_by("59999ms").dt.truncate("1m").cast(INSTANT)
    return listings.select(
        "symbol",
        start=pl.max_horizontal(pl.col("listed_at").dt.truncate("1m").cast(INSTANT), first),
        end=pl.min_horizontal(until.fill_null(last), last),
    )


def lived(lives: pl.DataFrame) -> pl.DataFrame:
    """Lives that have a minute within the window."""
    return lives.filter(pl.col("start") < pl.col("end"))


def _before(lives: pl.DataFrame, *, start: datetime) -> pl.DataFrame:
    """From the beginning of the window to each contract's first listing."""
    begin = pl.lit(start).cast(INSTANT)
    first = lives.group_by("symbol").agg(pl.min("start"))
    return first.select("symbol", start=begin, end="start").filter(pl.col("start") < pl.col("end"))


def _since_first_bar(stored: pl.DataFrame, *, end: datetime) -> pl.DataFrame:
    """From each contract's first stored bar on."""
    first = stored.group_by("symbol").agg(pl.min("start"))
    return first.with_columns(end=pl.lit(end).cast(INSTANT)).filter(pl.col("start") < pl.col("end"))


def _halted(missing: pl.DataFrame, stored: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Minutes that all contracts lack, of which two at least have bars before and after.

    Only contracts that were requested count as lacking: our own outage is no halt.
    """
    between = stored.group_by("symbol").agg(pl.min("start"), pl.max("end"))
    counted = segments({"missing": missing, "between": between, "asked": asked})
    inside = counted.filter(pl.col("between") > 0).select("symbol", *counted.columns[1:])
    everyone = pl.lit("*").alias("symbol")
    lacking = inside.filter((pl.col("missing") > 0) & (pl.col("asked") > 0))
    venue = segments(
        {
            "contracts": inside.select(everyone, "start", "end"),
            "lacking": lacking.select(everyone, "start", "end"),
        }
    )
    silent = venue.filter(pl.col("contracts") >= 2, pl.col("lacking") == pl.col("contracts"))
    symbols = between.select("symbol")
    return symbols.join(silent.select("start", "end"), how="cross").select(SPANS.names())
