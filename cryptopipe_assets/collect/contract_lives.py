"""The gate that every door of the tables has: no row of the future, none outside of its contract.

Bars, settlements and open interest come by REST, from the archive, out of landed files, from
recordings, by a repair and by a contract's history. Files go on after a contract's end, with flat
prices and a flat rate, and a name that was listed twice has rows of two coins.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from cryptopipe_assets.core.contract_life import INSTANT, lives_of
from cryptopipe_assets.core.future import later_than, told
from cryptopipe_assets.core.schema import Collected, Table
from cryptopipe_assets.core.universe import CONTRACT_TABLES
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.instruments import Instruments

REFUSED = pl.Schema(
    {
        "venue": pl.String(),
        "symbol": pl.String(),
        "rows": pl.Int64(),
        "first": INSTANT,
        "last": INSTANT,
    }
)


@dataclass(frozen=True)
class Admitted:
    """Rows that are of their contracts' lives, and what was refused.

    Attributes
    ----------
    refused
        ``REFUSED``: the rows that were left out by contract, sorted.
    future
        Rows that were left out because they are of instants later than that of their collection.
    """

    rows: pl.DataFrame
    refused: pl.DataFrame
    future: pl.DataFrame

    @property
    def refused_rows(self) -> int:
        """Rows that were left out."""
        return int(self.refused["rows"].sum()) + self.future.height

    @property
    def why(self) -> str:
        """What was left out, in words; empty if nothing was."""
        said = [
            f"{rows} rows of {symbol} at {venue}, {_when(first)} to {_when(last)}, are outside of "
            f"the time in which it was listed, and were left out"
            for venue, symbol, rows, first, last in self.refused.iter_rows()
        ]
        if self.future.height:
            said.insert(0, f"{told(self.future)}, are later than now, and were left out")
        return "; ".join(said)


def admitted(lake: Lake, contract: type[Table], rows: pl.DataFrame) -> Admitted:
    """Leave out the rows from outside of their contracts' lives, and what is later than now.

    A bar belongs to a life if its minute touches it, a settlement or a figure of an hour if its
    hour does; the settlement with which a contract ends is its own. Rows of contracts that the
    registry does not have pass, as do tables of anything else.
    """
    future = rows.clear()
    if issubclass(contract, Collected):
        is_later = later_than(pl.col("ingested_at"))
        rows, future = rows.filter(~is_later), rows.filter(is_later)
    if contract.table_name() not in CONTRACT_TABLES or rows.is_empty():
        nothing = _counted(lives_of(Instruments.empty_frame()).with_columns(ts="start"))
        return Admitted(rows, nothing, future)
    # A table of one venue does not say which; who told is who lists.
    named = rows if "venue" in rows.columns else rows.with_columns(venue="source")
    lives = lives_of(lake.read(Instruments))
    is_bar = "close" in contract.columns()
    end = (
        pl.col("end").dt.offset_by("59999ms").dt.truncate("1m")
        if is_bar
        else pl.col("end").dt.offset_by("1ms")
    )
    starts = pl.col("start").dt.truncate("1m" if is_bar else "1h")
    numbered = named.select("venue", "symbol", "ts").with_row_index("_row")
    told = numbered.join(lives, on=["venue", "symbol"], how="inner")
    inside = (starts.is_null() | (pl.col("ts") >= starts)) & (end.is_null() | (pl.col("ts") < end))
    outside = (
        told.group_by("_row").agg(inside.any().alias("inside")).filter(~pl.col("inside"))["_row"]
    )
    is_out = pl.int_range(pl.len(), dtype=pl.UInt32).is_in(outside.to_list())
    return Admitted(rows.filter(~is_out), _counted(named.filter(is_out)), future)


def _counted(refused: pl.DataFrame) -> pl.DataFrame:
    """Rows by contract, with the first and the last."""
    return (
        refused.group_by("venue", "symbol")
        .agg(
            rows=pl.len().cast(pl.Int64),
            first=pl.col("ts").min().cast(INSTANT),
            last=pl.col("ts").max().cast(INSTANT),
        )
        .sort("venue", "symbol")
    )


def _when(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"
