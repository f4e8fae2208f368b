"""What the daily tables read alike: which days are over, whose contract it is, what is no coin."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import polars as pl

from cryptopipe_assets.defs.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.defs.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.errors import RequestError
from cryptopipe_assets.factors.daily_asof import with_newest_known
from cryptopipe_assets.partitions import days_between, midnight, months
from cryptopipe_assets.registry import latest
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.twins import with_kind

ONE_DAY = timedelta(days=1)

MARKET_CAP_BEFORE = 95
"""Days of market caps before the first day: 92 of the look-back and the age that a cap may have."""

KIND_KNOWN_FOR = timedelta(days=92)
"""How long a coin stays what it was last said to be."""

QUOTES = ("USDT", "USDC", "USD")
"""Currencies whose prices are read as US dollars, the preferred first."""


def end_of_ended_days(days: Sequence[date], *inputs: pl.LazyFrame) -> datetime:
    """End of the last of ``days`` that was over when the newest row of ``inputs`` was stored.

    The first instant of ``days`` if none was: a day that is still forming has no row.
    """
    stored = [each.select(pl.max("ingested_at")).collect().item() for each in inputs]
    collected_until = max((each for each in stored if each is not None), default=None)
    if collected_until is None:
        return midnight(days[0])
    over = midnight(collected_until.date())
    return min(max(over, midnight(days[0])), midnight(days[-1]) + ONE_DAY)


def with_coin(rows: pl.DataFrame, lake: Lake) -> pl.DataFrame:
    """Add to rows of contracts their coin, quote and contract_multiplier, from the registry.

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
    unknown = named.filter(pl.col("coin").is_null())
    if unknown.height:
        raise RequestError(
            f"the registry of instruments does not know {unknown['symbol'][0]}, of which rows are "
            f"stored; materialise `instruments` first"
        )
    return named


def with_exclusion(days: pl.DataFrame, market_cap: pl.DataFrame) -> pl.DataFrame:
    """Add ``is_excluded`` to coin-days: whether the coin was stable, wrapped, staked or bridged.

    As its newest market cap said at each day's end; of coins with one ticker the largest is
    meant. Without a word in ``KIND_KNOWN_FOR`` the list of twins decides by the ticker.

    Parameters
    ----------
    days
        ts (open of the UTC day), coin, and any other columns.
    market_cap
        Rows of the table, ``KIND_KNOWN_FOR`` before the first day.
    """
    said = with_newest_known(
        days, market_cap, columns={"kind": "said"}, max_age=KIND_KNOWN_FOR
    ).with_columns(coin_id=pl.lit(None, pl.String))
    kind = pl.coalesce("said", "kind")
    return with_kind(said).with_columns(is_excluded=kind != "coin").drop("said", "kind", "coin_id")


def daily_closes(lake: Lake, first: date, last: date) -> pl.DataFrame:
    """Last close of every coin and day, in USD per coin.

    Of a coin with several contracts the one with the preferred quote counts. A contract of 1,000
    coins is divided by its multiplier.

    Returns
    -------
    DataFrame sorted by coin, ts: ts (open of the UTC day), available_at (of the last bar), coin
    and close_usd (USD). Unique per coin and day.
    """
    newest = pl.col("ts").arg_max()
    closes = [
        lake.scan(Ohlcv1m, chunk[0], chunk[-1])
        .group_by(*INSTRUMENT, pl.col("ts").dt.truncate("1d").alias("day"))
        .agg(pl.col("available_at").get(newest), pl.col("close").get(newest))
        .collect()
        for chunk in months(days_between(first, last))
    ]
    places = {quote: place for place, quote in enumerate(QUOTES)}
    place = pl.col("quote").replace_strict(places, default=None, return_dtype=pl.Int64)
    return (
        with_coin(pl.concat(closes), lake)
        .with_columns(place=place)
        .drop_nulls("place")
        .sort("coin", "day", "place", "symbol", "venue")
        .unique(["coin", "day"], keep="first", maintain_order=True)
        .select(
            ts="day",
            available_at="available_at",
            coin="coin",
            close_usd=pl.col("close") / pl.col("contract_multiplier"),
        )
    )
