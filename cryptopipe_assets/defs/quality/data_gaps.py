"""What the tables lack of the followed contracts: since when, why, and what was tried."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any

import dagster as dg
import polars as pl
from pydantic import Field

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.gaps.datasets import BARS, DATASETS, Dataset
from cryptopipe_assets.collect.gaps.lives_check import disagreements
from cryptopipe_assets.collect.gaps.repair import GapRepair, Tried, settle_silence
from cryptopipe_assets.collect.gaps.scan import scan
from cryptopipe_assets.collect.gaps.silent import look_for_silence
from cryptopipe_assets.collect.gaps.table_survey import (
    GapCounts,
    GapSurvey,
    counted,
    from_table,
    to_table,
)
from cryptopipe_assets.core.contract_life import lives_of
from cryptopipe_assets.core.errors import VendorError
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.defs.automation.asked_days import last_runs
from cryptopipe_assets.defs.collected.instruments import instruments
from cryptopipe_assets.defs.collected.ohlcv_1m import ohlcv_1m
from cryptopipe_assets.defs.publishing.check_result import check_result
from cryptopipe_assets.defs.publishing.publication import Publication, table
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_assets.tables.quality.data_gaps import DataGaps

EVERY_NIGHT = "0 2 * * *"
"""An hour after yesterday is closed, which requests all of it once more."""


class RepairConfig(dg.Config):
    """What to do about gaps."""

    repair: bool = Field(default=True, description="Request open gaps again; else look only.")
    again: bool = Field(
        default=False, description="Request at once, and explained gaps too that may have bars."
    )


@dg.asset(
    **table(DataGaps),
    # Funding and open interest are looked at where they are, and nothing waits for them.
    deps=[instruments, ohlcv_1m],
    pool="binance",
    automation_condition=dg.AutomationCondition.cron_tick_passed(EVERY_NIGHT),
)
def data_gaps(
    context: dg.AssetExecutionContext,
    config: RepairConfig,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Look at the files that changed, request what is missing, and look again.

    Stored minutes without a trade, more in a row than is usual, are requested once more, too.
    """
    publication = Publication(context, warehouse, DataGaps)
    stored = warehouse.lake.read(DataGaps)
    surveys = {
        each: GapSurvey(partial(last_runs, context.instance, each.name), warehouse, universe, each)
        for each in DATASETS
    }
    found = {
        each: survey.look(from_table(stored, each), now=vendors.clock())
        for each, survey in surveys.items()
    }
    # Kept at once: a vendor that fails below must not hide what was found.
    _keep(warehouse, {each: survey.gaps for each, survey in found.items()})
    metadata: dict[str, Any] = {
        "files_scanned": sum(each.scan.files_read for each in found.values())
    }
    failed: VendorError | None = None
    if config.repair:
        for each, survey in surveys.items():
            repairer = GapRepair(
                warehouse,
                vendors.reporting_to(publication.journal),
                log=context.log,
                on_stored=partial(_observed, context, each),
                dataset=each,
            )
            try:
                tried = repairer.repair(
                    found[each].gaps, survey.vendor_symbols(), again=config.again
                )
            except VendorError as exc:  # the other tables' gaps are requested all the same
                context.log.error("%s was not repaired: %s", each.name, exc)
                failed = failed or exc
                continue
            found[each] = survey.look(tried.gaps, now=vendors.clock())
            metadata |= _repaired(tried, each)
    silent = look_for_silence(warehouse.lake)
    if config.repair:
        try:
            settled = asyncio.run(
                settle_silence(
                    warehouse,
                    vendors.reporting_to(publication.journal),
                    silent,
                    surveys[BARS].vendor_symbols(),
                    log=context.log,
                    again=config.again,
                )
            )
            for day, rows in settled.days.items():
                _observed(context, BARS, day, rows)
            metadata |= {
                "silent_minutes_settled": sum(settled.days.values()),
                "silent_stretches_confirmed": settled.confirmed,
            }
            silent = look_for_silence(warehouse.lake)
        except VendorError as exc:
            context.log.error("silent minutes were not requested: %s", exc)
            failed = failed or exc
    metadata["silent_stretches"] = silent.height
    gaps = {each: survey.gaps for each, survey in found.items()}
    if failed is not None:
        _keep(warehouse, gaps)
        raise failed
    yield from publication.write_registry(_as_rows(gaps))
    yield from publication.finish(
        metadata
        | {"minutes_expected": found[BARS].expected}
        | _summary(counted(pl.concat(gaps.values())))
    )


def _as_rows(gaps: Mapping[Dataset, pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(to_table(ledger, each) for each, ledger in gaps.items())


def _keep(warehouse: Warehouse, gaps: Mapping[Dataset, pl.DataFrame]) -> None:
    """Store the ledgers without telling anyone: the run has not succeeded yet."""
    lake = replace(warehouse.lake, on_commit=None)
    lake.replace(DataGaps, DataGaps.conform(_as_rows(gaps)), at=warehouse.clock())


def _observed(context: dg.AssetExecutionContext, dataset: Dataset, day: date, added: int) -> None:
    """Show repaired rows in the UI: no materialisation, as the day was not requested whole."""
    metadata = {"minutes_repaired" if dataset is BARS else "rows_repaired": added}
    context.log_event(dg.AssetObservation(dataset.name, partition=str(day), metadata=metadata))


def _repaired(tried: Tried, dataset: Dataset) -> dict[str, Any]:
    """What a repair took; of the bars under plain names, as it always was."""
    of, rows = ("", "minutes") if dataset is BARS else (f"{dataset.name}/", "rows")
    return {
        **{f"{of}{name}": tried.spent[name] for name in sorted(tried.spent)},
        f"{of}{rows}_repaired": sum(tried.days.values()),
        f"{of}days_repaired": ", ".join(str(day) for day in sorted(tried.days)[:31]),
    }


def _summary(counts: GapCounts) -> dict[str, Any]:
    return {
        "gaps_open": counts.gaps_open,
        "minutes_open": counts.minutes_open,
        "by_cause": dg.MetadataValue.md(markdown(counts.by_cause)),
        "longest_open": dg.MetadataValue.md(markdown(counts.longest_open)),
    }


@dataclass(frozen=True, kw_only=True)
class OpenGaps:
    """What a table still lacks.

    Attributes
    ----------
    gaps, minutes
        How many, and how long together.
    oldest
        First missing minute.
    """

    gaps: int
    minutes: int
    oldest: datetime


def open_gaps(lake: Lake) -> Mapping[str, OpenGaps]:
    """Open gaps by table; a table without any is left out, as is one that was never looked at."""
    found = (
        lake.read(DataGaps)
        .filter(status="open")
        .group_by("dataset")
        .agg(gaps=pl.len(), minutes=pl.sum("minutes"), oldest=pl.min("ts"))
        .sort("dataset")
    )
    return {
        row["dataset"]: OpenGaps(gaps=row["gaps"], minutes=row["minutes"], oldest=row["oldest"])
        for row in found.iter_rows(named=True)
    }


@dg.asset_check(asset=data_gaps)
def no_gap_is_open(warehouse: dg.ResourceParam[Warehouse]) -> dg.AssetCheckResult:
    """Every missing minute of a followed contract is repaired or explained."""
    left = warehouse.lake.read(DataGaps).filter(status="open")
    shown = left.select("dataset", "symbol", "ts", "end_ts", "minutes", "cause", "attempts")
    return check_result(
        shown.sort("minutes", "symbol", "ts", descending=[True, False, False]), "gaps_open"
    )


@dg.asset_check(asset=data_gaps)
def lives_agree_with_the_bars(
    warehouse: dg.ResourceParam[Warehouse], universe: dg.ResourceParam[Universe]
) -> dg.AssetCheckResult:
    """No contract has bars from outside of its listings, or none long before its end."""
    lake, venue = warehouse.lake, universe.venue
    lives = lives_of(lake.read(Instruments)).filter(venue=venue)
    gaps = from_table(lake.read(DataGaps), BARS).filter(pl.col("status") != "repaired")
    found = disagreements(lives, scan(lake, BARS, venue=venue).stored, gaps)
    named = ", ".join(found["symbol"].unique().sort())
    why = f"listing and bars of {named} disagree" if named else None
    return check_result(found, "stretches_that_disagree", description=why)
