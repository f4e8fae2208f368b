"""The survey of a table with what runs and the registry of instruments know, and its rows."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from cryptopipe_assets.collect.followed import followed_instruments
from cryptopipe_assets.collect.gaps.datasets import BARS, Dataset
from cryptopipe_assets.collect.gaps.ledger import GAPS
from cryptopipe_assets.collect.gaps.survey import Runs, Survey, survey
from cryptopipe_assets.core.contract_life import halts_of, lives_of
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.tables.quality.data_gaps import DataGaps

MINUTES = (pl.col("end") - pl.col("start")).dt.total_minutes()


@dataclass(frozen=True)
class GapSurvey:
    """Looks for what a table lacks of followed contracts.

    Attributes
    ----------
    runs
        When runs last requested some days of the table.
    """

    runs: Runs
    warehouse: Warehouse
    universe: Universe
    dataset: Dataset = BARS

    def look(self, ledger: pl.DataFrame, *, now: datetime) -> Survey:
        """What is missing now; ``ledger`` is what was known, ``GAPS``.

        Raises
        ------
        RequestError
            If the registry of instruments is empty.
        """
        followed = followed_instruments(self.warehouse, self.universe, self.dataset.name)
        return self._survey(followed, ledger, now=now)

    def look_at(self, contract: pl.DataFrame, *, now: datetime) -> Survey:
        """What is missing of one contract, followed or not, beside the followed ones.

        Parameters
        ----------
        contract
            Its row of the registry.
        """
        known = latest(self._ours(), INSTRUMENT)
        followed = self.universe.followed(
            self.universe.with_tiers(known.drop("tier")), self.dataset.name
        )
        both = pl.concat([followed, contract.select(followed.columns)]).unique("symbol")
        return self._survey(both, self._ledger(), now=now)

    def _survey(self, contracts: pl.DataFrame, ledger: pl.DataFrame, *, now: datetime) -> Survey:
        in_tier = pl.col("ts").filter(pl.col("tier").is_not_null()).min()
        since = self._ours().group_by("symbol").agg(followed_at=pl.coalesce(in_tier, pl.min("ts")))
        ours = self._ours()
        lives = lives_of(ours).select("symbol", listed_at="due_from", delisted_at="due_until")
        listings = contracts.select("symbol", "tier").join(lives, on="symbol")
        return survey(
            self.warehouse.lake,
            self.dataset,
            venue=self.universe.venue,
            listings=listings.join(since, on="symbol"),
            ledger=ledger,
            runs=self.runs,
            now=now,
            halts=halts_of(ours),
        )

    def _ledger(self) -> pl.DataFrame:
        """What the last look and the repairs found out; there may have been none."""
        stored = self.warehouse.lake.read(DataGaps)
        return from_table(stored, self.dataset).filter(pl.col("status") != "repaired")

    def _ours(self) -> pl.DataFrame:
        """Every version of the contracts of the venue that is looked at."""
        return self.warehouse.lake.read(Instruments).filter(venue=self.universe.venue)

    def vendor_symbols(self) -> dict[str, str]:
        """Canonical to vendor symbol of the followed contracts."""
        followed = followed_instruments(self.warehouse, self.universe, self.dataset.name)
        return dict(followed.select("symbol", "vendor_symbol").iter_rows())


def to_table(gaps: pl.DataFrame, dataset: Dataset = BARS) -> pl.DataFrame:
    """The ledger of a dataset as rows of the table."""
    return gaps.select(
        ts="start",
        available_at="first_seen_at",
        dataset=pl.lit(dataset.name),
        venue=pl.lit("binance"),
        symbol="symbol",
        end_ts="end",
        minutes=MINUTES,
        cause="cause",
        status="status",
        attempts="attempts",
        last_tried_at="last_tried_at",
        transports_asked="asked",
        repaired_at="repaired_at",
    )


def from_table(rows: pl.DataFrame, dataset: Dataset = BARS) -> pl.DataFrame:
    """The ledger of a dataset, ``GAPS``, from rows of the table."""
    names = {
        "ts": "start",
        "end_ts": "end",
        "available_at": "first_seen_at",
        "transports_asked": "asked",
    }
    return rows.filter(dataset=dataset.name).rename(names).select(GAPS.names())


@dataclass(frozen=True, kw_only=True)
class GapCounts:
    """Gaps by status and cause.

    Attributes
    ----------
    gaps_open, minutes_open
        How many are open, and how long they are together.
    by_cause
        status, cause, gaps and minutes.
    longest_open
        The ten longest open gaps: symbol, start, end, minutes, cause and attempts.
    """

    gaps_open: int
    minutes_open: int
    by_cause: pl.DataFrame
    longest_open: pl.DataFrame


def counted(gaps: pl.DataFrame) -> GapCounts:
    """Gaps and minutes by status and cause, and the longest open gaps."""
    sized = gaps.with_columns(minutes=MINUTES)
    by = sized.group_by("status", "cause").agg(gaps=pl.len(), minutes=pl.sum("minutes"))
    left = sized.filter(status="open").sort(
        "minutes", "symbol", "start", descending=[True, False, False]
    )
    shown = left.select("symbol", "start", "end", "minutes", "cause", "attempts")
    return GapCounts(
        gaps_open=left.height,
        minutes_open=int(left["minutes"].sum()),
        by_cause=by.sort("status", "cause"),
        longest_open=shown.head(10),
    )
