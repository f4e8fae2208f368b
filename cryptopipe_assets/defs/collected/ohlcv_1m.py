"""1-minute bars of perpetual contracts."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.followed import (
    earlier_lives,
    every_listing,
    followed_instruments,
    still_told,
)
from cryptopipe_assets.collect.gaps.told import keep_told
from cryptopipe_assets.collect.overlap import disagreements_with_stored
from cryptopipe_assets.collect.windows import (
    expected_minutes,
    outstanding,
    stored_minutes,
    without_bars,
)
from cryptopipe_assets.core.calendar import months
from cryptopipe_assets.core.contract_life import lives_of, named_by_life, under_one_name
from cryptopipe_assets.core.errors import VendorError
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.schema import stamped
from cryptopipe_assets.core.time import DAY, HOUR, midnight
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.defs.collected.instruments import instruments
from cryptopipe_assets.defs.publishing.check_result import check_result
from cryptopipe_assets.defs.publishing.disagreements import (
    disagreements_metadata,
    the_same_by_every_way,
)
from cryptopipe_assets.defs.publishing.publication import Publication, days_checked, days_of, table
from cryptopipe_assets.defs.run_scope import universe_of
from cryptopipe_assets.panels.prices_by_source import BARS, far_prices
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.vendors.binance.collect import collect_bars
from cryptopipe_assets.vendors.binance.outage import nothing_came
from cryptopipe_assets.vendors.http.gather import as_one_of_many
from cryptopipe_assets.vendors.parsing.silence import CONTRADICTORY, silent_stretches
from cryptopipe_assets.vendors.parsing.told import TOLD

LONG_ENOUGH = timedelta(hours=1)
"""A window of which an exchange that is open has bars for certain."""

FAILURES_SHOWN = 20

JUMP = 0.2
"""A close this far (natural log) from the close a minute earlier is worth a look."""


SILENT_DAYS_AT_ONCE = 7
"""Days of which it is worked out together how often a contract is silent."""


@dataclass(frozen=True)
class _Answer:
    """New bars of some days, what should have come, who failed, and what the requests cost."""

    bars: pl.DataFrame
    expected: pl.DataFrame
    quiet: pl.DataFrame
    failures: dict[str, VendorError]
    spent: Counter[str]
    told: pl.DataFrame
    disagreements: list[str]


@dg.asset(**table(Ohlcv1m), deps=[instruments], pool="binance")
def ohlcv_1m(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Request the minutes that are not stored: the past from the archive, the rest by REST.

    A contract that fails is named, and the others are stored; it is requested again by the next
    run of these days, and those that are over by the nightly repair, too. Where all fail, the run
    fails, once the months of which something came are stored.
    """
    publication = Publication(context, warehouse, Ohlcv1m)
    vendors = vendors.reporting_to(publication.journal)
    followed = followed_instruments(warehouse, universe_of(context, universe), Ohlcv1m.table_name())
    earlier = earlier_lives(warehouse.lake.read(Instruments), followed)
    spent: Counter[str] = Counter()
    silent: list[pl.DataFrame] = []
    failures: dict[str, VendorError] = {}
    outage: VendorError | None = None
    every = days_of(context)
    differing = asyncio.run(
        disagreements_with_stored(vendors, warehouse.lake, Ohlcv1m, followed, every)
    )
    for days in months(every):
        stored = stored_minutes(warehouse.lake.scan(Ohlcv1m, days[0], days[-1]))
        answer = asyncio.run(_ask(vendors, followed, earlier, days, stored))
        spent.update(answer.spent)
        differing += answer.disagreements
        both = pl.concat([stored, stored_minutes(answer.bars.lazy())])
        nothing = pl.concat([without_bars(answer.expected, both), answer.quiet]).unique()
        policy, now = vendors.missing_instrument, vendors.clock()
        if found := _outage(followed, answer, nothing, policy=policy, now=now):
            outage = outage or found
            continue
        failures = {**answer.failures, **failures}
        silent.append(nothing)
        yield from publication.write(answer.bars, days)
        keep_told(warehouse.lake, Ohlcv1m.table_name(), answer.told, now)
    if outage is not None:
        warehouse.refresh_catalog()
        raise outage from outage.__cause__
    for symbol, failure in sorted(failures.items()):
        publication.journal.note(
            "fallback",
            f"ohlcv_1m: {symbol} failed, the other contracts are stored: "
            f"{as_one_of_many(failure)}. What it lacks is requested again by the next run of these "
            "days, and by `cryptopipe repair` by every way",
        )
    without = pl.concat(silent).sort("symbol", "day")
    yield from publication.finish(
        {
            **{name: spent[name] for name in sorted(spent)},
            "contracts_failed": len(failures),
            "failed": dg.MetadataValue.md(markdown(_told(failures))),
            "instrument_days_without_bars": without.height,
            "without_bars": dg.MetadataValue.md(markdown(without.head(20))),
            **disagreements_metadata(differing),
        }
    )


def _told(failures: Mapping[str, VendorError]) -> pl.DataFrame:
    """The contracts that failed, and how."""
    rows = [(symbol, as_one_of_many(failure)) for symbol, failure in sorted(failures.items())]
    return pl.DataFrame(
        [(symbol, why.replace("|", "\\|")) for symbol, why in rows[:FAILURES_SHOWN]],
        schema={"symbol": pl.String, "why": pl.String},
        orient="row",
    )


async def _ask(
    vendors: VendorClients,
    followed: pl.DataFrame,
    earlier: pl.DataFrame,
    days: list[date],
    stored: pl.DataFrame,
) -> _Answer:
    """Fetch every outstanding window; a contract that fails in one is missing from it."""
    vendor_symbol = dict(followed.select("symbol", "vendor_symbol").iter_rows())
    async with vendors.binance() as binance, vendors.binance_archive() as archive:
        now = await binance.server_time()
        lives = pl.concat(
            [still_told(followed, now=now).select(earlier.columns), earlier], how="vertical"
        )
        expected = expected_minutes(lives, days, now=now)
        frames, spent = [Ohlcv1m.empty_frame()], Counter[str]()
        told, differing = [TOLD.to_frame()], list[str]()
        quiet: list[tuple[str, date]] = []
        failures: dict[str, VendorError] = {}
        for window in outstanding(expected, stored):
            symbols = {vendor_symbol[name]: name for name in window.symbols}
            got = await collect_bars(
                binance, archive, symbols, start=window.start, end=window.end, now=now
            )
            frames.append(stamped(got.frame, Ohlcv1m, source=binance.vendor, at=now))
            told.append(got.told)
            differing += got.disagreements
            failures = {**got.failures, **failures}
            if window.end - window.start >= LONG_ENOUGH:
                came = set(got.frame["symbol"])
                quiet += [
                    (each, window.start.date()) for each in window.symbols if each not in came
                ]
            spent.update(got.counts)
        spent["api_calls"] = sum(binance.calls.values())
        spent["archive_downloads"] = sum(archive.calls.values())
    schema = {"symbol": pl.String, "day": pl.Date}
    silent = pl.DataFrame(quiet, schema, orient="row")
    return _Answer(pl.concat(frames), expected, silent, failures, spent, pl.concat(told), differing)


def _outage(
    followed: pl.DataFrame, answer: _Answer, silent: pl.DataFrame, *, policy: str, now: datetime
) -> VendorError | None:
    """The failure of a whole venue: nothing came, and every contract failed or had no bar.

    Parameters
    ----------
    silent
        Symbol and day without a bar.
    policy
        Only where it is ``fail`` is it a failure if contracts that trade have no bar and nothing
        else is wrong: the venue gives a bar for every minute, traded or not.
    """
    trading = followed.filter(status="TRADING").join(answer.expected, on="symbol", how="semi")
    wanted = set(trading["symbol"] if policy == "fail" else answer.expected["symbol"])
    mute = set(silent["symbol"]) if policy == "fail" else set()
    if not answer.bars.is_empty() or not wanted or not wanted <= {*answer.failures, *mute}:
        return None
    if answer.failures:
        return answer.failures[min(answer.failures)]
    symbol, day = silent.filter(pl.col("symbol").is_in(wanted)).sort("day", "symbol").row(0)
    return nothing_came("bar", symbol=symbol, day=day, now=now)


@dg.asset_check(asset=ohlcv_1m)
def ohlcv_1m_has_every_contract(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> dg.AssetCheckResult:
    """Every followed contract that trades has a bar on each whole day of its listed lives.

    An error where ``collect.missing_instrument`` is ``fail``, else a warning.
    """
    days = days_checked(context, warehouse, Ohlcv1m)
    bars = warehouse.lake.scan(Ohlcv1m, days[0], days[-1])
    followed = followed_instruments(warehouse, universe_of(context, universe), Ohlcv1m.table_name())
    trading = followed.filter(status="TRADING")
    listings = every_listing(warehouse.lake.read(Instruments), trading)
    expected = expected_minutes(listings, days, now=vendors.clock())
    lacking = without_bars(expected, stored_minutes(bars))
    is_error = vendors.missing_instrument == "fail"
    return dg.AssetCheckResult(
        passed=lacking.is_empty(),
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        metadata={
            "instrument_days_without_bars": lacking.height,
            "first": dg.MetadataValue.md(markdown(lacking.head(10))),
        },
    )


@dg.asset_check(asset=ohlcv_1m)
def ohlcv_1m_has_no_gaps(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    universe: dg.ResourceParam[Universe],
) -> dg.AssetCheckResult:
    """Every followed contract has every minute of its listed lives, up to the newest bar."""
    days = days_checked(context, warehouse, Ohlcv1m)
    bars = warehouse.lake.scan(Ohlcv1m, days[0], days[-1])
    newest = bars.select(pl.max("ts")).collect().item()
    followed = followed_instruments(warehouse, universe_of(context, universe), Ohlcv1m.table_name())
    until = newest + timedelta(minutes=1) if newest else midnight(days[0])
    listings = every_listing(warehouse.lake.read(Instruments), followed)
    expected = (
        expected_minutes(listings, days, now=until)
        .group_by("symbol", "day", maintain_order=True)
        .agg(pl.sum("expected"))
    )
    gaps = (
        expected.join(stored_minutes(bars), on=["symbol", "day"], how="left")
        .with_columns(missing=pl.col("expected") - pl.col("minutes").fill_null(0))
        .filter(pl.col("missing") > 0)
        .select("symbol", "day", "expected", "missing")
        .sort("missing", "symbol", "day", descending=[True, False, False])
    )
    return dg.AssetCheckResult(
        passed=gaps.is_empty() and newest is not None,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "minutes_expected": int(expected["expected"].sum()),
            "minutes_missing": int(gaps["missing"].sum()),
            "worst": dg.MetadataValue.md(markdown(gaps.head(10))),
        },
    )


@dg.asset_check(asset=ohlcv_1m)
def ohlcv_1m_has_no_jumps(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """No close is more than 20 % (log) away from the one before it in the contract's life.

    The first one of the days is compared with the last one of the hour before.
    """
    days = days_checked(context, warehouse, Ohlcv1m)
    lives = lives_of(warehouse.lake.read(Instruments))
    close, earlier = pl.col("close"), pl.col("close").shift(1).over("symbol", order_by="ts")
    since = warehouse.lake.scan(Ohlcv1m, days[0] - DAY, days[-1]).filter(
        pl.col("ts") >= midnight(days[0]) - HOUR
    )
    apart = (
        named_by_life(since, lives)
        .with_columns(log_return=(close / earlier).log())
        .filter(pl.col("ts") >= midnight(days[0]), pl.col("log_return").abs() > JUMP)
        .select("venue", "symbol", "ts", "close", "log_return")
    )
    jumps = under_one_name(apart, lives).drop("venue").sort("symbol", "ts").collect()
    return dg.AssetCheckResult(
        passed=jumps.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"jumps": jumps.height, "first": dg.MetadataValue.md(markdown(jumps.head(10)))},
    )


@dg.asset_check(asset=ohlcv_1m)
def ohlcv_1m_has_no_silent_stretches(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """No contract stands still for longer than fits how often it is silent.

    Five minutes in a row at least, and so many that a contract which is silent as often, minute by
    minute, would have them in one week of a million.
    """
    days = days_checked(context, warehouse, Ohlcv1m)
    found = [
        silent_stretches(
            warehouse.lake.scan(Ohlcv1m, some[0], some[-1])
            .select("symbol", "ts", "volume_base", "trades")
            .collect()
        )
        for some in (
            days[n : n + SILENT_DAYS_AT_ONCE] for n in range(0, len(days), SILENT_DAYS_AT_ONCE)
        )
    ]
    stretches = pl.concat(found).sort("minutes", "symbol", "ts", descending=[True, False, False])
    return check_result(stretches, "silent_stretches")


@dg.asset_check(asset=ohlcv_1m)
def ohlcv_1m_volume_has_trades(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """No minute has volume or a moving price without a trade, or trades without volume."""
    days = days_checked(context, warehouse, Ohlcv1m)
    odd = (
        warehouse.lake.scan(Ohlcv1m, days[0], days[-1])
        .filter(CONTRADICTORY)
        .select("symbol", "ts", "high", "low", "volume_base", "trades")
        .sort("symbol", "ts")
        .collect()
    )
    return check_result(odd, "contradictory_minutes")


@dg.asset_check(asset=ohlcv_1m)
def ohlcv_1m_is_the_same_by_every_way(
    context: dg.AssetCheckExecutionContext,
) -> dg.AssetCheckResult:
    """Where the archive's files and REST tell of the same minute, every figure is the same."""
    return the_same_by_every_way(context, Ohlcv1m.table_name())


@dg.asset_check(asset=ohlcv_1m)
def ohlcv_1m_prices_are_near_others(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    universe: dg.ResourceParam[Universe],
) -> dg.AssetCheckResult:
    """No close is over 20 % (log) from what market-cap vendors and open interest say of its coin.

    The median of three sources or more is taken for right; where there is one other, it is that
    one. Perpetuals stray from spot by some percent at most; another unit, another coin of the
    ticker, or old prices lie farther.
    """
    days = days_checked(context, warehouse, Ohlcv1m)
    found = far_prices(warehouse.lake, days, names=universe.names)
    return check_result(found.filter(pl.col("source").str.starts_with(BARS)), "prices_apart")
