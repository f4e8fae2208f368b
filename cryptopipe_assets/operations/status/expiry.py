"""Expiry: what a vendor will delete, when, and whether our next pull is in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.config.sources import usable
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.operations.status.freshness import TableFreshness
from cryptopipe_assets.vendors.catalog import Offered, asked_for
from cryptopipe_assets.vendors.keys import Keys
from cryptopipe_assets.vendors.terms import NOW_ONLY


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """What becomes of the rows that are not stored yet.

    Attributes
    ----------
    offered
        Whose data it is, and how long that vendor keeps it.
    secured_until
        Newest row of the tier that lags most; None if there is none.
    deleted_from
        When the vendor deletes the first row that is not stored yet; None if it deletes nothing.
    next_pull
        When the table is collected next; None if never.
    in_time
        Whether that pull comes before the deletion.
    """

    offered: Offered
    secured_until: datetime | None
    deleted_from: datetime | None
    next_pull: datetime | None
    in_time: bool


def expiries(
    settings: Settings,
    tables: Sequence[TableFreshness],
    *,
    next_pulls: dict[str, datetime | None],
    now: datetime,
) -> list[Expiry]:
    """Countdown of every vendor that deletes what a table is collected from, the nearest first."""
    plans = settings.all_keys
    found = [
        _expiry(each, table, next_pulls.get(table.table), now=now)
        for table in tables
        for each in asked_for(table.table, source_of(settings, table.table))
        if each.offer.keeps is not None
        and (not each.offer.plans or _stated(plans, each.vendor.name) in each.offer.plans)
    ]
    return sorted(found, key=lambda each: each.deleted_from or now)


def source_of(settings: Settings, table: str) -> str | None:
    """The source that is asked for a table; None if it has no choice or none can be asked."""
    ordered = settings.config.sources.of(table)
    if ordered is None:
        return None
    try:
        return usable(table, ordered, keys_present=settings.keys.present())[0].source
    except ConfigError:
        return None


def _stated(keys: Keys, vendor: str) -> str:
    """The plan that a vendor's key is said to be of; none where that is not said."""
    return keys.stated_plan(vendor) or "none"


def _expiry(
    offered: Offered, table: TableFreshness, next_pull: datetime | None, *, now: datetime
) -> Expiry:
    edges = [each.newest_ts for each in table.tiers]
    secured = min(edges) if all(edges) else None  # type: ignore[type-var]
    step = table.level.step
    # The step after the stored one is told until it ends, where only the present is told.
    kept = offered.offer.keeps
    keeps = 2 * step if kept == NOW_ONLY else (kept or timedelta(0)) + step
    deleted_from = secured + keeps if secured else now
    return Expiry(
        offered=offered,
        secured_until=secured,
        deleted_from=deleted_from,
        next_pull=next_pull,
        in_time=next_pull is not None and next_pull < deleted_from,
    )
