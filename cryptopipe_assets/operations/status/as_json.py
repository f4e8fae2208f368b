"""The status in types that JSON knows: spans in seconds, instants in ISO 8601."""

from datetime import datetime, timedelta
from typing import Any

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.operations.budget.remaining import vendors_of
from cryptopipe_assets.operations.status.freshness import TierFreshness
from cryptopipe_assets.operations.status.report import Status


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
                "gaps_open": found.gaps.get(table.table, 0),
                "vendors": vendors_of(settings, table.table),
                "tiers": [_plain_tier(found, tier) for tier in table.tiers],
            }
            for table in found.tables
        ],
        "calls_left": [
            {
                "vendor": each.allowance.vendor,
                "family": each.allowance.family,
                "window": each.allowance.window,
                "planned": each.allowance.planned,
                "left": each.left,
                "renewed_at": _iso(each.renewed_at),
            }
            for each in found.calls
        ],
        "refused": list(found.refused),
        "not_asked": [
            {
                "vendor": each.vendor,
                "kind": each.kind,
                "why": each.why,
                "until": _iso(each.until),
                "tables": sorted(each.tables) or None,
            }
            for each in found.blockers
        ],
        "deletions": [
            {
                "table": each.offered.offer.table,
                "vendor": each.offered.vendor.name,
                "dataset": each.offered.offer.endpoint,
                "keeps_seconds": _seconds(each.offered.offer.keeps),
                "secured_until": _iso(each.secured_until),
                "deleted_from": _iso(each.deleted_from),
                "next_pull": _iso(each.next_pull),
                "in_time": each.in_time,
                "afterwards": each.offered.offer.afterwards or None,
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
        "next_attempt": _iso(found.next_pulls[tier.table, tier.tier]),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _seconds(length: timedelta | None) -> float | None:
    return length.total_seconds() if length is not None else None
