"""Days or hours of ticks at the schedules of a configuration, and whether what they left is whole.

Every schedule is evaluated at its instants, and what it asks for is run in process against a
stand-in at the same instant; history goes to an instance in SQLite as a user's, and is cleaned up
twice an hour as the schedule does. What the daemon writes of looks and ticks at which nothing is
due is not in it: ``python -m benchmarks.tick --idle 5``.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.schema import Collected
from cryptopipe_assets.defs.automation.run_cleanup import clean_up
from cryptopipe_assets.runtime.simulated_clock import SimulatedClock, simulated_world
from cryptopipe_assets.runtime.table_run import TableRun
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_tests.reference.operation import Operation, Ran, on_disk

START = datetime(2026, 3, 10, 23, tzinfo=UTC)
WARM_UP = timedelta(days=8)
"""Factors look back a week."""
HOUR, ONE_DAY = timedelta(hours=1), timedelta(days=1)
HALF_AN_HOUR = timedelta(minutes=30)
PAST = ("instruments", "ohlcv_1m", "funding_rate", "microstructure_1h")
BY_DAY = ("open_interest", "market_cap", "leverage_ratios", "dilution_metrics", "signals")
MB = 1e6


@dataclass(frozen=True, kw_only=True)
class Soak:
    """What some hours of ticks left behind.

    Attributes
    ----------
    ran
        Every run that a schedule or the sensor asked for.
    sizes
        Bytes of the instance at the start and after each simulated hour.
    calls
        Requests by (vendor, endpoint), counted by the stand-in.
    faults
        What is wrong with the end state, a sentence each.
    """

    ran: list[Ran]
    sizes: list[int]
    calls: Counter[tuple[str, str]]
    faults: list[str]

    @property
    def mb_a_day(self) -> float:
        """Growth of the instance over the last 24 hours, or over all if there are fewer."""
        hours = min(24, len(self.sizes) - 1)
        return (self.sizes[-1] - self.sizes[-1 - hours]) / MB * 24 / hours


def soak(settings: Settings, home: Path, *, hours: int, daily: Sequence[str] = BY_DAY) -> Soak:
    """Let ``hours`` pass from 23:00 of an evening, in a warehouse of its own that has a past.

    Parameters
    ----------
    daily
        Tables that must have rows of every ended day.
    """
    clock = SimulatedClock(START)
    own = settings.with_environment(warehouse=home / "warehouse")
    keep = settings.config.schedules.keep_run_hours
    with simulated_world(own, clock) as world, on_disk(home / "instance") as instance:
        past = (START - WARM_UP).date(), (START - ONE_DAY).date()
        TableRun(own, keep=False, vendors=world.vendors).materialise(PAST, *past)
        operation = Operation(own, world.vendors, instance, clock)
        began, sizes = [datetime.now(UTC)], [size(home / "instance")]
        before = world.standin.calls.copy()
        for half in range(1, 2 * hours + 1):
            operation.run(START + half * HALF_AN_HOUR)
            began.append(datetime.now(UTC))
            if half % 2 == 0:  # as large as it gets
                sizes.append(size(home / "instance"))
            _clean_up(
                own,
                instance,
                before=began[max(half - 2 * keep, 0)],
                evaluations_before=began[half - 1],
            )
        faults = [
            *_failed(operation.ran),
            *_checks_that_failed(operation),
            *unfinished(own, START + hours * HOUR, daily=daily),
        ]
        calls = world.standin.calls - before
    return Soak(ran=operation.ran, sizes=sizes, calls=Counter(calls), faults=faults)


def _failed(ran: list[Ran]) -> list[str]:
    return [f"{each.by} failed at {each.at:%d %H:%M}" for each in ran if not each.success]


def _clean_up(
    settings: Settings,
    instance: dg.DagsterInstance,
    *,
    before: datetime,
    evaluations_before: datetime,
) -> None:
    """Clean up what is older than real instants at which it was some simulated hours ago."""
    now, failed = datetime.now(UTC), settings.config.schedules.keep_failed_run_days
    clean_up(
        instance,
        now=now,
        keep=now - before,
        keep_failed=timedelta(days=failed),
        keep_evaluations=now - evaluations_before,
    )


def _checks_that_failed(operation: Operation) -> list[str]:
    """The newest result of every check that ran, where it is not a pass."""
    keys = operation.definitions.resolve_asset_graph().asset_check_keys
    log = operation.instance.event_log_storage
    found = log.get_latest_asset_check_execution_by_key(sorted(keys, key=str))
    return [
        f"check {key.asset_key.to_user_string()}.{key.name}: {record.status.value}"
        for key, record in sorted(found.items(), key=lambda each: str(each[0]))
        if record.status.value != "SUCCEEDED"
    ]


def unfinished(settings: Settings, until: datetime, *, daily: Sequence[str]) -> list[str]:
    """Sentences about what the warehouse lacks at ``until``, a full hour."""
    lake, tiers = Lake(settings.warehouse), settings.config.tiers.values()
    coins = {coin for tier in tiers if "ohlcv_1m" in tier.tables for coin in tier.coins}
    # The round of the last hour is due at `until` itself, which has not come.
    end, first = until - HOUR, START.replace(hour=0)
    return [
        *_holes(lake, "ohlcv_1m", len(coins), first, end, timedelta(minutes=1)),
        *_holes(lake, "microstructure_1h", len(coins), first, end, HOUR),
        *_holes(lake, "factors_1h", len(coins), first, end, HOUR),
        *_days_without_rows(lake, daily, first, until),
        *_duplicates(lake, first, until),
    ]


def _holes(
    lake: Lake, table: str, coins: int, first: datetime, end: datetime, step: timedelta
) -> list[str]:
    """Sentences about symbols without exactly one row at each step in ``[first, end)``."""
    wanted = (end - first) // step
    days = lake.scan(contracts()[table], first.date(), end.date())
    rows = days.filter(pl.col("ts").is_between(first, end, closed="left"))
    found = rows.group_by("symbol").agg(rows=pl.len(), instants=pl.col("ts").n_unique()).collect()
    said = [
        f"{table}: {symbol} has {n} rows of {instants} instants, {wanted} expected"
        for symbol, n, instants in found.sort("symbol").iter_rows()
        if (n, instants) != (wanted, wanted)
    ]
    if found.height != coins:
        said.append(f"{table}: {found.height} symbols, {coins} followed")
    return said


def _days_without_rows(
    lake: Lake, tables: Sequence[str], first: datetime, until: datetime
) -> list[str]:
    """Sentences about ended and closed days of which a daily table has nothing."""
    ended = pl.date_range(first.date(), until.date() - ONE_DAY, eager=True).to_list()
    return [
        f"{table}: no row of {day}"
        for table in tables
        for day in ended
        if lake.read(contracts()[table], day).is_empty()
    ]


def _duplicates(lake: Lake, first: datetime, until: datetime) -> list[str]:
    """Sentences about collected tables that hold a key twice."""
    found = {
        name: lake.scan(contract, first.date(), until.date())
        .select(contract.key())
        .collect()
        .is_duplicated()
        .sum()
        for name, contract in contracts().items()
        if issubclass(contract, Collected) and contract.has_days()
    }
    return [f"{name}: {count} rows share a key" for name, count in found.items() if count]


def size(home: Path) -> int:
    """Bytes of all files of an instance."""
    return sum(each.stat().st_size for each in home.rglob("*") if each.is_file())
