"""Prices, market caps and supplies of coins."""

import asyncio
from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.fallback import first_available
from cryptopipe_assets.collect.market_cap import Gathered, from_coinbase, from_coinmarketcap
from cryptopipe_assets.collect.market_cap_coingecko import from_coingecko
from cryptopipe_assets.config.sources import Choice
from cryptopipe_assets.core.coin_identity import IDENTITY, with_identity_of_caps
from cryptopipe_assets.core.coin_kinds import with_kind
from cryptopipe_assets.core.schema import stamped
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.defs.publishing.check_result import check_result
from cryptopipe_assets.defs.publishing.publication import Publication, days_checked, days_of, table
from cryptopipe_assets.defs.run_scope import universe_of
from cryptopipe_assets.panels.prices_by_source import BARS, POSITIONS, far_prices
from cryptopipe_assets.quant.metrics.plausibility import (
    STANDING_READINGS,
    lagging_figures,
    stale_supplies,
    standing_prices,
)
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.market_cap import MarketCap

TOLERANCE = 0.02
"""Vendors round, and refresh price and supply apart."""


@dg.asset(
    **table(MarketCap),
    pool="market_cap",
)
def market_cap(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Collect past closes and, today, the present from the first source that is available.

    The largest coins once a day, the followed ones each time.
    """
    publication = Publication(context, warehouse, MarketCap)
    vendors = vendors.reporting_to(publication.journal)
    coins = _tickers(universe_of(context, universe))
    ids = {coin: universe.names.id_of(coin, "coingecko") for coin in coins}
    known = {coin: slug for coin, slug in ids.items() if slug is not None}
    days = days_of(context)

    def ask(choice: Choice) -> Gathered:
        if choice.source == "coinmarketcap":
            return asyncio.run(from_coinmarketcap(vendors, coins, days))
        stored = _stored(warehouse.lake, days, vendors.clock().date())
        ours = stored.filter(source=choice.source)
        return asyncio.run(from_coingecko(vendors, coins, days, stored=ours, known=known))

    choice, gathered = first_available(vendors, MarketCap.table_name(), ask)
    answers = [gathered]
    if vendors.horizon.coinbase_prices:
        answers.append(asyncio.run(from_coinbase(vendors, coins, days)))
    rows = [
        stamped(with_kind(each.rows), MarketCap, source=each.source, at=each.at) for each in answers
    ]
    yield from publication.write(pl.concat(rows), days)
    counts = {name: count for each in answers for name, count in each.counts.items()}
    yield from publication.finish(
        {"source": choice.source, "source_reason": choice.reason, **counts}
    )


def _tickers(universe: Universe) -> list[str]:
    """Tickers that vendors of market caps have for the followed coins, sorted.

    A coin of an older name is asked for by both: a vendor renames it when it likes.
    """
    names, coins = universe.names, universe.coins(MarketCap.table_name())
    return sorted(
        {names.ticker_of(coin) for coin in coins} | {names.newest(coin) for coin in coins}
    )


def _stored(lake: Lake, days: list[date], today: date) -> pl.DataFrame:
    """Rows that there are of the days and of today."""
    rows = lake.scan(MarketCap, days[0], days[-1]).collect()
    return rows if today in days else rows.vstack(lake.read(MarketCap, today))


@dg.asset_check(asset=market_cap)
def market_cap_ranks_are_unique(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """No two coins of one snapshot have the same rank."""
    days = days_checked(context, warehouse, MarketCap)
    # Coins of a snapshot differ in ts by when each was refreshed; they came in together.
    shared = (
        warehouse.lake.scan(MarketCap, days[0], days[-1])
        .filter(pl.col("rank").is_not_null())
        .group_by("source", "ingested_at", "rank", day=pl.col("ts").dt.date())
        .agg(pl.col("coin_id").sort().str.join(", "), coins=pl.len())
        .filter(pl.col("coins") > 1)
        .sort("day", "ingested_at", "rank")
        .select("day", "ingested_at", "rank", "coin_id")
        .collect()
    )
    return check_result(shared, "ranks_shared")


@dg.asset_check(asset=market_cap)
def market_cap_is_price_times_supply(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """The cap is the price times the circulating supply, within 2 %, where all three are known."""
    days = days_checked(context, warehouse, MarketCap)
    product = pl.col("price_usd") * pl.col("circulating_supply")
    apart = (
        warehouse.lake.scan(MarketCap, days[0], days[-1])
        .with_columns(ratio=pl.col("market_cap_usd") / product)
        .filter((pl.col("ratio") - 1).abs() > TOLERANCE)
        .select("coin_id", "ts", "price_usd", "circulating_supply", "market_cap_usd", "ratio")
        .sort("coin_id", "ts")
        .collect()
    )
    return check_result(apart, "rows_apart")


@dg.asset_check(asset=market_cap)
def market_cap_covers_the_universe(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    universe: dg.ResourceParam[Universe],
) -> dg.AssetCheckResult:
    """Every followed coin has a row on every day."""
    days = days_checked(context, warehouse, MarketCap)
    stored = warehouse.lake.scan(MarketCap, days[0], days[-1])
    names, day = universe.names, pl.col("ts").dt.date().alias("day")
    opens = pl.Series("ts", [midnight(each) for each in days], pl.Datetime("ms", "UTC"))
    tickers = pl.DataFrame({"coin": _tickers(universe_of(context, universe)), "coin_id": ""})
    due = with_identity_of_caps(tickers.join(opens.to_frame(), how="cross"), names)
    had = with_identity_of_caps(stored.select("ts", "coin", "coin_id").collect(), names)
    missing = (
        due.with_columns(day)
        .join(had.select(IDENTITY, day).unique(), on=[IDENTITY, "day"], how="anti")
        .select("coin", "day")
        .sort("day", "coin")
    )
    return check_result(missing, "coin_days_missing")


@dg.asset_check(asset=market_cap)
def market_cap_supplies_move_together(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """No circulating supply stands still while the total or the maximum changes by over 1 %."""
    days = days_checked(context, warehouse, MarketCap)
    rows = warehouse.lake.scan(MarketCap, days[0] - DAY, days[-1])
    found = stale_supplies(rows).filter(pl.col("ts").dt.date() >= days[0])
    return check_result(found.collect(), "supplies_standing_still")


@dg.asset_check(asset=market_cap)
def market_cap_prices_are_near_others(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    universe: dg.ResourceParam[Universe],
) -> dg.AssetCheckResult:
    """No price is over 20 % (log) from that of bars, open interest and other vendors.

    The median of three sources or more is taken for right; where there is one other, it is that
    one. What lies so far apart is another coin of the ticker, another unit, or old.
    """
    days = days_checked(context, warehouse, MarketCap)
    found = far_prices(warehouse.lake, days, names=universe.names)
    is_venue = pl.any_horizontal(
        pl.col("source").str.starts_with(each) for each in (BARS, POSITIONS)
    )
    return check_result(found.filter(~is_venue), "prices_apart")


@dg.asset_check(asset=market_cap)
def market_cap_figures_are_of_their_list(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    universe: dg.ResourceParam[Universe],
) -> dg.AssetCheckResult:
    """No followed coin's newest figures of a day are over an hour older than those of its list.

    A vendor lists a coin on that it updates no longer, supplies included.
    """
    days = days_checked(context, warehouse, MarketCap)
    found = lagging_figures(_followed(warehouse.lake, days, universe))
    return check_result(found.collect(), "figures_that_lag")


@dg.asset_check(asset=market_cap)
def market_cap_prices_move(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    universe: dg.ResourceParam[Universe],
) -> dg.AssetCheckResult:
    """No followed coin that is not pegged has one price, to its last digit, for a day or longer.

    Of coins with a price a day for five of them, as rounded closes may be the same by chance.
    """
    days = days_checked(context, warehouse, MarketCap)
    rows = _followed(warehouse.lake, [days[0] - STANDING_READINGS * DAY, *days], universe)
    found = standing_prices(rows.filter(pl.col("kind") == "coin")).collect()
    return check_result(found.filter(pl.col("until_ts").dt.date() >= days[0]), "prices_standing")


def _followed(lake: Lake, days: list[date], universe: Universe) -> pl.LazyFrame:
    """Rows of the followed coins; of several with one ticker of the largest, which is asked for."""
    largest = pl.col("coin_id").sort_by("market_cap_usd", "coin_id", nulls_last=False).last()
    return (
        lake.scan(MarketCap, days[0], days[-1])
        .filter(pl.col("coin").is_in(_tickers(universe)))
        .filter(pl.col("coin_id") == largest.over("source", "coin"))
    )
