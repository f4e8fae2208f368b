"""The whole past of one contract, fetched on demand, and how much of it there is."""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.gaps.coverage import Coverage, coverage
from cryptopipe_assets.collect.gaps.datasets import BARS
from cryptopipe_assets.collect.gaps.table_survey import GapSurvey
from cryptopipe_assets.collect.symbol_history import SymbolPast
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.schema import stamped
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.core.versions import TRACE, latest
from cryptopipe_assets.defs.automation.asked_days import last_runs
from cryptopipe_assets.defs.collected.instruments import instruments
from cryptopipe_assets.defs.publishing.check_result import check_result
from cryptopipe_assets.defs.publishing.publication import Publication, table
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT
from cryptopipe_assets.tables.history.symbol_history import SymbolHistory


@dg.asset(**table(SymbolHistory), deps=[instruments], pool="binance")
def symbol_history(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Fetch the contract's past month by month, then measure what is there."""
    publication = Publication(context, warehouse, SymbolHistory)
    past = SymbolPast(
        warehouse,
        vendors.reporting_to(publication.journal),
        symbol=context.partition_key,
        log=context.log,
    )
    spent = asyncio.run(past.fetch())
    now = vendors.clock()
    survey = GapSurvey(partial(last_runs, context.instance, BARS.name), warehouse, universe)
    found = coverage(survey, past.contract, now=now)
    fresh = _finding(warehouse, past.contract, found)
    yield from publication.write_registry(stamped(fresh, SymbolHistory, source="binance", at=now))
    yield from publication.finish({**_summary(found), **dict(sorted(spent.items()))})


def _summary(found: Coverage) -> dict[str, Any]:
    """What the run's page shows of the coverage."""
    return {
        "first_bar": str(found.first_bar),
        "last_bar": str(found.last_bar),
        "minutes_stored": found.minutes_stored,
        "minutes_missing": found.minutes_missing,
        "missing_causes": found.missing_causes or "none",
        "settlements_stored": found.settlements_stored,
        "gaps": dg.MetadataValue.md(markdown(found.gaps.head(20))),
    }


def _finding(warehouse: Warehouse, contract: pl.DataFrame, found: Coverage) -> pl.DataFrame:
    """The coverage as a row, or no row if the newest version says the same."""
    now = pl.lit(found.at).dt.cast_time_unit("ms")
    row = contract.select("venue", "symbol", "listed_at", "delisted_at").with_columns(
        ts=now,
        available_at=now,
        first_bar=pl.lit(found.first_bar, pl.Datetime("ms", "UTC")),
        last_bar=pl.lit(found.last_bar, pl.Datetime("ms", "UTC")),
        minutes_stored=pl.lit(found.minutes_stored),
        minutes_missing=pl.lit(found.minutes_missing),
        missing_causes=pl.lit(found.missing_causes, pl.String),
        settlements_stored=pl.lit(found.settlements_stored),
    )
    facts = [name for name in SymbolHistory.columns() if name not in TRACE]
    known = latest(warehouse.lake.read(SymbolHistory), INSTRUMENT)
    return row.join(known.select(facts), on=facts, how="anti", nulls_equal=True)


@dg.asset_check(asset=symbol_history)
def every_past_is_whole(
    warehouse: dg.ResourceParam[Warehouse],
) -> dg.AssetCheckResult:
    """No contract's newest finding misses minutes for which there may be a bar."""
    known = latest(warehouse.lake.read(SymbolHistory), INSTRUMENT)
    lacking = known.filter(
        pl.col("missing_causes").str.contains("unknown|our_outage|not_collected")
    )
    return check_result(lacking.select("symbol", "minutes_missing", "missing_causes"), "lacking")
