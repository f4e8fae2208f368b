"""Missing minutes of the followed contracts: since when, why, and what was tried."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import dagster as dg
import pandera.polars as pa
import polars as pl

from cryptopipe_assets.contracts import Ledger, Timestamp, column
from cryptopipe_assets.defs.asked_days import last_runs
from cryptopipe_assets.defs.collected.instruments import (
    Instruments,
    followed_instruments,
    instruments,
)
from cryptopipe_assets.defs.collected.ohlcv_1m import Ohlcv1m, ohlcv_1m
from cryptopipe_assets.defs.vendor_clients import VendorClients
from cryptopipe_assets.defs.verdict import verdict
from cryptopipe_assets.gaps.causes import CAUSES
from cryptopipe_assets.gaps.ledger import GAPS
from cryptopipe_assets.gaps.survey import Survey, survey
from cryptopipe_assets.preview import markdown
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables import Publication, table
from cryptopipe_assets.universe import Universe

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


@dg.asset(
    **table(DataGaps),
    deps=[instruments, ohlcv_1m],
    pool="binance",
)
def data_gaps(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Look at the files that changed and bring the ledger up to date."""
    publication = Publication(context, warehouse, DataGaps)
    found = look(context.instance, warehouse, universe, now=vendors.clock())
    yield from publication.write_registry(to_table(found.gaps))
    yield from publication.finish(
        {"files_scanned": found.scan.files_read, "minutes_expected": found.expected}
        | _counted(found.gaps)
    )


def look(
    instance: dg.DagsterInstance, warehouse: Warehouse, universe: Universe, *, now: datetime
) -> Survey:
    """Missing minutes of the bars of all followed contracts."""
    name = Ohlcv1m.table_name()
    followed = followed_instruments(warehouse, universe, name)
    versions = warehouse.lake.read(Instruments)
    since = versions.group_by("symbol").agg(
        followed_at=pl.coalesce(
            pl.col("ts").filter(pl.col("tier").is_not_null()).min(), pl.min("ts")
        )
    )
    return survey(
        warehouse.lake,
        Ohlcv1m,
        listings=followed.select("symbol", "listed_at", "delisted_at").join(since, on="symbol"),
        ledger=from_table(warehouse.lake.read(DataGaps), name),
        runs=partial(last_runs, instance, name),
        now=now,
    )


def to_table(gaps: pl.DataFrame) -> pl.DataFrame:
    """The ledger of the bars as rows of the table."""
    return gaps.select(
        ts="start",
        available_at="first_seen_at",
        dataset=pl.lit(Ohlcv1m.table_name()),
        venue=pl.lit("binance"),
        symbol="symbol",
        end_ts="end",
        minutes=(pl.col("end") - pl.col("start")).dt.total_minutes(),
        cause="cause",
        status="status",
        attempts="attempts",
        last_tried_at="last_tried_at",
        transports_asked="asked",
        repaired_at="repaired_at",
    )


def from_table(rows: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """The ledger of a table of minutes."""
    return (
        rows.filter(dataset=dataset)
        .rename(
            {
                "ts": "start",
                "end_ts": "end",
                "available_at": "first_seen_at",
                "transports_asked": "asked",
            }
        )
        .select(GAPS.names())
    )


def _counted(gaps: pl.DataFrame) -> dict[str, object]:
    """Metadata: minutes by status and cause, and the longest open gaps."""
    sized = gaps.with_columns(minutes=(pl.col("end") - pl.col("start")).dt.total_minutes())
    by = sized.group_by("status", "cause").agg(gaps=pl.len(), minutes=pl.sum("minutes"))
    longest = sized.filter(status="open").sort(
        "minutes", "symbol", "start", descending=[True, False, False]
    )
    return {
        "gaps_open": sized.filter(status="open").height,
        "minutes_open": int(sized.filter(status="open")["minutes"].sum()),
        "by_cause": dg.MetadataValue.md(markdown(by.sort("status", "cause"))),
        "longest_open": dg.MetadataValue.md(
            markdown(
                longest.head(10).select("symbol", "start", "end", "minutes", "cause", "attempts")
            )
        ),
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
    return verdict(
        shown.sort("minutes", "symbol", "ts", descending=[True, False, False]), "gaps_open"
    )
