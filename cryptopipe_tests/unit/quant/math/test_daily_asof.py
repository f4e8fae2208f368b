"""What was known of a coin when a day had ended: edges of a day, of an age and of a revision."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.quant.math.daily_asof import news_of_days, with_newest_known

DAY = datetime(2026, 3, 10, tzinfo=UTC)
HOUR, MS = timedelta(hours=1), timedelta(milliseconds=1)
END = DAY + 24 * HOUR
TIME = pl.Datetime("ms", "UTC")


def said(*rows: tuple[datetime, datetime, float], coin_id: str = "one") -> pl.DataFrame:
    """Rows of one coin: ts, available_at, value."""
    return pl.DataFrame(
        [
            {"ts": ts, "available_at": at, "coin": "BTC", "coin_id": coin_id, "value": value,
             "market_cap_usd": 1.0}
            for ts, at, value in rows
        ],
        schema={"ts": TIME, "available_at": TIME, "coin": pl.String, "coin_id": pl.String,
                "value": pl.Float64, "market_cap_usd": pl.Float64},
    )  # fmt: skip


def known(rows: pl.DataFrame, *, days: int = 1, max_age: timedelta = 24 * HOUR) -> list:
    wanted = pl.DataFrame(
        {"ts": [DAY + n * 24 * HOUR for n in range(days)], "coin": ["BTC"] * days},
        schema={"ts": TIME, "coin": pl.String},
    )
    found = with_newest_known(wanted, rows, columns={"value": "known"}, max_age=max_age)
    return found["known"].to_list()


@pytest.mark.parametrize(("late", "value"), [(0 * MS, 7.0), (MS, 7.0), (2 * MS, None)])
def test_a_row_is_known_until_one_millisecond_after_the_day(late, value):
    assert known(said((DAY, END + late, 7.0))) == [value]


@pytest.mark.parametrize(("ts", "value"), [(END - 6 * HOUR, 7.0), (END - 6 * HOUR - MS, None)])
def test_a_row_older_than_the_age_at_the_days_end_is_unknown(ts, value):
    assert known(said((ts, ts, 7.0)), max_age=6 * HOUR) == [value]


def test_a_value_that_comes_late_never_displaces_a_newer_one():
    newer, older = (DAY + 5 * HOUR, DAY + 5 * HOUR, 2.0), (DAY + HOUR, DAY + 9 * HOUR, 1.0)
    assert known(said(older, newer)) == [2.0]
    assert known(said(newer, older)) == [2.0]


def test_of_one_instant_the_revision_counts_that_came_last_in_time():
    at = DAY + HOUR
    rows = said((at, at, 1.0), (at, at + HOUR, 2.0), (at, END + HOUR, 3.0))
    assert known(rows, days=2, max_age=48 * HOUR) == [2.0, 3.0]


def test_what_was_known_stays_known_on_later_days_until_it_is_too_old():
    rows = said((DAY + 12 * HOUR, DAY + 12 * HOUR, 7.0))
    assert known(rows, days=3, max_age=36 * HOUR) == [7.0, 7.0, None]


def test_nothing_is_known_of_no_days_and_of_no_rows():
    assert known(said(), days=2) == [None, None]
    assert known(said((DAY, DAY, 1.0)), days=0) == []


def test_a_row_is_news_on_the_first_day_at_whose_end_it_was_the_newest():
    first = (DAY, DAY + HOUR, 1.0)
    second = (DAY + HOUR, END + HOUR, 2.0)  # known a day later
    late = (DAY, END + 2 * HOUR, 3.0)  # a revision of what is not the newest any more
    found = news_of_days(said(first, second, late))
    assert found.select("day", "value").rows() == [(DAY, 1.0), (END, 2.0)]
    assert news_of_days(said()).columns == [*said().columns, "day"]
