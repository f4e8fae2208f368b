"""The days of a table are Dagster's own, found without walking over a schedule."""

from datetime import UTC, date, datetime

import dagster as dg
import pytest
from dagster_shared.serdes import deserialize_value, serialize_value

from cryptopipe_assets.defs.partitions import days_since

START = date(2020, 1, 1)
DAGSTERS = dg.DailyPartitionsDefinition(start_date="2020-01-01", end_offset=1, timezone="UTC")


@pytest.mark.parametrize(
    "present",
    [
        datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2020, 1, 1, tzinfo=UTC),
        datetime(2020, 1, 2, 0, 0, 0, 1, tzinfo=UTC),
        datetime(2020, 3, 1, 12, tzinfo=UTC),
        datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_they_are_the_days_that_dagster_finds(present):
    assert days_since(START).get_partition_keys(present) == DAGSTERS.get_partition_keys(present)


def test_without_an_instant_they_end_today():
    assert days_since(START).get_partition_keys() == DAGSTERS.get_partition_keys()


def test_they_are_equal_to_dagsters_and_stored_under_its_name():
    assert days_since(START) == DAGSTERS
    some = days_since(START).subset_with_partition_keys(["2024-01-01", "2024-01-03"])
    stored = serialize_value(some.to_serializable_subset())
    assert deserialize_value(stored) == DAGSTERS.subset_with_partition_keys(
        ["2024-01-01", "2024-01-03"]
    )
