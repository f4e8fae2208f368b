"""When a table is collected next, as the timetable has it and the schedules are switched. Pure."""

from collections.abc import Mapping
from datetime import datetime

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.operations.schedule.rounds import Round, hours_end, rounds
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS, closure


def next_pull(
    settings: Settings,
    table: str,
    tier: str | None,
    *,
    now: datetime,
    switched: Mapping[str, bool],
) -> datetime | None:
    """First instant after ``now`` at which the table, or one tier of it, is collected or derived.

    Parameters
    ----------
    switched
        Schedules that a person switched on or off.

    Returns
    -------
    None if no schedule that is on collects it, or what it is derived from. Derived tables
    follow in the minute of each hour in which every tier has been collected.
    """
    live = settings.environment.vendors == "live"
    on = [each for each in rounds(settings.config) if switched.get(_schedule(each), live)]
    due = [
        each.recurrence.next(now)
        for each in on
        if table in each.tables and (tier is None or each.tier in (None, tier))
    ]
    if due or SERVICE_LEVELS[table].layer == "collected":
        return min(due, default=None)
    rests_on = set(closure({table}))
    follows = any(rests_on & set(each.tables) for each in on)
    return hours_end(settings.config).next(now) if follows else None


def _schedule(each: Round) -> str:
    """Name of the schedule that runs a round."""
    if each.tier is not None:
        return f"collect_{each.tier}"
    return "collect_listings" if each.name == "listings" else "close_yesterday"
