"""The whole past of one contract, fetched on demand, and how much of it there is."""

import asyncio
from collections.abc import Iterator

import dagster as dg
import polars as pl

from cryptopipe_assets.contracts import SymbolRecord, Timestamp, column, stamped
from cryptopipe_assets.defs.collected.instruments import INSTRUMENT, instruments
from cryptopipe_assets.defs.coverage import Coverage, coverage
from cryptopipe_assets.defs.gap_survey import GapSurvey
from cryptopipe_assets.defs.symbol_past import SymbolPast
from cryptopipe_assets.defs.vendor_clients import VendorClients
from cryptopipe_assets.defs.verdict import verdict
from cryptopipe_assets.registry import TRACE, latest
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables import Publication, table
from cryptopipe_assets.universe import Universe


class SymbolHistory(SymbolRecord):
    """How much of a contract's life is stored, as found after fetching its past.

    One partition is one contract: its bars and settlements from its listing (or from
    ``history.start``) to now or to its delisting are put into the day files of ``ohlcv_1m`` and
    ``funding_rate``, where the other contracts' rows stay as they are. What is stored already is
    not asked for, so a run that was ended goes on where it was. Each version is one finding.
    """

    venue: str = column("Exchange that lists the contract.", unit="id")
    symbol: str = column("Canonical instrument, e.g. BTC-USDT-PERP.", unit="id")
    listed_at: Timestamp = column("When trading began.", unit="UTC")
    delisted_at: Timestamp = column(
        "When trading ends or ended; null while no end is known.", unit="UTC", nullable=True
    )
    first_bar: Timestamp = column(
        "Open of the first stored bar; null if there is none.", unit="UTC", nullable=True
    )
    last_bar: Timestamp = column(
        "Open of the last stored bar; null if there is none.", unit="UTC", nullable=True
    )
    minutes_stored: int = column("Bars that are stored.", unit="count", ge=0)
    minutes_missing: int = column(
        "Minutes of its life that are not stored, from history.start on.", unit="count", ge=0
    )
    missing_causes: str = column(
        "Minutes missing by cause, as data_gaps defines them; null if none is.",
        unit="label",
        nullable=True,
    )
    settlements_stored: int = column("Funding settlements that are stored.", unit="count", ge=0)

    class Config:
        """A finding is named by the contract and when it was made."""

        name = "symbol_history"
        unique = ["symbol", "ts", "venue"]  # noqa: RUF012


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
    survey = GapSurvey(context.instance, warehouse, universe)
    found = coverage(survey, past.contract, now=now)
    fresh = _finding(warehouse, past.contract, found)
    yield from publication.write_registry(stamped(fresh, SymbolHistory, source="binance", at=now))
    yield from publication.finish({**found.metadata(), **dict(sorted(spent.items()))})


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
    return verdict(lacking.select("symbol", "minutes_missing", "missing_causes"), "lacking")
