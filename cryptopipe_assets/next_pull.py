"""When a table is asked for next, as the timetable has it. Pure."""

from datetime import datetime

from cryptopipe_assets.settings import Settings
from cryptopipe_assets.timetable import hours_end, rounds


def next_pull(settings: Settings, table: str, tier: str | None, *, now: datetime) -> datetime:
    """First tick after ``now`` that asks for the table, or for one tier of it.

    A derived table follows its inputs when the hours are complete.
    """
    asking = [
        each.recurrence
        for each in rounds(settings.config)
        if table in each.tables and (tier is None or each.tier in (None, tier))
    ]
    ticks = asking or [hours_end(settings.config)]
    return min(each.next(now) for each in ticks)
