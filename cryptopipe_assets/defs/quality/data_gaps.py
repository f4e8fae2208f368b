"""Missing minutes of the followed contracts: since when, why, and what was tried."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import dagster as dg
import pandera.polars as pa
import polars as pl
from pydantic import Field

from cryptopipe_assets.contracts import Ledger, Timestamp, column
from cryptopipe_assets.defs.collected.instruments import instruments
from cryptopipe_assets.defs.collected.ohlcv_1m import ohlcv_1m
from cryptopipe_assets.defs.gap_repair import GapRepair
from cryptopipe_assets.defs.gap_survey import GapSurvey, counted, from_table, to_table
from cryptopipe_assets.defs.vendor_clients import VendorClients
from cryptopipe_assets.defs.verdict import verdict
from cryptopipe_assets.gaps.causes import CAUSES
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables import Publication, table
from cryptopipe_assets.universe import Universe

EVERY_NIGHT = "0 2 * * *"
"""An hour after yesterday is closed, which asks for all of it once more."""

STATUSES = ("open", "repaired", "explained")


class DataGaps(Ledger):
    """Minutes in a row that a table lacks of one followed contract, with the cause.

    Looked at is the time from the table's first stored day to the end of its last one, less the
    newest two hours. Flat bars without volume are bars, not gaps. ``available_at`` is when the gap
    was first seen. The cause is the first of these whose evidence is at hand:

    - not_listed: before the contract was listed, as the venue says;
    - delisted: after the contract's last minute, as the venue says or as it vanished;
    - not_collected: before the contract's first stored bar, and no run has asked since;
    - our_outage: after the contract's first stored bar, and no run has asked since it was over;
    - source_hole: every transport answered without it, and the venue does not say it was quiet;
    - exchange_halt: no followed contract has a bar, of two at least, though we asked afterwards;
    - no_trades: every transport answered without it; its hour had no trade but the stored ones;
    - unknown: we asked once it was over and did not get it; nothing else is known yet.
    """

    dataset: str = column("Table that lacks the minutes.", unit="id")
    venue: str = column("Exchange that lists the contract.", unit="id")
    symbol: str = column("Canonical instrument, e.g. BTC-USDT-PERP.", unit="id")
    end_ts: Timestamp = column("First minute after the gap; ts is the first in it.", unit="UTC")
    minutes: int = column("Minutes in the gap.", unit="count", ge=1)
    cause: str = column("Why the minutes are missing.", unit="label", isin=list(CAUSES))
    status: str = column(
        "open: worth another try; explained: there is no bar to get, or nobody asked for it; "
        "repaired: stored since.",
        unit="label",
        isin=list(STATUSES),
    )
    attempts: int = column("Repairs that asked for it.", unit="count", ge=0)
    last_tried_at: Timestamp = column(
        "When a repair last asked for it; null if none has.", unit="UTC", nullable=True
    )
    transports_asked: str = column(
        "Ways by which the last repair asked; null if none has.", unit="label", nullable=True
    )
    repaired_at: Timestamp = column(
        "When its minutes were found to be stored; null until then.", unit="UTC", nullable=True
    )

    class Config:
        """A contract's gaps do not overlap, so its start names one."""

        name = "data_gaps"
        unique = ["dataset", "symbol", "ts", "venue"]  # noqa: RUF012

    @pa.dataframe_check(description="a gap ends after it starts, and before the next one starts")
    def gaps_are_apart(cls, data: pa.PolarsData) -> pl.LazyFrame:  # noqa: N805
        """One minute is in one gap at most."""
        own = ["dataset", "symbol", "venue"]
        following = pl.col("ts").shift(-1).over(own, order_by="ts")
        apart = pl.col("end_ts") <= following.fill_null(pl.col("end_ts"))
        return data.lazyframe.select(apart & (pl.col("ts") < pl.col("end_ts")))


class RepairConfig(dg.Config):
    """What to do about gaps."""

    repair: bool = Field(default=True, description="Ask again for open gaps; else look only.")
    again: bool = Field(
        default=False, description="Ask at once, and for explained gaps too that may have bars."
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
    """Look at the files that changed, ask again for what is missing, and look again."""
    publication = Publication(context, warehouse, DataGaps)
    bars = GapSurvey(context.instance, warehouse, universe)
    found = bars.look(from_table(warehouse.lake.read(DataGaps)), now=vendors.clock())
    # Kept at once: a vendor that fails below must not hide what was found.
    replace(warehouse.lake, on_commit=None).replace(
        DataGaps, DataGaps.conform(to_table(found.gaps))
    )
    metadata: dict[str, Any] = {"files_scanned": found.scan.files_read}
    if config.repair:
        crew = GapRepair(context, warehouse, vendors.reporting_to(publication.journal))
        tried = crew.repair(found.gaps, bars.vendor_symbols(), again=config.again)
        found = bars.look(tried.gaps, now=vendors.clock())
        metadata |= tried.metadata()
    yield from publication.write_registry(to_table(found.gaps))
    yield from publication.finish(
        metadata | {"minutes_expected": found.expected} | counted(found.gaps)
    )


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
    return verdict(
        shown.sort("minutes", "symbol", "ts", descending=[True, False, False]), "gaps_open"
    )
