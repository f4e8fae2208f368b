"""The ledger remembers what was seen and tried, and never counts a minute twice."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptopipe_assets.gaps.causes import CAUSES
from cryptopipe_assets.gaps.ledger import GAPS, reconcile, tried
from cryptopipe_tests.reference.minutes_by_hand import at, minutes, rows, spans
from cryptopipe_tests.unit.test_gap_intervals import intervals

SHOWN = ("cause", "status", "attempts")


def lacking(*found: tuple[str, int, int, str]) -> pl.DataFrame:
    frame = spans(*[each[:3] for each in found])
    return frame.with_columns(cause=pl.Series([each[3] for each in found], dtype=pl.String))


def ledger(*found: tuple[str, int, int, str], seen: int = 100) -> pl.DataFrame:
    return reconcile(GAPS.to_frame(), lacking(*found), now=at(seen))


def test_a_new_gap_is_open_and_first_seen_now():
    gaps = ledger(("A", 10, 12, "unknown"))
    assert rows(gaps, *SHOWN, "first_seen_at") == [("A", 10, 12, "unknown", "open", 0, at(100))]


def test_what_has_no_bar_to_get_is_explained_at_once_and_a_halt_after_the_first_try():
    halt, unlisted = ("A", 10, 12, "exchange_halt"), ("B", 0, 9, "not_listed")
    gaps = ledger(halt, unlisted)
    assert gaps["status"].to_list() == ["open", "explained"]
    after = tried(gaps, spans(halt[:3]), ["rest", "archive_day"], now=at(110))
    again = reconcile(after, lacking(halt, unlisted), now=at(111))
    assert rows(again, *SHOWN, "asked", "last_tried_at") == [
        ("A", 10, 12, "exchange_halt", "explained", 1, "rest, archive_day", at(110)),
        ("B", 0, 9, "not_listed", "explained", 0, None, None),
    ]


def test_looking_again_changes_nothing():
    found = ("A", 10, 12, "unknown"), ("B", 0, 9, "delisted")
    gaps = ledger(*found)
    assert reconcile(gaps, lacking(*found), now=at(500)).equals(gaps)


def test_a_gap_that_is_filled_in_part_is_repaired_in_part():
    gaps = reconcile(
        ledger(("A", 10, 20, "unknown")), lacking(("A", 16, 20, "unknown")), now=at(300)
    )
    assert rows(gaps, *SHOWN, "first_seen_at", "repaired_at") == [
        ("A", 10, 16, "unknown", "repaired", 0, at(100), at(300)),
        ("A", 16, 20, "unknown", "open", 0, at(100), None),
    ]


def test_a_gap_that_grows_stays_one_and_keeps_when_it_was_first_seen():
    gaps = reconcile(
        ledger(("A", 10, 20, "delisted")), lacking(("A", 10, 90, "delisted")), now=at(300)
    )
    assert rows(gaps, "first_seen_at") == [("A", 10, 90, at(100))]


def test_minutes_that_nobody_missed_are_not_called_repaired_when_history_is_filled():
    gaps = reconcile(ledger(("A", 0, 20, "not_collected")), lacking(), now=at(300))
    assert gaps.is_empty()


def test_a_repaired_minute_that_is_lost_again_is_open_once_and_untried():
    broken = lacking(("A", 10, 20, "unknown"))
    healed = reconcile(
        tried(ledger(("A", 10, 20, "unknown")), spans(("A", 10, 20)), ["rest"], now=at(150)),
        lacking(),
        now=at(200),
    )
    assert healed["status"].to_list() == ["repaired"]
    again = reconcile(healed, broken, now=at(300))
    assert rows(again, *SHOWN) == [("A", 10, 20, "unknown", "open", 0)]


looks = st.lists(st.tuples(intervals, st.sampled_from(sorted(CAUSES))), min_size=1, max_size=5)


@settings(max_examples=40)
@given(looks)
def test_after_any_sequence_of_looks_every_minute_is_in_one_gap_and_the_missing_are_not_repaired(
    looks,
):
    gaps = GAPS.to_frame()
    for turn, (drawn, cause) in enumerate(looks):
        wanted = sorted(minutes(drawn))
        missing = lacking(*[(symbol, m, m + 1, cause) for symbol, m in wanted])
        gaps = reconcile(gaps, missing, now=at(1000 + turn))
        assert len(minutes(gaps)) == sum(end - start for _, start, end in rows(gaps))
        assert minutes(gaps.filter(pl.col("status") != "repaired")) == set(wanted)
