"""What the daily tables read alike: which days are over, whose contract it is, what is no coin."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import polars as pl

from cryptopipe_assets.core.calendar import months
from cryptopipe_assets.core.coin_identity import IDENTITY
from cryptopipe_assets.core.coin_kinds import with_kind
from cryptopipe_assets.core.contract_names import MARGINED_IN_DOLLARS
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.schema import Table
from cryptopipe_assets.core.symbology import split_multiplier
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.quant.math.daily_asof import with_newest_known
from cryptopipe_assets.quant.metrics.leverage.inputs import MAX_SUPPLY_AGE, daily_market_cap
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments

MARKET_CAP_BEFORE = 95 + MAX_SUPPLY_AGE.days
"""Days of market caps before the first day: 92 of the look-back, and the age that a cap may have,
or the supply that a price is multiplied by."""

KIND_KNOWN_FOR = timedelta(days=92)
"""How long a coin stays what it was last said to be."""

LARGEST_READ = 32_000_000
"""Bytes of files that one stretch of days may have; about ten times that in memory."""

LISTED_ELSEWHERE = "coinalyze"
"""Vendor of rows of contracts that our venue's registry does not have."""

PRICES_ONLY = "coinbase"
"""Vendor of rows of market_cap that give the price of a day and no cap."""


CLOSED_AFTER = 2 * DAY
"""So long after a day's open all was tried to collect its end, a late closing included."""


def end_of_ended_days(days: Sequence[date], *inputs: pl.LazyFrame, now: datetime) -> datetime:
    """End of the last of ``days`` that was over when the newest row of ``inputs`` was stored.

    So a day is not published before its end was collected. Where nothing was stored after it, as
    after the last list of a recording or while the collector stood still, it is over a day after
    its end all the same. The first instant of ``days`` if none is over: a day that is still
    forming has no row; nor has any day where nothing is stored.

    Parameters
    ----------
    now
        The present of the run (UTC).
    """
    stored = [each.select(pl.max("ingested_at")).collect().item() for each in inputs]
    collected_until = max((each for each in stored if each is not None), default=None)
    if collected_until is None:
        return midnight(days[0])
    over = max(midnight(collected_until.date()), midnight((now - CLOSED_AFTER).date()) + DAY)
    return min(max(over, midnight(days[0])), midnight(days[-1]) + DAY)


def stretches(lake: Lake, contract: type[Table], days: list[date]) -> list[list[date]]:
    """Months of ``days``, joined as long as their files of ``contract`` are small together.

    A look-back is read once for each stretch, so few are quick; but a year of a large table does
    not fit into memory.
    """
    joined: list[list[date]] = []
    size = 0
    for month in months(days):
        own = sum(lake.size(contract.table_name(), day) for day in month)
        if joined and size + own <= LARGEST_READ:
            joined[-1], size = joined[-1] + month, size + own
        else:
            joined, size = [*joined, month], own
    return joined


def with_coin(rows: pl.DataFrame, lake: Lake) -> pl.DataFrame:
    """Add to rows of contracts their coin, quote and contract_multiplier, from the registry.

    Of contracts that only Coinalyze lists, the name says all three: it was made of its list.

    Raises
    ------
    RequestError
        Naming a contract that the registry does not know.
    """
    known = latest(lake.read(Instruments), INSTRUMENT)
    named = rows.join(
        known.select(*INSTRUMENT, "coin", "quote", "contract_multiplier"),
        on=INSTRUMENT,
        how="left",
        maintain_order="left",
    )
    if "source" in named.columns:
        named = pl.concat([named.filter(~_by_name()), _named_by_symbol(named.filter(_by_name()))])
    unknown = named.filter(pl.col("coin").is_null())
    if unknown.height:
        raise RequestError(
            f"the registry of instruments does not know {unknown['symbol'][0]}, of which rows are "
            f"stored; materialise `instruments` first"
        )
    return named


def _by_name() -> pl.Expr:
    """Whether a row's contract is in no registry because only Coinalyze lists it."""
    return pl.col("coin").is_null() & (pl.col("source") == LISTED_ELSEWHERE)


def _named_by_symbol(rows: pl.DataFrame) -> pl.DataFrame:
    """Read coin, quote and multiplier off the canonical symbol."""
    names = rows.select("symbol").unique().sort("symbol")["symbol"].to_list()
    parts = [
        (
            name,
            *split_multiplier(name.split("-")[0]),
            name.split("-")[1].removesuffix(MARGINED_IN_DOLLARS),
        )
        for name in names
    ]
    facts = pl.DataFrame(
        parts,
        schema={
            "symbol": pl.String,
            "coin": pl.String,
            "contract_multiplier": pl.Int64,
            "quote": pl.String,
        },
        orient="row",
    )
    return (
        rows.drop("coin", "contract_multiplier", "quote")
        .join(facts, on="symbol", how="left", maintain_order="left")
        .select(rows.columns)
    )


_CAPS = (*("ts", "available_at", "coin_id", "coin", IDENTITY), "market_cap_usd", "volume_24h_usd")


def listed_caps(stored: pl.DataFrame) -> pl.DataFrame:
    """Rows of market_cap that have a cap, as ``market_caps_of_days`` without what prices imply."""
    return stored.filter(pl.col("market_cap_usd").is_not_null()).select(_CAPS)


def market_caps_of_days(stored: pl.DataFrame) -> pl.DataFrame:
    """Rows of market_cap that have a cap, and for each daily price the cap that follows from it.

    Where a vendor gives prices by the day and another one supplies more rarely, the cap of a day
    is its price times the supply last known; a cap is never carried on. What a vendor says itself
    of the same coin and instant goes before.

    Parameters
    ----------
    stored
        Rows of the table with their identity.

    Returns
    -------
    DataFrame of ts, available_at, coin_id, coin, identity, market_cap_usd, volume_24h_usd.
    """
    said = stored.filter(pl.col("market_cap_usd").is_not_null())
    priced = stored.filter(pl.col("source") == PRICES_ONLY)
    if priced.is_empty():
        return said.select(_CAPS)
    prices = priced.select(
        "available_at",
        "coin",
        IDENTITY,
        "volume_24h_usd",
        ts=pl.col("ts") - pl.duration(days=1),
        close_usd="price_usd",
    )
    implied = daily_market_cap(prices, said, by=IDENTITY).join(
        said, on=["coin_id", "ts"], how="anti"
    )
    return pl.concat([implied.select(_CAPS), said.select(_CAPS)])


def with_exclusion(days: pl.DataFrame, market_cap: pl.DataFrame) -> pl.DataFrame:
    """Add ``is_excluded`` to coin-days: whether the coin was stable, wrapped, staked or bridged.

    As its newest market cap said at each day's end; of coins with one ticker the largest is
    meant. Without a word in ``KIND_KNOWN_FOR`` the list of coin kinds decides by the ticker.

    Parameters
    ----------
    days
        ts (open of the UTC day), coin, identity, and any other columns.
    market_cap
        Rows of the table with their identity, ``KIND_KNOWN_FOR`` before the first day.
    """
    said = with_newest_known(
        days, market_cap, columns={"kind": "said"}, max_age=KIND_KNOWN_FOR, by=IDENTITY
    ).with_columns(coin_id=pl.lit(None, pl.String))
    kind = pl.coalesce("said", "kind")
    return with_kind(said).with_columns(is_excluded=kind != "coin").drop("said", "kind", "coin_id")
