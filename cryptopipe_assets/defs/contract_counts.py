"""How many contracts of each coin the stored tables have, for the forecast of calls."""

from datetime import timedelta

import polars as pl

from cryptopipe_assets.call_forecast import Contracts
from cryptopipe_assets.defs.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.defs.collected.open_interest import OpenInterest
from cryptopipe_assets.registry import latest
from cryptopipe_assets.storage.lake import Lake

SEEN = timedelta(days=1)
"""A contract that had a value since is asked for again."""


def contracts_of(lake: Lake) -> Contracts:
    """Contracts of each coin at the vendors that are asked for one after the other.

    Nothing is known of coins of which nothing is stored.

    Raises
    ------
    StorageError
    """
    listed = latest(lake.read(Instruments), INSTRUMENT).filter(
        contract_type="PERPETUAL", status="TRADING"
    )
    known = {("binance", coin): n for coin, n in _counted(listed)}
    if lake.has(OpenInterest.table_name()) and (days := lake.days(OpenInterest.table_name())):
        rows = lake.scan(OpenInterest, days[-1] - SEEN, days[-1]).collect()
        known |= {("bybit", coin): n for coin, n in _counted(rows.filter(source="bybit"))}
        known |= {("coinalyze", coin): n for coin, n in _counted(rows.filter(source="coinalyze"))}
    return Contracts(known=known)


def _counted(rows: pl.DataFrame) -> list[tuple[str, int]]:
    """Coin and number of its contracts."""
    contracts = rows.select("coin", "venue", "symbol").unique()
    return contracts.group_by("coin").len().sort("coin").rows()
