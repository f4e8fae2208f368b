"""How today's missing minutes and yesterday's ledger become today's ledger. Pure."""

from datetime import datetime

import polars as pl

from cryptopipe_assets.collect.gaps.causes import BY_CHOICE, EXPLAINED
from cryptopipe_assets.collect.gaps.intervals import INSTANT, SPANS, joined, segments

TRACE = ("attempts", "last_tried_at", "asked")
"""What is known of a gap from the repairs that were tried."""

GAPS = pl.Schema(
    {
        **SPANS,
        "cause": pl.String(),
        "status": pl.String(),
        "first_seen_at": INSTANT,
        "attempts": pl.Int64(),
        "last_tried_at": INSTANT,
        "asked": pl.String(),
        "repaired_at": INSTANT,
    }
)


def reconcile(
    before: pl.DataFrame,
    missing: pl.DataFrame,
    *,
    now: datetime,
    said: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The ledger of now.

    Minutes that are still missing keep when they were first seen and what was tried; minutes that
    are no longer missing are repaired, unless nobody had missed them.

    Parameters
    ----------
    before
        The last ledger, ``GAPS``.
    missing
        ``SPANS`` and cause, as ``missing_minutes`` gives them.
    said
        ``SPANS`` and asked: what the transports said when the minutes were collected. It is told
        of minutes that no repair has requested, less those that nobody misses.

    Returns
    -------
    DataFrame of ``GAPS``: disjoint within a symbol, sorted by symbol and start.
    """
    instant = pl.lit(now).cast(INSTANT)
    remembered = _remembered(missing, before, said if said is not None else _nothing_said())
    unrepaired = pl.when(pl.col("status") != "repaired")
    still = remembered.with_columns(
        first_seen_at=pl.coalesce("first_seen_at", instant),
        attempts=unrepaired.then("attempts").otherwise(0).fill_null(0).cast(pl.Int64),
        last_tried_at=unrepaired.then("last_tried_at"),
        asked=pl.when(pl.col("status") != "repaired", pl.col("attempts") > 0)
        .then("asked")
        .otherwise(pl.coalesce("said", unrepaired.then("asked"))),
    ).with_columns(status=_status(), repaired_at=pl.lit(None, INSTANT))
    same = [name for name in GAPS if name not in (*SPANS, "first_seen_at")]
    open_now = joined(still, same=same, oldest=["first_seen_at"])
    past = _no_longer_missing(before, missing).with_columns(
        repaired_at=pl.coalesce("repaired_at", instant), status=pl.lit("repaired")
    )
    repaired = joined(past, same=[*same], oldest=["first_seen_at"])
    names = GAPS.names()
    return pl.concat([open_now.select(names), repaired.select(names)]).sort("symbol", "start")


def _status() -> pl.Expr:
    """A halt is explained once a repair was tried; what cannot be there is explained at once."""
    tried_halt = (pl.col("cause") == "exchange_halt") & (pl.col("attempts") > 0)
    explained = pl.col("cause").is_in(EXPLAINED) | tried_halt
    return pl.when(explained).then(pl.lit("explained")).otherwise(pl.lit("open"))


def _nothing_said() -> pl.DataFrame:
    return SPANS.to_frame().with_columns(asked=pl.lit(None, pl.String))


def _remembered(missing: pl.DataFrame, before: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Missing minutes with what the ledger says of them; null where they are new.

    ``said`` is what was said at the collection.
    """
    known = before.select("symbol", "start", "status", "first_seen_at", *TRACE, until="end")
    layers = {"missing": missing, "known": before, "said": said}
    pieces = segments(layers).filter(pl.col("missing") > 0)
    named = pieces.select(SPANS.names()).join_asof(
        missing.select("symbol", "start", "cause").sort("symbol", "start"),
        on="start",
        by="symbol",
        check_sortedness=False,
    )
    found = named.join_asof(
        known.sort("symbol", "start"), on="start", by="symbol", check_sortedness=False
    )
    is_of_it = pl.col("start") < pl.col("until")
    own = ["status", "first_seen_at", *TRACE]
    days = said.select("symbol", "start", said="asked", said_until="end").sort("symbol", "start")
    return (
        found.with_columns(pl.when(is_of_it).then(pl.col(name)).alias(name) for name in own)
        .join_asof(days, on="start", by="symbol", check_sortedness=False)
        .with_columns(
            said=pl.when(
                pl.col("start") < pl.col("said_until"), ~pl.col("cause").is_in(BY_CHOICE)
            ).then("said")
        )
    )


def _no_longer_missing(before: pl.DataFrame, missing: pl.DataFrame) -> pl.DataFrame:
    """Parts of the ledger's rows that are not missing now, less those that nobody had missed."""
    missed = before.filter(~pl.col("cause").is_in(BY_CHOICE))
    left = segments({"before": missed, "missing": missing}).filter(
        pl.col("before") > 0, pl.col("missing") == 0
    )
    return left.select(SPANS.names()).join_asof(
        missed.drop("end").sort("symbol", "start"), on="start", by="symbol", check_sortedness=False
    )


def tried(
    gaps: pl.DataFrame, some: pl.DataFrame, outcome: pl.DataFrame, *, now: datetime
) -> pl.DataFrame:
    """The ledger after a repair requested some of its gaps.

    Parameters
    ----------
    some
        Rows of ``gaps`` that were requested.
    outcome
        ``SPANS`` of the same minutes, cut where more is known of some of them, with asked (the
        transports that responded) and cause: one of ``FOUND_BY_ASKING``, ``silent`` where nothing
        shows whether anything was traded, or null where nothing was found out.
    """
    facts = some.rename({"cause": "supposed"}).drop("end", "asked").sort("symbol", "start")
    silent = (
        pl.when(pl.col("supposed") == "exchange_halt")
        .then("supposed")
        .otherwise(pl.lit("source_hole"))
    )
    pieces = outcome.sort("symbol", "start").join_asof(
        facts, on="start", by="symbol", check_sortedness=False
    )
    marked = pieces.with_columns(
        cause=pl.when(pl.col("cause") == "silent")
        .then(silent)
        .otherwise(pl.coalesce("cause", "supposed")),
        attempts=pl.col("attempts") + 1,
        last_tried_at=pl.lit(now).cast(INSTANT),
    ).select(GAPS.names())
    others = gaps.join(some, on=SPANS.names(), how="anti", maintain_order="left")
    return pl.concat([others, marked]).sort("symbol", "start")
