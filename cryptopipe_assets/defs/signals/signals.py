"""Signals of every strategy, daily."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.core.calendar import months
from cryptopipe_assets.core.coin_identity import IDENTITY, with_identity, with_identity_of_caps
from cryptopipe_assets.core.coin_names import CoinNames
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.defs.collected.instruments import instruments
from cryptopipe_assets.defs.collected.market_cap import market_cap
from cryptopipe_assets.defs.collected.ohlcv_1m import ohlcv_1m
from cryptopipe_assets.defs.features.dilution_metrics import dilution_metrics
from cryptopipe_assets.defs.features.leverage_ratios import leverage_ratios
from cryptopipe_assets.defs.partitions import look_back
from cryptopipe_assets.defs.publishing.publication import Publication, days_checked, days_of, table
from cryptopipe_assets.panels.daily_inputs import (
    MARKET_CAP_BEFORE,
    end_of_ended_days,
    with_exclusion,
)
from cryptopipe_assets.panels.daily_prices import daily_prices
from cryptopipe_assets.quant.strategies.dilution import Dilution
from cryptopipe_assets.quant.strategies.legs import LEG_SHARE
from cryptopipe_assets.quant.strategies.leverage_inverted import LeverageInverted
from cryptopipe_assets.quant.strategies.panel import MAX_SUPPLY_AGE, daily_panel
from cryptopipe_assets.quant.strategies.strategy import Book, Strategy
from cryptopipe_assets.quant.strategies.strategy_set import ActiveStrategies
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.market_cap import MarketCap
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.features.dilution_metrics import DilutionMetrics
from cryptopipe_assets.tables.features.leverage_ratios import LeverageRatios
from cryptopipe_assets.tables.signals.signals import Signals

PRICES_BEFORE = 400
"""Days of prices that are loaded before the first of a day's month, for strategies that state no
``lookback`` of their own; those that state a longer one have it."""

MONTH = 31
"""Averages start so long before the first of a day's month, whatever days are requested with it:
then its bits do not depend on the run."""

DILUTION_BEFORE = MAX_SUPPLY_AGE.days + 1

TWO_LEGGED = (LeverageInverted.id, Dilution.id)
"""Strategies that hold half of the notional long and half short."""

ROUNDING = 1e-9


@dg.asset(
    **table(Signals),
    deps=[
        leverage_ratios,
        dg.AssetDep(dilution_metrics, partition_mapping=look_back(DILUTION_BEFORE)),
        dg.AssetDep(ohlcv_1m, partition_mapping=look_back(PRICES_BEFORE + MONTH)),
        dg.AssetDep(market_cap, partition_mapping=look_back(PRICES_BEFORE + MONTH, after=1)),
        instruments,
    ],
)
def signals(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    strategies: dg.ResourceParam[ActiveStrategies],
    universe: dg.ResourceParam[Universe],
    vendors: dg.ResourceParam[VendorClients],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Run every active strategy on every ended day; what it refuses is counted."""
    publication = Publication(context, warehouse, Signals)
    refused: Counter[tuple[str, str]] = Counter()
    newest = Signals.empty_frame()
    every = days_of(context)
    before = max([PRICES_BEFORE * DAY, *(each.lookback or DAY for each in strategies.each)])
    first = every[0].replace(day=1) - before
    elsewhere = universe.beyond.get(Signals.table_name(), frozenset())
    names = universe.names
    closes = daily_prices(warehouse.lake, first, every[-1], elsewhere=elsewhere, names=names)
    for days in months(every):
        panel = _panel(
            warehouse.lake, closes, days, before=before, now=vendors.clock(), names=names
        )
        books = {each.id: _book(each, panel, days[0]) for each in strategies.each}
        rows = pl.concat([book.frame for book in books.values()])
        for strategy, book in books.items():
            refused.update({(strategy, why): count for why, count in book.refused.items()})
        newest = rows.filter(pl.col("ts") == pl.col("ts").max()) if rows.height else newest
        yield from publication.write(rows, days)
    yield from publication.finish({**_refusals(refused), **_sizes(strategies, newest)})


def _panel(
    lake: Lake,
    closes: pl.DataFrame,
    days: list[date],
    *,
    before: timedelta,
    now: datetime,
    names: CoinNames,
) -> pl.DataFrame:
    """What was known of every coin at the end of the ended days, and prices of those before."""
    first, last = midnight(days[0].replace(day=1) - before), days[-1]
    caps = lake.scan(MarketCap, days[0] - MARKET_CAP_BEFORE * DAY, last + DAY)
    end = end_of_ended_days(days, lake.scan(Ohlcv1m, days[0], last + DAY), caps, now=now)
    prices = with_identity(closes.filter(pl.col("ts") >= first, pl.col("ts") < end), names)
    dilution = lake.scan(DilutionMetrics, days[0] - DILUTION_BEFORE * DAY, last).collect()
    return daily_panel(
        with_exclusion(prices, with_identity_of_caps(caps.collect(), names)),
        with_identity(lake.scan(LeverageRatios, days[0], last).collect(), names),
        with_identity_of_caps(dilution, names, at=pl.col("ts")),
        start=first,
        end=end,
        by=IDENTITY,
    )


def _book(strategy: Strategy, panel: pl.DataFrame, first: date) -> Book:
    """Signals of the days from ``first`` on, each from the panel since before its month.

    So a day's bits do not depend on which other days are computed in the same run.
    """
    ts, start = pl.col("ts"), midnight(first)
    if strategy.lookback == timedelta(0):
        return strategy.signals(panel.filter(ts >= start))
    reach = strategy.lookback or PRICES_BEFORE * DAY
    stretch = panel.filter(ts >= midnight(first.replace(day=1)) - reach)
    book, before = strategy.signals(stretch), strategy.signals(stretch.filter(ts < start))
    refused = Counter(book.refused) - Counter(before.refused)
    return Book(book.frame.filter(ts >= start), refused)


def _refusals(refused: Counter[tuple[str, str]]) -> dict[str, object]:
    """Coins and days that have no signal, by strategy and by the first reason that applied."""
    counted = pl.DataFrame(
        [(strategy, why, count) for (strategy, why), count in sorted(refused.items())],
        schema={"strategy": pl.String, "reason": pl.String, "count": pl.Int64},
        orient="row",
    )
    return {
        "refused": dg.MetadataValue.md(markdown(counted)),
        **{f"refused/{strategy}/{why}": count for strategy, why, count in counted.iter_rows()},
    }


def _sizes(strategies: ActiveStrategies, newest: pl.DataFrame) -> dict[str, object]:
    """Names of the newest day: ranked, held long and held short."""
    sizes = pl.DataFrame({"strategy": [each.id for each in strategies.each]}).join(
        newest.group_by("strategy").agg(
            ranked=pl.len().cast(pl.Int64),
            long=(pl.col("leg") == "long").sum().cast(pl.Int64),
            short=(pl.col("leg") == "short").sum().cast(pl.Int64),
        ),
        on="strategy",
        how="left",
        maintain_order="left",
    )
    held = sizes.fill_null(0).with_columns(held=pl.col("long") + pl.col("short"))
    return {
        "books": dg.MetadataValue.md(markdown(held)),
        **{f"held/{name}": count for name, count in held.select("strategy", "held").iter_rows()},
    }


@dg.asset_check(asset=signals)
def signals_share_out_the_notional(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Each leg of a ranking is half of the notional; no other book is more than all of it."""
    days = days_checked(context, warehouse, Signals)
    held = warehouse.lake.scan(Signals, days[0], days[-1]).drop_nulls("weight").collect()
    legs = held.group_by("strategy", "ts", "leg").agg(pl.col("weight").sum())
    side = pl.when(pl.col("leg") == "long").then(LEG_SHARE).otherwise(-LEG_SHARE)
    books = held.group_by("strategy", "ts").agg(
        gross=pl.col("weight").abs().sum(), legs=pl.col("leg").n_unique()
    )
    two_legged = pl.col("strategy").is_in(TWO_LEGGED)
    uneven = legs.filter(two_legged, (pl.col("weight") - side).abs() > ROUNDING)
    lopsided = books.filter(two_legged, pl.col("legs") != 2)
    excessive = books.filter(~two_legged, pl.col("gross") > 1 + ROUNDING)
    first = uneven.sort("strategy", "ts", "leg").head(10)
    return dg.AssetCheckResult(
        passed=uneven.is_empty() and lopsided.is_empty() and excessive.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "books": books.height,
            "legs_of_another_size": uneven.height,
            "books_with_one_leg": lopsided.height,
            "books_above_the_notional": excessive.height,
            "first": dg.MetadataValue.md(markdown(first)),
        },
    )
