"""Laws of merging two versions of a partition."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cryptopipe_assets.storage.merge import lost_keys, merge, news

KEY = ["symbol", "ts"]
START = datetime(2026, 2, 1, tzinfo=UTC)
SCHEMA = {
    "ts": pl.Datetime("ms", "UTC"),
    "ingested_at": pl.Datetime("ms", "UTC"),
    "symbol": pl.String,
    "close": pl.Float64,
}

rows = st.tuples(
    st.integers(0, 3).map(lambda minute: START + timedelta(minutes=minute)),
    st.integers(0, 5).map(lambda second: START + timedelta(days=1, seconds=second)),
    st.sampled_from(["A", "B"]),
    st.one_of(st.none(), st.integers(1, 4).map(float)),
)


def frame(content: list[tuple]) -> pl.DataFrame:
    return pl.DataFrame(content, schema=SCHEMA, orient="row")


def normal(content: list[tuple]) -> pl.DataFrame:
    """A partition as it is stored: one row a key."""
    return merge(frame([]), frame(content), KEY)


partitions = st.lists(rows, max_size=8).map(normal)


@settings(max_examples=40)
@given(partitions)
def test_merging_a_partition_with_itself_changes_nothing(one):
    assert_frame_equal(merge(one, one, KEY), one)


@settings(max_examples=40)
@given(partitions, partitions)
def test_the_order_of_arrival_does_not_matter(one, two):
    assert_frame_equal(merge(one, two, KEY), merge(two, one, KEY))


@settings(max_examples=40)
@given(partitions, partitions, partitions)
def test_three_arrivals_may_be_merged_in_any_grouping(one, two, three):
    left = merge(merge(one, two, KEY), three, KEY)
    right = merge(one, merge(two, three, KEY), KEY)
    assert_frame_equal(left, right)


@settings(max_examples=40)
@given(partitions, partitions)
def test_no_key_is_ever_lost(one, two):
    merged = merge(one, two, KEY)
    assert lost_keys(one, merged, KEY).is_empty()
    assert lost_keys(two, merged, KEY).is_empty()
    assert merged.select(KEY).is_unique().all()


@settings(max_examples=40)
@given(partitions, partitions)
def test_the_value_of_a_key_is_the_one_ingested_last(one, two):
    merged = merge(one, two, KEY)
    newest: dict[tuple, datetime] = {}
    for each in (*one.iter_rows(named=True), *two.iter_rows(named=True)):
        key = (each["symbol"], each["ts"])
        newest[key] = max(each["ingested_at"], newest.get(key, each["ingested_at"]))
    assert {
        (r["symbol"], r["ts"]): r["ingested_at"] for r in merged.iter_rows(named=True)
    } == newest


def test_a_repeated_row_is_no_news_and_keeps_when_it_first_came():
    stored = frame([(START, START, "A", 1.0), (START, START, "B", None)])
    again = stored.with_columns(
        ingested_at=pl.lit(START + timedelta(days=1)).dt.cast_time_unit("ms")
    )
    assert news(stored, again, KEY).is_empty()


def test_a_new_value_and_a_new_key_are_news():
    stored = frame([(START, START, "A", 1.0), (START, START, "B", None)])
    incoming = frame(
        [(START, START, "A", 2.0), (START, START, "C", 1.0), (START, START, "B", None)]
    )
    assert news(stored, incoming, KEY)["symbol"].to_list() == ["A", "C"]
