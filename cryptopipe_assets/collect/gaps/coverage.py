"""How much of one contract's life is stored, and why the rest is not."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from cryptopipe_assets.collect.gaps.intervals import minutes_of
from cryptopipe_assets.collect.gaps.table_survey import GapSurvey
from cryptopipe_assets.tables.collected.funding_rate import FundingRate

OUTSIDE = ("not_listed", "delisted")
MINUTE_AGO = pl.duration(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What is there and what is not.

    Attributes
    ----------
    at
        When this was found.
    first_bar, last_bar
        Opens; null if there is no bar.
    gaps
        symbol, start, end and cause of what is missing of the contract's life.
    """

    at: datetime
    first_bar: datetime | None
    last_bar: datetime | None
    minutes_stored: int
    settlements_stored: int
    gaps: pl.DataFrame

    @property
    def minutes_missing(self) -> int:
        """Minutes of its life that are not stored."""
        return minutes_of(self.gaps)

    @property
    def missing_causes(self) -> str | None:
        """Such as ``source_hole 12, unknown 3``; null if nothing is missing."""
        minutes = (pl.col("end") - pl.col("start")).dt.total_minutes().sum()
        by = self.gaps.group_by("cause").agg(minutes=minutes).sort("cause")
        return ", ".join(f"{cause} {count}" for cause, count in by.iter_rows()) or None


def coverage(survey: GapSurvey, contract: pl.DataFrame, *, now: datetime) -> Coverage:
    """Coverage of one contract.

    Parameters
    ----------
    contract
        Its row of the registry.
    """
    symbol = contract["symbol"].item()
    found = survey.look_at(contract, now=now)
    stored = found.scan.stored.filter(symbol=symbol)
    gaps = found.gaps.filter(
        pl.col("symbol") == symbol,
        pl.col("status") != "repaired",
        ~pl.col("cause").is_in(OUTSIDE),
    )
    ends = stored.select(pl.min("start"), last=pl.max("end") - MINUTE_AGO).row(0)
    lake = survey.warehouse.lake
    days = lake.days(FundingRate.table_name())
    settled = (
        lake.scan(FundingRate, days[0], days[-1])
        .filter(symbol=symbol, venue=survey.universe.venue)
        .select(pl.len())
        .collect()
        if days
        else None
    )
    return Coverage(
        at=now,
        first_bar=ends[0],
        last_bar=ends[1],
        minutes_stored=minutes_of(stored),
        settlements_stored=int(settled.item()) if settled is not None else 0,
        gaps=gaps.select("symbol", "start", "end", "cause"),
    )
