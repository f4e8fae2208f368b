"""Instants that return every day, against the library that Dagster reads cron lines with."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from dagster._utils.schedules import cron_string_iterator
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptopipe_assets.core.recurrence import Recurrence, is_regular

REGULAR = [minutes for minutes in range(1, 1441) if is_regular(minutes)]
INSTANTS = st.integers(0, 10**9).map(lambda seconds: datetime.fromtimestamp(10**9 + seconds, UTC))


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    every = draw(st.sampled_from(REGULAR))
    return Recurrence(
        every_minutes=every, offset_minutes=draw(st.integers(min_value=0, max_value=every - 1))
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_quarter_hourly_instant_two_minutes_late():
    quarterly = Recurrence(every_minutes=15, offset_minutes=2)
    assert quarterly.cron == "2,17,32,47 * * * *"
    assert quarterly.last(at("2026-03-10T10:01:59")) == at("2026-03-10T09:47")
    assert quarterly.last(at("2026-03-10T10:02")) == at("2026-03-10T10:02")
    assert quarterly.next(at("2026-03-10T23:50")) == at("2026-03-11T00:02")


def test_every_six_hours_from_half_past_one():
    six_hourly = Recurrence(every_minutes=360, offset_minutes=90)
    assert six_hourly.cron == "30 1,7,13,19 * * *"
    assert six_hourly.last(at("2026-03-10T00:10")) == at("2026-03-09T19:30")
    assert six_hourly.per_day == 4


def test_the_regular_intervals_are_those_that_fill_hours_and_days():
    assert REGULAR[:12] == [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60]
    assert REGULAR[12:] == [120, 180, 240, 360, 480, 720, 1440]


@pytest.mark.parametrize(("every", "offset"), [(7, 0), (90, 0), (0, 0), (15, 15), (60, -1)])
def test_instants_that_would_wander_are_refused(every, offset):
    with pytest.raises(ValueError, match="expected"):
        Recurrence(every_minutes=every, offset_minutes=offset)


@settings(max_examples=40)
@given(each=recurrences(), now=INSTANTS)
def test_the_instants_are_those_of_its_cron_line(each, now):
    lines = cron_string_iterator(now.timestamp() + 1e-3, each.cron, "UTC")
    later = [instant.astimezone(UTC) for instant in islice(lines, 3)]
    first = each.next(now)
    assert later == [first, first + each.interval, first + 2 * each.interval]


@settings(max_examples=40)
@given(each=recurrences(), now=INSTANTS)
def test_now_is_between_the_last_instant_and_the_next(each, now):
    assert each.last(now) <= now < each.next(now)
    assert each.falls_on(each.last(now) + timedelta(seconds=59))


@settings(max_examples=60)
@given(one=recurrences(), other=recurrences(), now=INSTANTS)
def test_one_that_includes_another_falls_on_all_of_its_instants(one, other, now):
    falls = all(
        one.falls_on(other.last(now) + count * other.interval) for count in range(other.per_day)
    )
    assert one.includes(other) == falls
