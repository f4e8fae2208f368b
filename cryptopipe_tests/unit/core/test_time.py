from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from cryptopipe_assets.core.time import (
    DAY,
    DAY_MS,
    EPOCH,
    HOUR,
    HOUR_MS,
    MINUTE,
    MINUTE_MS,
    midnight,
    milliseconds,
    utcnow,
)


@pytest.mark.parametrize(("span", "ms"), [(MINUTE, MINUTE_MS), (HOUR, HOUR_MS), (DAY, DAY_MS)])
def test_a_span_and_its_milliseconds_agree(span, ms):
    assert span == timedelta(milliseconds=ms)


def test_a_day_begins_at_midnight_in_utc():
    assert midnight(date(2024, 2, 29)) == datetime(2024, 2, 29, tzinfo=UTC)
    assert midnight(date(1970, 1, 1)) == EPOCH


def test_milliseconds_are_exact_far_from_1970_and_in_any_time_zone():
    tokyo = timezone(timedelta(hours=9))
    assert milliseconds(datetime(2025, 1, 1, 9, 0, 0, 1000, tzinfo=tokyo)) == 1_735_689_600_001
    assert milliseconds(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == (
        253_402_300_799_999
    )


def test_the_present_has_its_time_zone():
    assert utcnow().tzinfo is UTC
