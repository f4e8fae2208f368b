"""Open interest of perpetual contracts."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import partial

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.fallback import first_available
from cryptopipe_assets.collect.followed import followed_instruments
from cryptopipe_assets.collect.gaps.told import keep_told
from cryptopipe_assets.collect.open_interest import (
    PASSED_OVER,
    PERPETUAL,
    Gathered,
    from_coinalyze,
    from_exchanges,
)
from cryptopipe_assets.config.sources import Choice
from cryptopipe_assets.core.calendar import months
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.symbology import split_multiplier
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.defs.collected.instruments import instruments, passed_over_metadata
from cryptopipe_assets.defs.publishing.check_result import check_result
from cryptopipe_assets.defs.publishing.disagreements import (
    disagreements_metadata,
    the_same_by_every_way,
    told_by_last_run,
)
from cryptopipe_assets.defs.publishing.publication import Publication, days_checked, days_of, table
from cryptopipe_assets.defs.run_scope import universe_of
from cryptopipe_assets.quant.metrics.plausibility import unit_jumps, valued_apart
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.tables.collected.open_interest import OpenInterest

MOST_NAMED = 50

JUMP = 5.0
"""A position that grows or shrinks by this factor in an hour is worth a look."""

VENUES_FAILED, CONTRACTS_FAILED = "venues_failed", "contracts_failed"
"""Metadata of a run: who failed and why."""

SETTLED = timedelta(hours=2)
"""So long after midnight every venue has had its first value of the day."""


@dg.asset(
    **table(OpenInterest),
    deps=[instruments],
    pool="binance",
)
def open_interest(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Collect every contract of the followed coins from the first source that is available."""
    publication = Publication(context, warehouse, OpenInterest)
    vendors = vendors.reporting_to(publication.journal)
    asked = universe_of(context, universe)
    counts: Counter[str] = Counter()
    used: dict[str, str] = {}
    venues: dict[str, str] = {}
    contracts: dict[str, str] = {}
    disagreements: list[str] = []
    passed = PASSED_OVER.to_frame()
    every = days_of(context)
    # Coinalyze's budget is by contract, however many days are requested.
    first = vendors.choices(OpenInterest.table_name())[0].source
    for days in [every] if first == "coinalyze" else months(every):
        ask = partial(_ask, warehouse, vendors, asked, days=days)
        choice, gathered = first_available(vendors, OpenInterest.table_name(), ask)
        used[choice.source] = choice.reason
        counts.update(gathered.counts)
        venues |= gathered.venues_failed
        contracts |= gathered.contracts_failed
        disagreements += gathered.disagreements
        passed = pl.concat([passed, gathered.passed_over]).unique(maintain_order=True)
        rows = gathered.rows.with_columns(ingested_at=pl.lit(gathered.at).dt.cast_time_unit("ms"))
        yield from publication.write(rows, days)
        if universe.venue in gathered.told:
            said = gathered.told[universe.venue]
            keep_told(warehouse.lake, OpenInterest.table_name(), said, gathered.at)
    yield from publication.finish(
        {
            "source": ", ".join(used),
            "source_reason": "; ".join(used.values()),
            VENUES_FAILED: len(venues),
            CONTRACTS_FAILED: len(contracts),
            **disagreements_metadata(disagreements),
            **{f"{VENUES_FAILED}/{name}": venues[name] for name in sorted(venues)},
            **{f"{CONTRACTS_FAILED}/{name}": contracts[name] for name in _first(contracts)},
            **passed_over_metadata(passed),
            **{name: counts[name] for name in sorted(counts)},
        }
    )


def _spellings(universe: Universe) -> list[str]:
    """Names that venues have for the followed coins: one lists BEAMX, the other BEAM."""
    coins = universe.coins(OpenInterest.table_name())
    return sorted({name for coin in coins for name in universe.names.spellings(coin)})


def _first(failed: Mapping[str, str]) -> list[str]:
    """So many names as a run's page can show."""
    return sorted(failed)[:MOST_NAMED]


def _ask(
    warehouse: Warehouse,
    vendors: VendorClients,
    universe: Universe,
    choice: Choice,
    *,
    days: list[date],
) -> Gathered:
    """Rows of the days from the chosen source; an exchange that fails is named in them."""
    coins = _spellings(universe)
    if choice.source == "coinalyze":
        stored = warehouse.lake.scan(OpenInterest, days[0] - DAY, days[-1])
        ours = stored.filter(source="coinalyze").select("venue", "symbol").unique().collect()
        known = frozenset(ours.iter_rows())
        registry = latest(warehouse.lake.read(Instruments), INSTRUMENT)
        return asyncio.run(from_coinalyze(vendors, coins, days, known=known, registry=registry))
    followed = followed_instruments(warehouse, universe, OpenInterest.table_name())
    listed = latest(warehouse.lake.read(Instruments), INSTRUMENT).filter(
        pl.col("coin").is_in(coins),
        pl.col("contract_type") == PERPETUAL,
        (pl.col("status") == "TRADING") | pl.col("symbol").is_in(followed["symbol"].to_list()),
    )
    contracts: dict[str, dict[str, str]] = {}
    for venue, theirs, ours_ in listed.select("venue", "vendor_symbol", "symbol").iter_rows():
        contracts.setdefault(venue, {})[theirs] = ours_
    return asyncio.run(from_exchanges(vendors, contracts, coins=coins, days=days))


@dg.asset_check(asset=open_interest)
def open_interest_came_from_everyone(
    context: dg.AssetCheckExecutionContext,
) -> dg.AssetCheckResult:
    """No exchange and no contract of a followed coin failed in the last run."""
    failed = {
        name: each
        for name, each in told_by_last_run(context, OpenInterest.table_name()).items()
        if name.startswith((f"{VENUES_FAILED}/", f"{CONTRACTS_FAILED}/"))
    }
    named = ", ".join(name.partition("/")[2] for name in sorted(failed))
    return dg.AssetCheckResult(
        passed=not failed,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"nothing new of {named}; they are asked again the next time"
        if failed
        else None,
        metadata=failed,
    )


@dg.asset_check(asset=open_interest)
def open_interest_is_the_same_by_every_way(
    context: dg.AssetCheckExecutionContext,
) -> dg.AssetCheckResult:
    """Where a venue's archive and its REST tell of the same instants, they say the same."""
    return the_same_by_every_way(context, OpenInterest.table_name())


@dg.asset_check(asset=open_interest)
def open_interest_covers_the_universe(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    universe: dg.ResourceParam[Universe],
) -> dg.AssetCheckResult:
    """Followed coins have values, and each day from every venue that had some the day before."""
    days = days_checked(context, warehouse, OpenInterest)
    rows = warehouse.lake.scan(OpenInterest, days[0] - DAY, days[-1])
    newest = rows.select(pl.max("ts")).collect().item() or midnight(days[0])
    coins = pl.DataFrame({"coin": universe_of(context, universe).coins(OpenInterest.table_name())})
    had = rows.select("coin", "venue", day=pl.col("ts").dt.date()).unique().collect()
    judged = [day for day in days if midnight(day) + SETTLED <= newest]
    lost = (
        had.join(coins, on="coin", how="semi")
        .with_columns(day=pl.col("day") + DAY)
        .filter(pl.col("day").is_in(judged))
        .join(had, on=["coin", "venue", "day"], how="anti")
        .sort("day", "coin", "venue")
    )
    never = coins.join(had, on="coin", how="anti").sort("coin")
    return dg.AssetCheckResult(
        passed=lost.is_empty() and never.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "venues_lost": lost.height,
            "first": dg.MetadataValue.md(markdown(lost.head(10))),
            "coins_without_values": ", ".join(never["coin"]),
        },
    )


@dg.asset_check(asset=open_interest)
def open_interest_has_no_jumps(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """No contract's open interest changes by a factor of 5 from one hour to the next."""
    days = days_checked(context, warehouse, OpenInterest)
    contract = ["symbol", "venue"]
    usd, ts = pl.col("open_interest_usd"), pl.col("ts")
    earlier = usd.shift(1).over(contract, order_by="ts")
    is_next_hour = ts - ts.shift(1).over(contract, order_by="ts") == pl.duration(hours=1)
    jumps = (
        warehouse.lake.scan(OpenInterest, days[0], days[-1])
        .with_columns(factor=pl.when(is_next_hour, earlier > 0).then(usd / earlier))
        .filter((pl.col("factor") > JUMP) | (pl.col("factor") < 1 / JUMP))
        .select("symbol", "venue", "ts", "open_interest_usd", "factor")
        .sort("symbol", "venue", "ts")
        .collect()
    )
    return check_result(jumps, "jumps")


@dg.asset_check(asset=open_interest)
def open_interest_is_positive(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """No contract of a followed coin has an open interest of nothing."""
    days = days_checked(context, warehouse, OpenInterest)
    empty = (
        warehouse.lake.scan(OpenInterest, days[0], days[-1])
        .filter(pl.col("open_interest_usd") <= 0)
        .select("symbol", "venue", "ts", "open_interest_usd")
        .sort("symbol", "venue", "ts")
        .collect()
    )
    return check_result(empty, "rows_of_nothing")


@dg.asset_check(asset=open_interest)
def open_interest_is_in_one_unit(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """No contract's open interest jumps by 10, 100 or 1000 while the coin's others do not."""
    days = days_checked(context, warehouse, OpenInterest)
    rows = warehouse.lake.scan(OpenInterest, days[0] - DAY, days[-1])
    found = unit_jumps(rows).filter(pl.col("ts").dt.date() >= days[0])
    return check_result(found.collect(), "jumps_by_a_unit")


@dg.asset_check(asset=open_interest)
def open_interest_is_valued_alike(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Value by quantity is the same price at every venue, within 20 %, where three have one."""
    days = days_checked(context, warehouse, OpenInterest)
    rows = warehouse.lake.scan(OpenInterest, days[0], days[-1])
    symbols = rows.select("symbol").unique().collect()["symbol"].sort()
    units = pl.LazyFrame(
        {
            "symbol": symbols,
            "coins_in_unit": [split_multiplier(each.partition("-")[0])[1] for each in symbols],
        },
        schema={"symbol": pl.String, "coins_in_unit": pl.Int64},
    )
    return check_result(valued_apart(rows.join(units, on="symbol")).collect(), "rows_apart")
