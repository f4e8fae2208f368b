"""How fresh every table and tier is, what is done about it, and what vendors will delete.

Answers within a second and a half over years of files, so nothing here imports Dagster.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.text import Text

from cryptopipe_assets.commands.console import out, plain_table, size
from cryptopipe_assets.countdown import Countdown, countdowns
from cryptopipe_assets.dagster_records import daemon_is_alive
from cryptopipe_assets.freshness import TableFreshness, TierFreshness, exit_code, freshness
from cryptopipe_assets.next_pull import next_pull
from cryptopipe_assets.settings import Settings
from cryptopipe_assets.storage.origin import origin_of
from cryptopipe_assets.vendors.retention import NOW_ONLY

COLOURS = {"fresh": "green", "late": "yellow", "empty": "yellow", "stale": "red", "missing": "red"}
IN_TIME = {True: "green", False: "red"}


@dataclass(frozen=True, kw_only=True)
class Status:
    """Everything that the status says."""

    now: datetime
    origin: str | None
    scheduler_runs: bool
    tables: Sequence[TableFreshness]
    next_pulls: dict[tuple[str, str | None], datetime]
    deletions: Sequence[Countdown]


def status(settings: Settings, *, as_json: bool) -> int:
    """Print the status of every table.

    Returns
    -------
    Exit code: 0 if all are fresh or merely late, 2 if one is stale, 3 if one is missing.
    """
    found = read_status(settings, now=datetime.now(UTC))
    if as_json:
        out.print_json(json.dumps(as_plain(settings, found)))
    else:
        _print(settings, found)
    return exit_code(found.tables)


def read_status(settings: Settings, *, now: datetime) -> Status:
    """Look at the newest files, Dagster's records and the tiers."""
    tables = freshness(settings, now=now)
    runs = daemon_is_alive(settings.dagster_home, now=now)
    pulls = {
        (tier.table, tier.tier): next_pull(settings, tier.table, tier.tier, now=now)
        for table in tables
        for tier in table.tiers
    }
    first = {
        table.table: min(pulls[tier.table, tier.tier] for tier in table.tiers) for table in tables
    }
    return Status(
        now=now,
        origin=origin_of(settings.warehouse),
        scheduler_runs=runs,
        tables=tables,
        next_pulls=pulls,
        deletions=countdowns(settings, tables, next_pulls=dict(first) if runs else {}, now=now),
    )


def as_plain(settings: Settings, found: Status) -> dict[str, Any]:
    """The status in types that JSON knows; spans in seconds, instants in ISO 8601."""
    return {
        "at": found.now.isoformat(),
        "warehouse": str(settings.warehouse),
        "origin": found.origin,
        "scheduler_runs": found.scheduler_runs,
        "tables": [
            {
                "table": table.table,
                "layer": table.level.layer,
                "state": table.state,
                "files": len(table.files.paths),
                "bytes": table.files.bytes,
                "first_day": table.files.days[0].isoformat() if table.files.days else None,
                "last_day": table.files.days[-1].isoformat() if table.files.days else None,
                "last_run_at": _iso(table.last_run.succeeded_at),
                "failure": table.last_run.failure or None,
                "tiers": [_plain_tier(found, tier) for tier in table.tiers],
            }
            for table in found.tables
        ],
        "deletions": [
            {
                "table": each.retention.table,
                "vendor": each.retention.vendor,
                "dataset": each.retention.dataset,
                "keeps_seconds": _seconds(each.retention.keeps),
                "secured_until": _iso(each.secured_until),
                "deleted_from": _iso(each.deleted_from),
                "next_pull": _iso(each.next_pull),
                "in_time": each.in_time,
                "afterwards": each.retention.afterwards or None,
            }
            for each in found.deletions
        ],
    }


def _plain_tier(found: Status, tier: TierFreshness) -> dict[str, Any]:
    return {
        "tier": tier.tier,
        "state": tier.state,
        "newest_ts": _iso(tier.newest_ts),
        "age_seconds": _seconds(tier.age),
        "late_after_seconds": _seconds(tier.late_after),
        "stale_after_seconds": _seconds(tier.stale_after),
        "behind": list(tier.behind),
        "why": tier.why or None,
        "next_attempt": _iso(found.next_pulls[tier.table, tier.tier])
        if found.scheduler_runs
        else None,
    }


def _print(settings: Settings, found: Status) -> None:
    out.print(f"[bold]{settings.warehouse}[/]  holds: {found.origin or 'nothing yet'}\n")
    table = plain_table()
    for name in ("table", "tier"):
        table.add_column(name, no_wrap=True)
    for name in ("newest", "age", "stale after"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("next", justify="right", no_wrap=True)
    table.add_column("days", justify="right", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for each in found.tables:
        for i, tier in enumerate(each.tiers):
            table.add_row(
                each.table if i == 0 else "",
                tier.tier or "·",
                _instant(tier.newest_ts, found.now),
                span(tier.age),
                span(tier.stale_after),
                f"[{COLOURS[tier.state]}]{tier.state}[/]",
                _next(found, tier),
                (f"{len(each.files.days):,}" if each.level.has_days else "·") if i == 0 else "",
                size(each.files.bytes) if i == 0 else "",
                Text(tier.why),
            )
    out.print(table)
    _print_deletions(found)
    _print_advice(found)


def _print_deletions(found: Status) -> None:
    if not found.deletions:
        return
    table = plain_table(title="What vendors delete, and whether we are in time")
    for name in ("table", "vendor", "keeps"):
        table.add_column(name, no_wrap=True)
    for name in ("stored until", "next is gone", "left"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("next pull", justify="right", no_wrap=True)
    table.add_column("in time", no_wrap=True)
    table.add_column("afterwards only from", overflow="fold")
    for each in found.deletions:
        keeps = each.retention.keeps
        gone = each.deleted_from
        table.add_row(
            each.retention.table,
            each.retention.vendor,
            "the present" if keeps == NOW_ONLY else span(keeps),
            _instant(each.secured_until, found.now),
            _instant(gone, found.now) if each.secured_until else "now",
            span(max(gone - found.now, timedelta(0))) if gone and each.secured_until else "·",
            _instant(each.next_pull, found.now),
            f"[{IN_TIME[each.in_time]}]{'yes' if each.in_time else 'no'}[/]",
            each.retention.afterwards or "nowhere",
        )
    out.print(table)


def _print_advice(found: Status) -> None:
    if all(table.state == "missing" for table in found.tables):
        out.print("The warehouse is empty. Fill it: [bold]cryptopipe demo[/]")
    elif not found.scheduler_runs:
        out.print(
            "No scheduler runs, so nothing is pulled by itself: [bold]make dev[/], "
            "or [bold]cryptopipe refresh[/] once"
        )


def _next(found: Status, tier: TierFreshness) -> str:
    at = found.next_pulls[tier.table, tier.tier]
    return f"in {span(at - found.now)}" if found.scheduler_runs else "none"


def _instant(at: datetime | None, now: datetime) -> str:
    """The time of day, with the date if it is not today's."""
    if at is None:
        return "·"
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}"


def span(length: timedelta | None) -> str:
    """A length of time in the unit in which a person would say it."""
    if length is None:
        return "·"
    minutes = int(length.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 72 * 60 else f"{minutes // 1440} d"


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _seconds(length: timedelta | None) -> float | None:
    return length.total_seconds() if length is not None else None
