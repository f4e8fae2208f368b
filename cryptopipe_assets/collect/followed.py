"""Perpetual contracts and what is known of them, every version kept."""

import polars as pl

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments


def followed_instruments(warehouse: Warehouse, universe: Universe, table_name: str) -> pl.DataFrame:
    """Newest version of the instruments that a table follows, sorted by symbol.

    Raises
    ------
    RequestError
        If the registry is empty or holds none of them, and the table follows no other coins.
    """
    known = latest(warehouse.lake.read(Instruments), INSTRUMENT)
    followed = universe.followed(universe.with_tiers(known.drop("tier")), table_name)
    if followed.is_empty() and not universe.beyond.get(table_name):
        raise RequestError(
            f"{table_name}: the registry of instruments is empty or holds none of the coins of "
            f"cryptopipe.toml; materialise `instruments` first"
        )
    return followed
