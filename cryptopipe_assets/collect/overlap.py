"""Whether stored rows are what a venue's file says of the same instants, once there is the file.

Rows that were stored before came by the venue's API. It costs one file a run, and no call. Nothing
stored is changed by it.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.core.errors import StorageError
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.vendors.protocols import ComparesItsWays


async def disagreements_with_stored(
    vendors: VendorClients,
    lake: Lake,
    table: type[Ohlcv1m] | type[FundingRate],
    followed: pl.DataFrame,
    days: Collection[date],
) -> list[str]:
    """Compare the newest file that a venue should have with the stored rows of its time.

    Of the contracts that have such rows, another one's turn comes every day. Where none came by
    the API, or they cannot be read, or there is no file to be had, there is nothing to compare: who
    collects from there, or reads it, says why.

    Parameters
    ----------
    followed
        Contracts of one venue: venue, symbol, vendor_symbol.
    days
        Days of the run: only one that wants a past day compares.

    Returns
    -------
    What differs, in words; of one file at most.
    """
    if followed.is_empty():
        return []
    now, name = vendors.clock(), followed["venue"][0]
    venue = vendors.venue(name)
    if not isinstance(venue, ComparesItsWays):
        return []
    compared = venue.days_to_compare(table.table_name(), days, now=now)
    if compared is None:
        return []

    async def stored(some: Mapping[str, str], /, *, start: datetime, end: datetime) -> pl.DataFrame:
        inside = pl.col("ts").is_between(start, end, closed="left")
        return rows.filter(inside, pl.col("symbol").is_in(list(some.values()))).collect()

    try:
        rows = lake.scan(table, compared.first, compared.last).filter(
            pl.col("venue") == name,
            pl.col("source") == name,
            pl.col("ingested_at") < compared.taken_from,  # else the file would meet itself
        )
        held = rows.select(pl.col("symbol").unique()).collect()
        in_turn = followed.join(held, on="symbol", how="semi").select("vendor_symbol", "symbol")
        if in_turn.is_empty():
            return []
        async with venue:
            said = await venue.disagreement(
                table.table_name(), stored, dict(in_turn.iter_rows()), now=now
            )
    except StorageError:
        return []
    return [said] if said else []
