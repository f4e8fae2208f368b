"""When a table is asked for next, as the tiers of cryptopipe.toml have it. Pure."""

from datetime import datetime, timedelta

from cryptopipe_assets.service_levels import SERVICE_LEVELS, UNTIERED_PULL
from cryptopipe_assets.settings import Settings


def next_pull(settings: Settings, table: str, tier: str | None, *, now: datetime) -> datetime:
    """First tick after ``now`` that asks for the table, or for one tier of it."""
    tiers = settings.config.tiers
    if tier is not None:
        pull = timedelta(minutes=tiers[tier].every_minutes)
    elif SERVICE_LEVELS[table].has_days:
        pull = UNTIERED_PULL
    else:
        pull = timedelta(days=1)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + ((now - midnight) // pull + 1) * pull
