"""The one daily partition definition that every time series shares.

A second definition with another start or offset would split the graph into jobs that cannot run
together, so there is exactly one. It ends today, not yesterday: the day being collected is a
partition too.
"""

import warnings
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import dagster as dg
from dagster import BetaWarning, PreviewWarning
from dagster._core.definitions.partitions.context import partition_loading_context

from cryptopipe_assets.config.settings import History

# Dagster marks backfill policies, look-back mappings and partitioned checks as beta or preview. We
# pin one version of it and test them; a user cannot act on the warning.
warnings.filterwarnings("ignore", category=BetaWarning)
warnings.filterwarnings("ignore", category=PreviewWarning)


class Days(dg.DailyPartitionsDefinition):
    """Days in UTC whose names are counted off; equal to Dagster's own, and stored as those.

    Dagster asks for all of them at each check of each table. It finds each day by its cron
    schedule, which takes 50 ms of six years, and a run has some forty checks.
    """

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: Any = None,
    ) -> Sequence[str]:
        """Every day from the first to the last that has begun, ascending."""
        with partition_loading_context(current_time, dynamic_partitions_store):
            last = self.get_last_partition_key()
        if last is None:
            return []
        return list(_names(self.start.date(), date.fromisoformat(last)))


@lru_cache(maxsize=8)
def _names(first: date, last: date) -> tuple[str, ...]:
    days = (last - first).days + 1
    return tuple((first + timedelta(days=n)).isoformat() for n in range(days))


def days_since(start: date) -> Days:
    """The days from ``start`` to today."""
    return Days(start_date=start.isoformat(), end_offset=1, timezone="UTC")


DAYS = days_since(History().start)
"""The days of a table in its file; ``build`` puts the start of cryptopipe.toml in its place."""

SYMBOLS = dg.DynamicPartitionsDefinition(name="symbols")
"""Canonical instruments, of tables that are filled one symbol at a time. Fed by the universe."""

PARTITION = "dagster/partition"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def range_tags(first: date, last: date) -> dict[str, str]:
    """Run tags that make one run cover the days ``first`` to ``last``, both included."""
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}


def look_back(days: int, *, after: int = 0) -> dg.TimeWindowPartitionMapping:
    """Map a day to itself and the ``days`` before it; days before the first one do not exist.

    Parameters
    ----------
    after
        Days after it that belong to it as well: a value of the day's end is stamped with the
        first instant of the next day.
    """
    return dg.TimeWindowPartitionMapping(
        start_offset=-days, end_offset=after, allow_nonexistent_upstream_partitions=True
    )
