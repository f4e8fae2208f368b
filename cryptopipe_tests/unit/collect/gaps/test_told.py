"""What was said of a day at its collection is the evidence of a gap in it, until a repair asks."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from cryptopipe_assets.collect.gaps.ledger import GAPS, reconcile
from cryptopipe_assets.collect.gaps.told import keep_told, said_of_days
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.vendors.parsing.told import TOLD
from cryptopipe_tests.reference.minutes_by_hand import at, rows
from cryptopipe_tests.unit.collect.gaps.test_ledger import after_asking, lacking
from cryptopipe_tests.unit.collect.gaps.test_scan import DAY

FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)
EARLY, LATE = datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)


def told(*lines: tuple[str, date, str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(lines, schema=TOLD, orient="row")


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake(tmp_path / "warehouse")
    by_file = ("A", FIRST, "archive_day", "not published"), ("A", FIRST, "rest", "no response")
    keep_told(lake, "ticks", told(*by_file, ("A", SECOND, "rest", None)), EARLY)
    return lake


def test_the_newest_word_of_each_way_counts_and_the_transports_have_one_order(lake):
    assert rows(said_of_days(lake, "ticks"), "asked") == [
        ("A", 0, DAY, "rest: no response, archive_day: not published"),
        ("A", DAY, 2 * DAY, "rest"),
    ]
    keep_told(lake, "ticks", told(("A", FIRST, "rest", None)), LATE)
    assert rows(said_of_days(lake, "ticks"), "asked")[0] == (
        "A",
        0,
        DAY,
        "rest, archive_day: not published",
    )
    assert said_of_days(lake, "another").is_empty()


def test_a_way_that_says_the_same_again_changes_no_byte(lake):
    kept = lake.root / ".scans" / "ticks-told.parquet"
    before = kept.read_bytes()
    keep_told(lake, "ticks", told(("A", FIRST, "rest", "no response")), LATE)
    keep_told(lake, "ticks", told(("A", SECOND, "rest", None)), LATE)
    assert kept.read_bytes() == before


def test_a_gap_over_two_days_is_cut_where_the_ways_said_different_things(lake):
    gap = lacking(("A", DAY - 10, DAY + 20, "unknown"), ("B", 0, 5, "unknown"))
    gaps = reconcile(GAPS.to_frame(), gap, now=at(3 * DAY), said=said_of_days(lake, "ticks"))
    assert rows(gaps, "asked", "attempts") == [
        ("A", DAY - 10, DAY, "rest: no response, archive_day: not published", 0),
        ("A", DAY, DAY + 20, "rest", 0),
        ("B", 0, 5, None, 0),
    ]
    assert reconcile(gaps, gap, now=at(4 * DAY), said=said_of_days(lake, "ticks")).equals(gaps)


def test_what_a_repair_heard_goes_before_what_the_collection_heard(lake):
    gap = lacking(("A", 10, 20, "unknown"))
    gaps = reconcile(GAPS.to_frame(), gap, now=at(3 * DAY), said=said_of_days(lake, "ticks"))
    after = after_asking(gaps, ("A", 10, 20, "silent"), at_minute=3 * DAY + 5)
    again = reconcile(after, gap, now=at(4 * DAY), said=said_of_days(lake, "ticks"))
    assert rows(again, "asked") == [("A", 10, 20, "rest, archive_day")]
