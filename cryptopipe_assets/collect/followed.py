"""Perpetual contracts and what is known of them, every version kept."""

from datetime import datetime, timedelta

import polars as pl

from cryptopipe_assets.core.contract_life import lives_of
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.core.versions import VANISHED, latest
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments


def followed_instruments(warehouse: Warehouse, universe: Universe, table_name: str) -> pl.DataFrame:
    """Newest version of the instruments that a table follows, sorted by symbol.

    Raises
    ------
    RequestError
        If the registry is empty or holds none of them, and the table follows no other coins. A
        table that follows no coin at all (nothing of it was recorded) has none, and no error.
    """
    known = latest(warehouse.lake.read(Instruments), INSTRUMENT)
    followed = universe.followed(universe.with_tiers(known.drop("tier")), table_name)
    expects_some = universe.tiered(table_name) and not universe.beyond.get(table_name)
    if followed.is_empty() and expects_some:
        raise RequestError(
            f"{table_name}: the registry of instruments is empty or holds none of the coins of "
            f"cryptopipe.toml; materialise `instruments` first"
        )
    return followed


ARCHIVED_AFTER = timedelta(days=2)
"""So old is a day that the venue's archive has; of a contract that is gone it alone tells."""


def still_told(followed: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """The contracts with the part of their lives that the venue still tells of.

    A venue's API knows a contract no longer that it does not list. Of such a one ``delisted_at``
    becomes the end of the whole days that its archive should have.
    """
    archived = pl.lit(now - ARCHIVED_AFTER).dt.cast_time_unit("ms").dt.truncate("1d")
    return followed.with_columns(
        delisted_at=pl.when(pl.col("status") == VANISHED)
        .then(pl.min_horizontal(pl.col("delisted_at").dt.truncate("1d"), archived))
        .otherwise("delisted_at")
    )


def earlier_lives(versions: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    """Lives of contracts before the one that their newest version tells of.

    Parameters
    ----------
    versions
        Every version of the registry.
    contracts
        venue and symbol of some contracts.

    Returns
    -------
    DataFrame of symbol, listed_at and delisted_at, sorted.
    """
    own = versions.join(contracts.select(INSTRUMENT), on=INSTRUMENT, how="semi")
    lives = lives_of(own)
    is_last = pl.int_range(pl.len()).over(INSTRUMENT) == pl.len().over(INSTRUMENT) - 1
    return lives.filter(~is_last).select("symbol", listed_at="due_from", delisted_at="due_until")


def every_listing(versions: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    """The contracts' listings as their newest version has them, and their lives before.

    Parameters
    ----------
    versions
        Every version of the registry.
    contracts
        Rows of the registry, the newest version of each.

    Returns
    -------
    DataFrame of symbol, listed_at and delisted_at.
    """
    earlier = earlier_lives(versions, contracts)
    return pl.concat([contracts.select(earlier.columns), earlier])


def every_life(versions: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    """Lives of contracts, the one that their newest version tells of among them.

    Hours of which two lives have a part are of the later one.

    Parameters
    ----------
    versions
        Every version of the registry.
    contracts
        Rows of the registry, the newest version of each.

    Returns
    -------
    DataFrame of venue, symbol, listed_at and delisted_at, sorted by all of them.
    """
    own = versions.join(contracts.select(INSTRUMENT), on=INSTRUMENT, how="semi")
    following = pl.col("listed_at").shift(-1).over(INSTRUMENT, order_by="listed_at")
    return (
        lives_of(own)
        .select(*INSTRUMENT, listed_at="due_from", delisted_at="due_until")
        .with_columns(delisted_at=pl.min_horizontal("delisted_at", following.dt.truncate("1h")))
        .sort(*INSTRUMENT, "listed_at")
    )
