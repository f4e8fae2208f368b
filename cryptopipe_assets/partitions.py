"""The one daily partition definition that every time series shares.

A second definition with another start or offset would split the graph into jobs that cannot run
together, so there is exactly one. It ends today, not yesterday: the day being collected is a
partition too.
"""

import warnings
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import polars as pl
from dagster import BetaWarning, PreviewWarning

from cryptopipe_assets.errors import ContractError, RequestError
from cryptopipe_assets.settings import load_settings

# Dagster marks backfill policies, look-back mappings and partitioned checks as beta or preview. We
# pin one version of it and test them; a user cannot act on the warning.
warnings.filterwarnings("ignore", category=BetaWarning)
warnings.filterwarnings("ignore", category=PreviewWarning)

DAYS = dg.DailyPartitionsDefinition(
    start_date=load_settings().history_start, end_offset=1, timezone="UTC"
)

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


def midnight(day: date) -> datetime:
    """First instant of the day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def months(days: list[date]) -> list[list[date]]:
    """Split sorted days by calendar month, so that a long range never sits in memory at once."""
    chunks: dict[tuple[int, int], list[date]] = {}
    for day in days:
        chunks.setdefault((day.year, day.month), []).append(day)
    return list(chunks.values())


def require_range(first: date, last: date, *, today: date) -> None:
    """Check a range that a person asked for.

    Raises
    ------
    RequestError
        If it is empty, before the first partition or in the future.
    """
    start = load_settings().config.history.start
    if last < first:
        raise RequestError(f"the range ends ({last}) before it starts ({first}); swap the two")
    if first < start:
        raise RequestError(
            f"{first} is before the first partition, {start}; set history.start in cryptopipe.toml"
        )
    if last > today:
        raise RequestError(f"{last} is in the future; the newest partition is {today} (UTC)")


def days_between(first: date, last: date) -> list[date]:
    """Every day from ``first`` to ``last``, both included."""
    return [first + timedelta(days=each) for each in range((last - first).days + 1)]


def rows_by_day(frame: pl.DataFrame, days: list[date], *, of: str) -> dict[date, pl.DataFrame]:
    """Rows of each day; a day without rows has an empty frame.

    Parameters
    ----------
    frame
        With the column ts.
    of
        Name of the table, for the message.

    Raises
    ------
    ContractError
        If a row is outside of ``days``: it would be lost.
    """
    day = pl.col("ts").dt.date()
    stray = frame.filter(~day.is_in(days))
    if stray.height:
        raise ContractError(
            f"{of}: {stray.height} rows are outside of {days[0]} to {days[-1]}, "
            f"first at {stray['ts'][0]}"
        )
    labelled = frame.with_columns(day.alias("_day"))
    parts = labelled.partition_by("_day", as_dict=True, include_key=False, maintain_order=True)
    return {each: parts.get((each,), frame.clear()) for each in days}
