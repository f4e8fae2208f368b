"""What a vendor will delete, when, and whether our next pull is in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.config.sources import usable
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.operations.status.freshness import TableFreshness
from cryptopipe_assets.vendors.retention import NOW_ONLY, Retention, retentions


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """What becomes of the rows that are not stored yet.

    Attributes
    ----------
    secured_until
        Newest row of the tier that lags most; None if there is none.
    deleted_from
        When the vendor deletes the first row that is not stored yet; None if it deletes nothing.
    next_pull
        When the table is asked for next; None if nothing will.
    in_time
        Whether that pull comes before the deletion.
    """

    retention: Retention
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
    plan = settings.environment.coingecko_plan
    found = [
        _expiry(each, table, next_pulls.get(table.table), now=now)
        for table in tables
        for each in retentions(table.table, source_of(settings, table.table), plan)
        if each.keeps is not None
    ]
    return sorted(found, key=lambda each: each.deleted_from or now)


def source_of(settings: Settings, table: str) -> str | None:
    """The source that is asked for a table; None if it has no choice or none can be asked."""
    ordered = getattr(settings.config.sources, table, None)
    if ordered is None:
        return None
    try:
        return usable(table, ordered, keys_present=_keys_present(settings))[0].source
    except ConfigError:
        return None


def _keys_present(settings: Settings) -> frozenset[str]:
    """Sources whose key is set; keys count in the profile live only."""
    environment = settings.environment
    keys = {
        "coinalyze": environment.coinalyze_api_key,
        "coinmarketcap": environment.cmc_api_key,
        "coingecko": environment.coingecko_api_key,
    }
    is_live = environment.vendors == "live"
    return frozenset(name for name, key in keys.items() if is_live and key is not None)


def _expiry(
    retention: Retention, table: TableFreshness, next_pull: datetime | None, *, now: datetime
) -> Expiry:
    edges = [each.newest_ts for each in table.tiers]
    secured = min(edges) if all(edges) else None  # type: ignore[type-var]
    step = table.level.step
    # The step after the stored one is told until it ends, where only the present is told.
    keeps = 2 * step if retention.keeps == NOW_ONLY else (retention.keeps or timedelta(0)) + step
    deleted_from = secured + keeps if secured else now
    return Expiry(
        retention=retention,
        secured_until=secured,
        deleted_from=deleted_from,
        next_pull=next_pull,
        in_time=next_pull is not None and next_pull < deleted_from,
    )
