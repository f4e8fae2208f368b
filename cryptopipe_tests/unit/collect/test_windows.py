"""Which windows of minutes are still to be asked for."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.collect.windows import (
    Window,
    expected_minutes,
    outstanding,
    stored_minutes,
    without_bars,
)

FIRST, SECOND = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC)
THIRD = datetime(2026, 2, 3, tzinfo=UTC)
DAYS = [date(2026, 2, 1), date(2026, 2, 2)]
LATER = datetime(2026, 3, 1, tzinfo=UTC)
INSTANT = pl.Datetime("ms", "UTC")


def listings(**spans: tuple[datetime, datetime | None]) -> pl.DataFrame:
    rows = [(symbol, *span) for symbol, span in spans.items()]
    schema = {"symbol": pl.String, "listed_at": INSTANT, "delisted_at": INSTANT}
    return pl.DataFrame(rows, schema=schema, orient="row")


def bars(symbol: str, start: datetime, minutes: int) -> pl.DataFrame:
    stamps = [start + timedelta(minutes=each) for each in range(minutes)]
    return pl.DataFrame(
        {"symbol": [symbol] * minutes, "ts": stamps}, schema={"symbol": pl.String, "ts": INSTANT}
    )


def asked(listed: pl.DataFrame, have: list[pl.DataFrame], *, now: datetime = LATER):
    stored = stored_minutes(pl.concat([bars("-", FIRST, 0), *have]).lazy())
    return outstanding(expected_minutes(listed, DAYS, now=now), stored)


OLD = (datetime(2020, 1, 1, tzinfo=UTC), None)


def test_everything_is_asked_for_when_nothing_is_stored():
    assert asked(listings(A=OLD, B=OLD), []) == [Window(("A", "B"), FIRST, THIRD)]


def test_a_complete_day_is_not_asked_for_again():
    have = [bars("A", FIRST, 1440)]
    assert asked(listings(A=OLD), have) == [Window(("A",), SECOND, THIRD)]
    assert asked(listings(A=OLD), [*have, bars("A", SECOND, 1440)]) == []


def test_a_day_with_a_hole_is_asked_for_as_a_whole():
    have = [bars("A", FIRST, 700), bars("A", FIRST + timedelta(minutes=800), 640)]
    have.append(bars("A", SECOND, 1440))
    assert asked(listings(A=OLD), have) == [Window(("A",), FIRST, SECOND)]


def test_a_day_without_holes_so_far_is_continued_after_its_newest_bar_up_to_the_forming_one():
    now = SECOND + timedelta(minutes=75, seconds=20)
    have = [bars("A", FIRST, 1440), bars("A", SECOND, 60)]
    start = SECOND + timedelta(minutes=60)
    assert asked(listings(A=OLD), have, now=now) == [
        Window(("A",), start, SECOND + timedelta(minutes=75))
    ]


def test_instruments_that_lack_different_windows_are_asked_for_apart():
    have = [bars("A", FIRST, 1440)]
    assert asked(listings(A=OLD, B=OLD), have) == [
        Window(("B",), FIRST, THIRD),
        Window(("A",), SECOND, THIRD),
    ]


def test_nothing_is_asked_for_before_the_listing_or_after_the_delisting():
    listed = FIRST + timedelta(hours=20, minutes=30)
    delisted = SECOND + timedelta(minutes=9)
    assert asked(listings(A=(listed, delisted)), []) == [Window(("A",), listed, delisted)]
    assert asked(listings(A=(LATER, None)), []) == []


def test_nothing_is_asked_for_that_lies_in_the_future():
    assert asked(listings(A=OLD), [], now=FIRST) == []


@pytest.mark.parametrize(("minutes", "silent"), [(0, [("A", DAYS[0])]), (1, [])])
def test_a_whole_day_without_one_bar_is_noticed(minutes, silent):
    expected = expected_minutes(listings(A=OLD), DAYS[:1], now=LATER)
    stored = stored_minutes(bars("A", FIRST, minutes).lazy())
    assert without_bars(expected, stored).rows() == silent


def test_a_day_of_listing_may_be_without_a_bar():
    expected = expected_minutes(
        listings(A=(FIRST + timedelta(hours=23), None)), DAYS[:1], now=LATER
    )
    assert without_bars(expected, stored_minutes(bars("A", FIRST, 0).lazy())).is_empty()
