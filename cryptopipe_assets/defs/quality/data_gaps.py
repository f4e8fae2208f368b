"""Missing minutes of the followed contracts: since when, why, and what was tried."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any

import dagster as dg
import polars as pl
from pydantic import Field

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.gaps.repair import GapRepair, Tried
from cryptopipe_assets.collect.gaps.table_survey import (
    BARS,
    GapCounts,
    GapSurvey,
    counted,
    from_table,
    to_table,
)
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.defs.automation.asked_days import last_runs
from cryptopipe_assets.defs.collected.instruments import instruments
from cryptopipe_assets.defs.collected.ohlcv_1m import ohlcv_1m
from cryptopipe_assets.defs.publishing.check_result import check_result
from cryptopipe_assets.defs.publishing.publication import Publication, table
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
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
    """Look at the files that changed, request what is missing, and look again."""
    publication = Publication(context, warehouse, DataGaps)
    bars = GapSurvey(partial(last_runs, context.instance, BARS), warehouse, universe)
    found = bars.look(from_table(warehouse.lake.read(DataGaps)), now=vendors.clock())
    # Kept at once: a vendor that fails below must not hide what was found.
    replace(warehouse.lake, on_commit=None).replace(
        DataGaps, DataGaps.conform(to_table(found.gaps))
    )
    metadata: dict[str, Any] = {"files_scanned": found.scan.files_read}
    if config.repair:
        repairer = GapRepair(
            warehouse,
            vendors.reporting_to(publication.journal),
            log=context.log,
            on_stored=partial(_observed, context),
        )
        tried = repairer.repair(found.gaps, bars.vendor_symbols(), again=config.again)
        found = bars.look(tried.gaps, now=vendors.clock())
        metadata |= _repaired(tried)
    yield from publication.write_registry(to_table(found.gaps))
    yield from publication.finish(
        metadata | {"minutes_expected": found.expected} | _summary(counted(found.gaps))
    )


def _observed(context: dg.AssetExecutionContext, day: date, minutes: int) -> None:
    """Show repaired minutes in the UI: no materialisation, as the day was not requested whole."""
    context.log_event(
        dg.AssetObservation(BARS, partition=str(day), metadata={"minutes_repaired": minutes})
    )


def _repaired(tried: Tried) -> dict[str, Any]:
    return {
        **{name: tried.spent[name] for name in sorted(tried.spent)},
        "minutes_repaired": sum(tried.days.values()),
        "days_repaired": ", ".join(str(day) for day in sorted(tried.days)[:31]),
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
