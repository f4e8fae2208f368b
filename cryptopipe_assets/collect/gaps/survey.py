"""The ledger of what a table lacks, brought up to date from its files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from cryptopipe_assets.collect.gaps.causes import (
    FOUND_BY_ASKING,
    Evidence,
    lived,
    missing_minutes,
    whole_minutes,
)
from cryptopipe_assets.collect.gaps.datasets import Dataset, not_yet_due
from cryptopipe_assets.collect.gaps.intervals import INSTANT, SPANS, difference, minutes_of
from cryptopipe_assets.collect.gaps.ledger import reconcile
from cryptopipe_assets.collect.gaps.scan import Scan, scan
from cryptopipe_assets.collect.gaps.told import requested_days, said_of_days
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.storage.lake import Lake

DUE = timedelta(minutes=125)
"""A minute that has been over for less is late at worst, not missing."""


Runs = Callable[[list[date]], pl.DataFrame]
"""From days with missing minutes to ``day``, ``at`` and ``tier``: when a run last requested
the day, and for which tier's contracts (null: for all)."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a look at a table found.

    Attributes
    ----------
    gaps
        The ledger, ``GAPS``.
    expected
        Minutes that followed contracts should have between the table's first day and now.
    scan
        What is stored, and how many files had to be read.
    """

    gaps: pl.DataFrame
    expected: int
    scan: Scan


def survey(
    lake: Lake,
    dataset: Dataset,
    *,
    venue: str,
    listings: pl.DataFrame,
    ledger: pl.DataFrame,
    runs: Runs,
    now: datetime,
    halts: pl.DataFrame | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Survey:
    """Look at everything that changed and say which minutes are missing, and why.

    Looked at is the time from the first stored day to the end of the last one, less the newest
    two hours: whether a table is behind is a matter of its freshness.

    Parameters
    ----------
    venue
        Whose rows are looked at.
    listings
        Lives of the followed contracts: symbol, tier, listed_at, delisted_at (null while it
        trades) and followed_at.
    ledger
        The last ledger, ``GAPS``.
    halts
        symbol, start and end (null: it lasts) of what the venue said of contracts that do not
        trade.
    told
        Called with files read and files to read.
    """
    found = scan(lake, dataset, venue=venue, told=told)
    if not found.days:
        return Survey(gaps=ledger, expected=0, scan=found)
    start = midnight(found.days[0])
    end = min((now - DUE).replace(second=0, microsecond=0), midnight(found.days[-1]) + DAY)
    lives = whole_minutes(listings, start=start, end=end)
    stored = found.stored.select(SPANS.names())
    if dataset.pays_for_the_past:
        stored = pl.concat([stored, not_yet_due(stored, lived(lives), end=end)])
    asked = _asked(
        found,
        listings,
        ledger,
        runs(_days(difference(lived(lives), stored))),
        requested_days(lake, dataset.name),
    )
    evidence = Evidence(
        lives=lives, asked=asked, found=_found(ledger), stopped=_stopped(halts, end=end)
    )
    missing = missing_minutes(stored, evidence, start=start, end=end)
    gaps = reconcile(ledger, missing, now=now, said=said_of_days(lake, dataset.name))
    return Survey(gaps=gaps, expected=minutes_of(lived(lives)), scan=found)


def _stopped(halts: pl.DataFrame | None, *, end: datetime) -> pl.DataFrame:
    """Whole minutes in which contracts did not trade, as the venue said; ``SPANS``."""
    if halts is None:
        return SPANS.to_frame()
    last = pl.lit(end).cast(INSTANT)
    return halts.select(
        "symbol",
        start=pl.col("start").dt.truncate("1m").cast(INSTANT),
        end=pl.min_horizontal(pl.col("end").dt.truncate("1m").cast(INSTANT).fill_null(last), last),
    ).filter(pl.col("start") < pl.col("end"))


def _asked(
    scan: Scan,
    listings: pl.DataFrame,
    ledger: pl.DataFrame,
    runs: pl.DataFrame,
    by_words: pl.DataFrame,
) -> pl.DataFrame:
    """Minutes that were requested after they were over.

    Whoever stores a bar of a day has requested all that the symbol lacked of the day up to then; a
    run that materialised the day has requested every contract (of its tier) that was followed; of
    a day that did not come whole it is kept what each way said, and when; and a repair has
    requested its gap.
    """
    by_rows = scan.stretches.drop_nulls("symbol").select("symbol", "day", at="ingested_at")
    by_runs = (
        listings.select("symbol", "followed_at", own="tier")
        .unique()
        .join(runs, how="cross")
        .filter(
            pl.col("at") >= pl.col("followed_at"),
            pl.col("tier").is_null() | (pl.col("tier") == pl.col("own")),
        )
        .select("symbol", "day", "at")
    )
    every = pl.concat([by_rows, by_runs, by_words.select("symbol", "day", "at")])
    asked = every.group_by("symbol", "day").agg(pl.max("at"))
    begin = pl.col("day").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
    until = pl.min_horizontal(begin.dt.offset_by("1d"), pl.col("at").dt.truncate("1m"))
    return pl.concat(
        [
            asked.select("symbol", start=begin, end=until).filter(pl.col("start") < pl.col("end")),
            ledger.filter(pl.col("attempts") > 0).select(SPANS.names()),
        ]
    )


def _days(spans: pl.DataFrame) -> list[date]:
    """Days that the intervals touch, ascending."""
    last = (pl.col("end") - pl.duration(milliseconds=1)).dt.date()
    touched = spans.select(day=pl.date_ranges(pl.col("start").dt.date(), last)).explode("day")
    return touched["day"].unique().sort().to_list()


def _found(ledger: pl.DataFrame) -> pl.DataFrame:
    """What earlier repairs found out about minutes that they could not get."""
    return ledger.filter(
        pl.col("cause").is_in(FOUND_BY_ASKING), pl.col("status") != "repaired"
    ).select(*SPANS.names(), "cause")
