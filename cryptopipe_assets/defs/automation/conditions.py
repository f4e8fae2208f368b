"""When derived tables follow what was collected: the automation conditions of the tables.

Not plain ``eager()``. It would derive hours from every quarter's tick although none has closed
since, each tick's coins apart from the others', and daily tables 150 times a day. And days of the
look-back that were never collected would hold it back: a table begins somewhere, and what lacks
history is null or absent, with the reason counted.
"""

from datetime import timedelta
from typing import Any

import dagster as dg
from dagster import AutomationCondition

from cryptopipe_assets.core.recurrence import Recurrence
from cryptopipe_assets.operations.schedule.rounds import CLOSED_DAYS, REGISTRY

Condition = AutomationCondition[dg.AssetKey]

NEWEST = timedelta(days=CLOSED_DAYS + 1)
"""Days that follow by themselves: those that closing requests, and today. The rest is a
backfill's."""

WITHOUT_DAYS = dg.AssetSelection.assets(REGISTRY)
"""The registry is looked at every hour and seldom says anything new; each look would concern all
days. What it does say counts from the next hour on."""


def when_hours_close(complete: Recurrence) -> Condition:
    """Derive hourly tables once an hour, when every tier has requested the hour that is over.

    So a cross-section is computed when all of its coins are there, and not twice.

    Parameters
    ----------
    complete
        When every tier has requested the hour that is over.
    """
    return _following(AutomationCondition.any_deps_updated().ignore(WITHOUT_DAYS), complete)


def when_days_end(complete: Recurrence) -> Condition:
    """Derive daily tables when an input of a day that is over was updated, once an hour at most.

    What is collected of today changes nothing in them.
    """
    updated: Any = AutomationCondition.newly_updated()
    ours: Any = AutomationCondition.executed_with_root_target()
    coming: Any = AutomationCondition.will_be_requested()
    today: Any = AutomationCondition.in_latest_time_window()
    changed = AutomationCondition.any_deps_match(((updated & ~ours) | coming) & ~today)
    return _following(changed.ignore(WITHOUT_DAYS), complete)


def _following(change: Any, complete: Recurrence) -> Condition:
    """After a change, at the next minute at which hours are complete; never beside its inputs."""
    minute: Any = AutomationCondition.cron_tick_passed(complete.cron)
    newest: Any = AutomationCondition.in_latest_time_window(NEWEST)
    in_progress: Any = AutomationCondition.in_progress()
    condition: Condition = (
        newest
        & change.since_last_handled()
        & minute.since_last_handled()
        & ~AutomationCondition.any_deps_in_progress()
        & ~in_progress
    )
    return condition
