from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.panels.daily_inputs import end_of_ended_days

DAYS = [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)]


def stored_at(*instants: datetime) -> pl.LazyFrame:
    return pl.LazyFrame({"ingested_at": list(instants)}, {"ingested_at": pl.Datetime("ms", "UTC")})


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stored", "now", "end"),
    [
        (at(2, 23, 59), at(3, 0, 30), at(2)),
        (at(3, 0, 1), at(3, 0, 30), at(3)),
        (at(4, 9), at(4, 9), at(4)),
        (at(9), at(9), at(4)),
    ],
    ids=["its end is not collected", "it is", "all of them", "long ago"],
)
def test_a_day_is_over_when_something_was_stored_after_it(stored, now, end):
    assert end_of_ended_days(DAYS, stored_at(at(1)), stored_at(stored), now=now) == end


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (at(3, 23, 59), at(2)),
        (at(4), at(3)),
        (at(5), at(4)),
        (at(5) + timedelta(days=300), at(4)),
    ],
)
def test_where_nothing_comes_any_more_a_day_is_over_a_day_after_its_end(now, end):
    assert end_of_ended_days(DAYS, stored_at(at(2, 14)), now=now) == end


def test_where_nothing_is_stored_no_day_is_over():
    assert end_of_ended_days(DAYS, stored_at(), now=at(30)) == at(1)
