"""Intervals behave like sets of minutes."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptopipe_assets.collect.gaps.intervals import difference, joined, minutes_of, segments
from cryptopipe_tests.reference.minutes_by_hand import minutes, rows, spans

interval = st.tuples(st.sampled_from("AB"), st.integers(0, 20), st.integers(1, 8)).map(
    lambda drawn: (drawn[0], drawn[1], drawn[1] + drawn[2])
)
intervals = st.lists(interval, max_size=6).map(lambda drawn: spans(*drawn))


@settings(max_examples=60)
@given(intervals, intervals)
def test_a_difference_has_the_minutes_that_a_difference_of_sets_has(these, those):
    left = difference(these, those)
    assert minutes(left) == minutes(these) - minutes(those)
    assert minutes_of(left) == len(minutes(left))
    touching = left.filter(pl.col("start") == pl.col("end").shift().over("symbol"))
    assert touching.is_empty()


@settings(max_examples=40)
@given(intervals, intervals)
def test_segments_count_the_layers_of_every_minute(these, those):
    for symbol, start, end, first, second in rows(
        segments({"first": these, "second": those}), "first", "second"
    ):
        for minute in range(start, end):
            covers = [
                sum(s == symbol and a <= minute < b for s, a, b in rows(layer))
                for layer in (these, those)
            ]
            assert covers == [first, second]


def test_touching_intervals_become_one_only_where_they_agree():
    parts = spans(("A", 0, 5), ("A", 5, 9), ("A", 9, 12), ("B", 12, 13)).with_columns(
        cause=pl.Series(["x", "x", "y", "y"]), seen=pl.Series([3, 1, 2, 7])
    )
    assert rows(joined(parts, same=["cause"], oldest=["seen"]), "cause", "seen") == [
        ("A", 0, 9, "x", 1),
        ("A", 9, 12, "y", 2),
        ("B", 12, 13, "y", 7),
    ]


def test_nothing_less_something_is_nothing():
    assert difference(spans(), spans(("A", 0, 1))).is_empty()
    assert difference(spans(), spans()).is_empty()
