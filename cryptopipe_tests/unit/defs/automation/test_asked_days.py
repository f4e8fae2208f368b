"""What Dagster remembers of who asked for a day."""

from datetime import date

import dagster as dg
import pytest

from cryptopipe_assets.defs.automation.asked_days import last_runs
from cryptopipe_assets.defs.partitions import DAYS

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD, FOURTH = (date(2026, 3, day) for day in range(1, 5))


@dg.asset(partitions_def=DAYS)
def bars() -> None:
    pass


@pytest.fixture(scope="module")
def remembered():
    with dg.DagsterInstance.ephemeral() as instance:
        for day, tags in (
            (FIRST, {}),
            (SECOND, {}),
            (SECOND, {"cryptopipe/tier": "hourly"}),
            (FOURTH, {"cryptopipe/coins": "BTC,DOGE"}),
        ):
            key = day.isoformat()
            assert dg.materialize([bars], instance=instance, partition_key=key, tags=tags).success
        yield instance


def test_each_day_has_its_last_run_and_whom_it_asked_for(remembered):
    found = last_runs(remembered, "bars", [FIRST, SECOND, THIRD])
    assert found.select("day", "tier").rows() == [(FIRST, None), (SECOND, "hourly")]
    assert found["at"][0] < found["at"][1]


def test_a_table_that_never_ran_and_no_days_at_all_have_none(remembered):
    assert last_runs(remembered, "other", [FIRST]).is_empty()
    assert last_runs(remembered, "bars", []).is_empty()


def test_a_run_that_asked_for_some_coins_says_nothing_of_the_others(remembered):
    assert last_runs(remembered, "bars", [FOURTH]).is_empty()
