"""Leverage of each coin and day: open interest against market cap, and what it costs."""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.config.compat import Compat
from cryptopipe_assets.core.coin_identity import (
    IDENTITY,
    one_name_a_day,
    with_identity,
    with_identity_of_caps,
)
from cryptopipe_assets.core.coin_kinds import with_kind
from cryptopipe_assets.core.coin_names import CoinNames
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.defs.collected.funding_rate import funding_rate
from cryptopipe_assets.defs.collected.instruments import instruments
from cryptopipe_assets.defs.collected.market_cap import market_cap
from cryptopipe_assets.defs.collected.open_interest import open_interest
from cryptopipe_assets.defs.partitions import look_back
from cryptopipe_assets.defs.publishing.publication import Publication, days_checked, days_of, table
from cryptopipe_assets.panels.daily_inputs import (
    MARKET_CAP_BEFORE,
    end_of_ended_days,
    listed_caps,
    market_caps_of_days,
    stretches,
    with_coin,
    with_exclusion,
)
from cryptopipe_assets.quant.metrics.leverage import ratios as leverage
from cryptopipe_assets.quant.metrics.leverage.inputs import daily_funding
from cryptopipe_assets.quant.metrics.open_interest import MAX_CLOSE_AGE, coin_totals, daily_close
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.market_cap import MarketCap
from cryptopipe_assets.tables.collected.open_interest import OpenInterest
from cryptopipe_assets.tables.features.leverage_ratios import LeverageRatios

OPEN_INTEREST_BEFORE = 92
FUNDING_BEFORE = 31
"""Days of input before the first day: the growth of 90 days with its tolerance; a month."""

FOR_EVER = timedelta(days=36_500)
"""How old a cap may be in the compat variant, which carries the last list on without a limit."""

MIN_PLAUSIBLE_SHARE, MIN_KNOWN_SHARE = 0.9, 0.5


@dg.asset(
    **table(LeverageRatios),
    deps=[
        dg.AssetDep(open_interest, partition_mapping=look_back(OPEN_INTEREST_BEFORE)),
        dg.AssetDep(market_cap, partition_mapping=look_back(MARKET_CAP_BEFORE, after=1)),
        dg.AssetDep(funding_rate, partition_mapping=look_back(FUNDING_BEFORE)),
        instruments,
    ],
)
def leverage_ratios(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
    compat: dg.ResourceParam[Compat],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Sum each coin's open interest, set it against its market cap; ended days only."""
    publication = Publication(context, warehouse, LeverageRatios)
    excluded: set[str] = set()
    rows = without_ratio = 0
    for days in stretches(warehouse.lake, OpenInterest, days_of(context)):
        closes, caps, funding = _scans(warehouse.lake, days, compat)
        end = end_of_ended_days(days, closes, caps, funding, now=vendors.clock())
        names = universe.names
        market_caps = with_identity_of_caps(caps.collect(), names)
        totals = coin_totals(_named(closes.collect(), names))
        daily = with_exclusion(with_identity(daily_close(totals), names), market_caps)
        ratios = leverage.leverage_ratios(
            daily,
            listed_caps(market_caps)
            if compat.forward_filled_caps
            else market_caps_of_days(market_caps),
            daily_funding(_named(with_coin(funding.collect(), warehouse.lake), names)),
            start=midnight(days[0]),
            end=end,
            max_market_cap_age=FOR_EVER
            if compat.forward_filled_caps
            else leverage.MAX_MARKET_CAP_AGE,
            by=IDENTITY,
        )
        excluded.update(daily.filter("is_excluded")["coin"])
        rows += ratios.height
        without_ratio += ratios["oi_to_market_cap"].null_count()
        yield from publication.write(ratios, days)
    yield from publication.finish(
        {
            "coin_days": rows,
            "coin_days_without_ratio": without_ratio,
            "coins_excluded": ", ".join(sorted(excluded)) or "none",
        }
    )


def _named(contracts: pl.DataFrame, names: CoinNames) -> pl.DataFrame:
    """Rows of contracts, those of one coin and day under one name: BEAM and BEAMX are summed."""
    return one_name_a_day(with_identity(contracts, names), names).drop(IDENTITY)


def _scans(
    lake: Lake, days: list[date], compat: Compat
) -> tuple[pl.LazyFrame, pl.LazyFrame, pl.LazyFrame]:
    """Open interest, market caps and funding that the days rest on."""

    def before(count: int) -> date:
        return days[0] - count * DAY

    listed = lake.days(MarketCap.table_name())
    first_cap = before(MARKET_CAP_BEFORE)
    if compat.forward_filled_caps and listed:
        first_cap = min(first_cap, listed[0])
    return (
        lake.scan(OpenInterest, before(OPEN_INTEREST_BEFORE), days[-1]),
        lake.scan(MarketCap, first_cap, days[-1] + DAY),
        lake.scan(FundingRate, before(FUNDING_BEFORE), days[-1]),
    )


@dg.asset_check(asset=leverage_ratios)
def leverage_ratios_cover_the_open_interest(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> dg.AssetCheckResult:
    """Every coin with open interest at the end of a day has a row, unless it is excluded."""
    days = days_checked(context, warehouse, LeverageRatios)
    scans = _scans(warehouse.lake, days, Compat())
    day_end = pl.col("day").dt.offset_by("1d")
    at_day_end = (
        scans[0]
        .with_columns(day=pl.col("ts").dt.truncate("1d"))
        .filter(
            pl.col("open_interest_usd").is_not_null(),
            pl.col("day").is_between(
                midnight(days[0]),
                end_of_ended_days(days, *scans, now=vendors.clock()),
                closed="left",
            ),
            pl.col("available_at") <= day_end.dt.offset_by("1ms"),
            pl.col("available_at") > day_end - MAX_CLOSE_AGE,
        )
        .select("coin", ts="day")
        .unique()
        .sort("coin", "ts")
        .collect()
    )
    names = universe.names
    due = with_exclusion(
        with_identity(at_day_end, names), with_identity_of_caps(scans[1].collect(), names)
    ).filter(~pl.col("is_excluded"))
    rows = with_identity(warehouse.lake.scan(LeverageRatios, days[0], days[-1]).collect(), names)
    absent = due.join(rows, on=[IDENTITY, "ts"], how="anti").select("coin", "ts")
    return dg.AssetCheckResult(
        passed=absent.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "coin_days_due": due.height,
            "coin_days_absent": absent.height,
            "first": dg.MetadataValue.md(markdown(absent.head(10))),
        },
    )


@dg.asset_check(asset=leverage_ratios)
def leverage_ratios_are_plausible(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Most rows have a ratio, nine in ten of them between 0 and 1; none is of a stablecoin."""
    days = days_checked(context, warehouse, LeverageRatios)
    rows = warehouse.lake.scan(LeverageRatios, days[0], days[-1]).collect()
    ratio = pl.col("oi_to_market_cap")
    known = rows.filter(ratio.is_not_null())
    plausible = known.filter(ratio > 0, ratio < 1)
    by_ticker = rows.select("coin", ts=pl.col("ts").dt.offset_by("1d"), coin_id=pl.lit(""))
    twins = with_kind(by_ticker).filter(pl.col("kind") != "coin")
    highest = known.sort("oi_to_market_cap", "coin", "ts", descending=[True, False, False])
    return dg.AssetCheckResult(
        passed=known.height >= MIN_KNOWN_SHARE * rows.height
        and plausible.height >= MIN_PLAUSIBLE_SHARE * known.height
        and twins.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "coin_days": rows.height,
            "without_ratio": rows.height - known.height,
            "ratio_not_between_0_and_1": known.height - plausible.height,
            "of_stable_wrapped_staked_or_bridged": twins.height,
            "highest": dg.MetadataValue.md(
                markdown(highest.select("coin", "ts", "oi_to_market_cap").head(5))
            ),
        },
    )
