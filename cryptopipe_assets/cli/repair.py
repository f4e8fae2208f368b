"""Asking again for what the tables lack, and what is left afterwards."""

from datetime import UTC, datetime
from typing import Annotated

import polars as pl
import typer

from cryptopipe_assets.cli.console import frame_table, out
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.collect.gaps.silent import known_silence
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.quality.data_gaps import DataGaps

ROWS_SHOWN = 20
DERIVE = "dagster asset materialize -m cryptopipe_assets.definitions --select '{table}+'"


def command(
    look: Annotated[bool, typer.Option("--look", help="Look only; send no requests.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Request at once, explained gaps too.")
    ] = False,
    warehouse: Warehouse = None,
) -> None:
    """Find missing bars, settlements and open interest, and request them again.

    Exit code 0 if no gap is open, else 2.
    """
    raise typer.Exit(repair(settings_for(warehouse), look_only=look, again=again))


def repair(settings: Settings, *, look_only: bool, again: bool) -> int:
    """Bring ``data_gaps`` up to date, and print what it says.

    Returns
    -------
    Exit code: 0 if no gap is open, 2 if some are.

    Raises
    ------
    CryptopipeError
        Whatever stood in the way; what was stored before stays.
    """
    from cryptopipe_assets.runtime.table_run import instance, run_alone

    lake = Lake(settings.warehouse)
    before, silent = lake.read(DataGaps), known_silence(lake)
    out.print(
        "Looking for what is missing" if look_only else "Looking for what is missing, requesting"
    )
    with instance(settings, own=settings.has_own_warehouse) as found:
        config = {"repair": not look_only, "again": again}
        run_alone(settings, found, DataGaps.table_name(), config=config)
    gaps = lake.read(DataGaps)
    _print(gaps)
    _print_repaired(_newly_repaired(before, gaps))
    _print_silence(silent, known_silence(lake))
    return 2 if gaps.filter(status="open").height else 0


def _newly_repaired(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    known = before.filter(status="repaired")
    return after.filter(status="repaired").join(
        known, on=["dataset", "symbol", "ts", "end_ts"], how="anti"
    )


def _print(gaps: pl.DataFrame) -> None:
    """What is missing by cause, then the gaps that are worth another try."""
    standing = gaps.filter(pl.col("status") != "repaired")
    if standing.is_empty():
        out.print("\n[green]not one minute is missing[/]")
        return
    by = standing.group_by("dataset", "status", "cause").agg(
        gaps=pl.len(), contracts=pl.n_unique("symbol"), minutes=pl.sum("minutes")
    )
    out.print()
    out.print(
        frame_table(
            by.sort("status", "dataset", "cause", descending=[True, False, False]), title="Missing"
        )
    )
    left = standing.filter(status="open").sort("minutes", descending=True)
    if left.height:
        shown = left.select(
            "dataset", "symbol", "ts", "end_ts", "minutes", "cause", "attempts", "last_tried_at"
        )
        out.print(frame_table(shown.head(ROWS_SHOWN), title="Open, the longest first"))
        out.print("They are requested again by and by; at once with: cryptopipe repair --again")


def _print_repaired(repaired: pl.DataFrame) -> None:
    if repaired.is_empty():
        return
    by = repaired.group_by("dataset").agg(
        pl.sum("minutes"), first=pl.min("ts").dt.date(), last=pl.max("ts").dt.date()
    )
    for dataset, minutes, first, last in by.sort("dataset").iter_rows():
        out.print(f"\n[green]repaired[/] {minutes:,} minutes from {first} to {last} of {dataset}")
        if last < datetime.now(UTC).date():
            derive = DERIVE.format(table=dataset)
            out.print(
                f"Derive these days anew: {derive} --partition-range {first}...{last}",
                soft_wrap=True,
            )


def _print_silence(before: pl.DataFrame, after: pl.DataFrame) -> None:
    """Stored minutes without a trade that are to be requested, and those that have trades now."""
    left = after.filter(pl.col("asked_at").is_null())
    if left.height:
        minutes = (pl.col("end") - pl.col("start")).dt.total_minutes()
        shown = left.select("symbol", "start", "end", minutes=minutes)
        out.print(
            frame_table(
                shown.sort("minutes", descending=True).head(ROWS_SHOWN),
                title="Stored without a trade, unusually long; to be requested again",
            )
        )
    settled = before.join(after, on=["symbol", "start", "end"], how="anti")
    if settled.height:
        first, last = settled.select(pl.min("start"), last=pl.max("start")).row(0)
        out.print(
            f"\n[green]settled[/] {settled.height} stretches without a trade of ohlcv_1m, which "
            f"have trades by REST\nDerive these days anew: {DERIVE.format(table='ohlcv_1m')} "
            f"--partition-range {first.date()}...{last.date()}",
            soft_wrap=True,
        )
