"""1-minute bars of perpetual contracts."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.followed import followed_instruments, still_told
from cryptopipe_assets.collect.windows import (
    expected_minutes,
    outstanding,
    stored_minutes,
    without_bars,
)
from cryptopipe_assets.core.calendar import months
from cryptopipe_assets.core.errors import VendorUnavailable
from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.core.schema import stamped
from cryptopipe_assets.core.time import midnight
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.defs.collected.instruments import instruments
from cryptopipe_assets.defs.publishing.publication import Publication, days_checked, days_of, table
from cryptopipe_assets.defs.run_scope import universe_of
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.vendors.binance.collect import collect_bars

LONG_ENOUGH = timedelta(hours=1)
"""A window of which an exchange that is open has bars for certain."""

JUMP = 0.2
"""A close this far (natural log) from the close a minute earlier is worth a look."""


@dataclass(frozen=True)
class _Answer:
    """New bars of some days, what should have come, and what the requests cost."""

    bars: pl.DataFrame
    expected: pl.DataFrame
    quiet: pl.DataFrame
    spent: Counter[str]


@dg.asset(**table(Ohlcv1m), deps=[instruments], pool="binance")
def ohlcv_1m(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
    universe: dg.ResourceParam[Universe],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Request the minutes that are not stored: the past from the archive, the rest by REST."""
    publication = Publication(context, warehouse, Ohlcv1m)
    vendors = vendors.reporting_to(publication.journal)
    followed = followed_instruments(warehouse, universe_of(context, universe), Ohlcv1m.table_name())
    spent: Counter[str] = Counter()
    silent: list[pl.DataFrame] = []
    for days in months(days_of(context)):
        stored = stored_minutes(warehouse.lake.scan(Ohlcv1m, days[0], days[-1]))
        answer = asyncio.run(_ask(vendors, followed, days, stored))
        spent.update(answer.spent)
        both = pl.concat([stored, stored_minutes(answer.bars.lazy())])
        nothing = pl.concat([without_bars(answer.expected, both), answer.quiet]).unique()
        silent.append(_silent(followed, nothing, policy=vendors.missing_instrument))
        yield from publication.write(answer.bars, days)
    every = pl.concat(silent)
    yield from publication.finish(
        {
            **{name: spent[name] for name in sorted(spent)},
            "instrument_days_without_bars": every.height,
            "without_bars": dg.MetadataValue.md(markdown(every.head(20))),
        }
    )


async def _ask(
    vendors: VendorClients, followed: pl.DataFrame, days: list[date], stored: pl.DataFrame
) -> _Answer:
    """Fetch every outstanding window; one that fails fails them all."""
    vendor_symbol = dict(followed.select("symbol", "vendor_symbol").iter_rows())
    async with vendors.binance() as binance, vendors.binance_archive() as archive:
        now = await binance.server_time()
        expected = expected_minutes(still_told(followed, now=now), days, now=now)
        frames, spent = [Ohlcv1m.empty_frame()], Counter[str]()
        quiet: list[tuple[str, date]] = []
        for window in outstanding(expected, stored):
            symbols = {vendor_symbol[name]: name for name in window.symbols}
            got = await collect_bars(
                binance, archive, symbols, start=window.start, end=window.end, now=now
            )
            frames.append(stamped(got.frame, Ohlcv1m, source=binance.vendor, at=now))
            if window.end - window.start >= LONG_ENOUGH:
                came = set(got.frame["symbol"])
                quiet += [
                    (each, window.start.date()) for each in window.symbols if each not in came
                ]
            spent.update({f"symbol_days_from_{how}": n for how, n in got.transports.items()})
        spent["api_calls"] = sum(binance.calls.values())
        spent["archive_downloads"] = sum(archive.calls.values())
    schema = {"symbol": pl.String, "day": pl.Date}
    return _Answer(pl.concat(frames), expected, pl.DataFrame(quiet, schema, orient="row"), spent)


def _silent(followed: pl.DataFrame, silent: pl.DataFrame, *, policy: str) -> pl.DataFrame:
    """Days on which an instrument traded at the venue and not one bar came, sorted.

    Raises
    ------
    VendorUnavailable
        If the policy is ``fail`` and the instrument's status says that it trades: the venue
        gives a bar for every minute, traded or not, so this is a hole on its side or ours.
    """
    silent = silent.sort("symbol", "day")
    trading = followed.filter(status="TRADING")["symbol"].to_list()
    broken = silent.filter(pl.col("symbol").is_in(trading))
    if policy == "fail" and broken.height:
        symbol, day = broken.row(0)
        raise VendorUnavailable(
            "binance",
            f"not one bar of {symbol} on {day} ({broken.height} instrument-days in all) though it "
            f"is listed and trading; nothing was written. Run again later, or set "
            f'collect.missing_instrument = "warn" in cryptopipe.toml to store the others',
        )
    return silent


@dg.asset_check(asset=ohlcv_1m)
def ohlcv_1m_has_no_gaps(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    universe: dg.ResourceParam[Universe],
) -> dg.AssetCheckResult:
    """Every followed contract has every minute of its listed life, up to the table's newest bar."""
    days = days_checked(context, warehouse, Ohlcv1m)
    bars = warehouse.lake.scan(Ohlcv1m, days[0], days[-1])
    newest = bars.select(pl.max("ts")).collect().item()
    followed = followed_instruments(warehouse, universe_of(context, universe), Ohlcv1m.table_name())
    until = newest + timedelta(minutes=1) if newest else midnight(days[0])
    expected = expected_minutes(followed, days, now=until)
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
    """No close is more than 20 % (log) away from the close one minute earlier."""
    days = days_checked(context, warehouse, Ohlcv1m)
    close, earlier = pl.col("close"), pl.col("close").shift(1).over("symbol", order_by="ts")
    jumps = (
        warehouse.lake.scan(Ohlcv1m, days[0], days[-1])
        .with_columns(log_return=(close / earlier).log())
        .filter(pl.col("log_return").abs() > JUMP)
        .select("symbol", "ts", "close", "log_return")
        .sort("symbol", "ts")
        .collect()
    )
    return dg.AssetCheckResult(
        passed=jumps.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"jumps": jumps.height, "first": dg.MetadataValue.md(markdown(jumps.head(10)))},
    )
