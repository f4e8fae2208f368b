"""Everything that the status says, read from files, Dagster's records and the call ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.operations.budget.remaining import left_for, refusals
from cryptopipe_assets.operations.schedule.next_run import next_pull
from cryptopipe_assets.operations.status.blockers import Blocker, blockers, explained
from cryptopipe_assets.operations.status.expiry import Expiry, expiries
from cryptopipe_assets.operations.status.freshness import TableFreshness, freshness
from cryptopipe_assets.operations.status.run_history import daemon_is_alive, schedules_switched
from cryptopipe_assets.storage.inventory import open_gaps
from cryptopipe_assets.storage.origin import origin_of

if TYPE_CHECKING:
    from cryptopipe_assets.vendors.calls_left import CallsLeft


@dataclass(frozen=True, kw_only=True)
class Status:
    """Everything that the status says."""

    now: datetime
    origin: str | None
    scheduler_runs: bool
    tables: Sequence[TableFreshness]
    next_pulls: dict[tuple[str, str | None], datetime | None]
    deletions: Sequence[Expiry]
    gaps: dict[str, int]
    calls: "Sequence[CallsLeft]"
    refused: Sequence[str]
    blockers: Sequence[Blocker]


def read_status(settings: Settings, *, now: datetime) -> Status:
    """Look at the newest files, Dagster's records and the tiers."""
    judged = freshness(settings, now=now)
    calls = left_for(settings, [each.table for each in judged], now=now)
    hindering = blockers(settings, calls, now=now)
    tables = explained(settings, judged, hindering)
    runs = daemon_is_alive(settings.dagster_home, now=now)
    switched = schedules_switched(settings.dagster_home)
    pulls = {
        (tier.table, tier.tier): next_pull(
            settings, tier.table, tier.tier, now=now, switched=switched
        )
        if runs
        else None
        for table in tables
        for tier in table.tiers
    }
    first = {
        table.table: min(
            (at for (name, _), at in pulls.items() if at and name == table.table), default=None
        )
        for table in tables
    }
    return Status(
        now=now,
        origin=origin_of(settings.warehouse),
        scheduler_runs=runs,
        tables=tables,
        next_pulls=pulls,
        gaps=open_gaps(settings.warehouse),
        refused=refusals(settings),
        calls=calls,
        blockers=hindering,
        deletions=expiries(settings, tables, next_pulls=first, now=now),
    )
