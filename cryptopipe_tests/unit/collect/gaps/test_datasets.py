"""What rows other than bars stand for, and which of it is missing."""

from datetime import timedelta

import polars as pl

from cryptopipe_assets.collect.gaps.datasets import hours_of, not_yet_due, paid_for
from cryptopipe_assets.collect.gaps.intervals import INSTANT, difference
from cryptopipe_tests.reference.minutes_by_hand import at, rows, spans

HOUR = 60


def settled(
    *each: tuple[int, int | None], symbol: str = "A", source: str = "binance"
) -> pl.DataFrame:
    """Settlements from (hour, interval)."""
    return pl.DataFrame(
        {
            "venue": ["binance"] * len(each),
            "symbol": [symbol] * len(each),
            "source": [source] * len(each),
            "ts": [at(hour * HOUR) for hour, _ in each],
            "ingested_at": [at(9999)] * len(each),
            "interval_hours": [hours for _, hours in each],
        },
        schema_overrides={"ts": INSTANT, "ingested_at": INSTANT, "interval_hours": pl.Int64},
    )


def unpaid(frame: pl.DataFrame, first: int, last: int) -> list[tuple[int, int]]:
    """Hours from first to last for which no settlement pays."""
    left = difference(spans(("A", first * HOUR, last * HOUR)), paid_for(frame))
    return [(start // HOUR, end // HOUR) for _, start, end in rows(left)]


def test_a_missing_settlement_is_the_hours_that_it_would_have_paid_for():
    assert unpaid(settled((4, 4), (8, 4), (16, 4), (20, 4)), 0, 20) == [(8, 12)]
    assert unpaid(settled((8, 8), (16, 8), (24, 8)), 0, 24) == []


def test_a_declared_switch_to_longer_or_shorter_hours_is_no_hole():
    assert unpaid(settled((4, 4), (8, 4), (16, 8), (24, 8)), 0, 24) == []
    assert unpaid(settled((8, 8), (16, 8), (20, 4), (21, 1)), 0, 21) == []
    assert unpaid(settled((1, 1), (2, 1), (4, 4), (8, 4)), 0, 8) == []


def test_a_settlement_without_an_interval_pays_for_that_of_its_neighbour():
    assert unpaid(settled((4, 4), (8, 4), (16, None), (20, 4)), 0, 20) == [(8, 12)]
    assert unpaid(settled((4, None), (8, 4)), 0, 8) == []
    assert unpaid(settled((8, None)), 0, 8) == []


def test_the_last_rate_of_a_day_that_another_vendor_tells_stands_for_the_day():
    assert unpaid(settled((16, 8), source="another"), 0, 24) == []


def test_an_hour_of_open_interest_is_its_own_and_a_days_close_is_the_day_until_it():
    frame = settled((5, None), (7, None)).with_columns(pl.col("ts").cast(INSTANT))
    left = difference(spans(("A", 5 * HOUR, 8 * HOUR)), hours_of(frame))
    assert rows(left) == [("A", 6 * HOUR, 7 * HOUR)]
    close = hours_of(settled((23, None), source="another"))
    assert rows(close) == [("A", 0, 24 * HOUR)]


def test_a_settlement_is_missing_from_the_moment_at_which_it_is_due():
    stored = spans(("A", 0, 8 * HOUR))

    def pending(until: int) -> list[tuple]:
        return rows(not_yet_due(stored, spans(("A", 0, until)), end=at(48 * HOUR)))

    assert pending(15 * HOUR) == [("A", 8 * HOUR, 48 * HOUR)]
    # the one of 16:00 would be in a file that is looked at only after 16:00
    assert pending(16 * HOUR) == [("A", 8 * HOUR, 48 * HOUR)]
    assert pending(16 * HOUR + 1) == [("A", 16 * HOUR, 48 * HOUR)]
    assert pending(47 * HOUR) == [("A", 40 * HOUR, 48 * HOUR)]
    assert pending(8 * HOUR) == []


def test_what_follows_the_last_settlement_of_a_life_is_not_missing_and_the_next_life_is_another():
    stored = spans(("A", 0, 8 * HOUR), ("A", 20 * HOUR, 24 * HOUR))
    lives = spans(("A", 0, 8 * HOUR + 9), ("A", 22 * HOUR + 30, 25 * HOUR))
    assert rows(not_yet_due(stored, lives, end=at(48 * HOUR))) == [
        ("A", 8 * HOUR, 22 * HOUR + 30),
        ("A", 24 * HOUR, 48 * HOUR),
    ]
    unsettled = spans(("A", 0, 8 * HOUR + 9), ("A", 12 * HOUR, 13 * HOUR))
    assert rows(not_yet_due(stored, unsettled, end=at(48 * HOUR))) == [("A", 8 * HOUR, 12 * HOUR)]


def test_stretches_belong_to_the_file_of_their_row():
    [day] = paid_for(settled((0, 8)))["day"].to_list()
    assert day == at(0).date()
    assert paid_for(settled((0, 8)))["start"].to_list() == [at(0) - timedelta(hours=8)]
