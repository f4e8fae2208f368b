"""The ledger remembers what was seen and tried, and never counts a minute twice."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptopipe_assets.collect.gaps.ledger import GAPS, reconcile, tried
from cryptopipe_assets.collect.gaps.repair import at_once, by_month, cut, due
from cryptopipe_assets.tables.quality.data_gaps import CAUSES
from cryptopipe_tests.reference.minutes_by_hand import at, minutes, rows, spans
from cryptopipe_tests.unit.collect.gaps.test_intervals import intervals

SHOWN = ("cause", "status", "attempts")


def lacking(*found: tuple[str, int, int, str | None]) -> pl.DataFrame:
    frame = spans(*[each[:3] for each in found])
    return frame.with_columns(cause=pl.Series([each[3] for each in found], dtype=pl.String))


def ledger(*found: tuple[str, int, int, str], seen: int = 100) -> pl.DataFrame:
    return reconcile(GAPS.to_frame(), lacking(*found), now=at(seen))


def after_asking(
    gaps: pl.DataFrame, *outcome: tuple[str, int, int, str | None], at_minute: int
) -> pl.DataFrame:
    """The ledger after both transports were asked for the gaps of the outcome."""
    frame = lacking(*outcome).with_columns(asked=pl.lit("rest, archive_day"))
    asked_for = gaps.join(frame.select("symbol", "start"), on=["symbol", "start"], how="semi")
    return tried(gaps, asked_for, frame, now=at(at_minute))


def test_a_new_gap_is_open_and_first_seen_now():
    gaps = ledger(("A", 10, 12, "unknown"))
    assert rows(gaps, *SHOWN, "first_seen_at") == [("A", 10, 12, "unknown", "open", 0, at(100))]


def test_what_has_no_bar_to_get_is_explained_at_once_and_a_halt_after_the_first_try():
    halt, unlisted = ("A", 10, 12, "exchange_halt"), ("B", 0, 9, "not_listed")
    gaps = ledger(halt, unlisted)
    assert gaps["status"].to_list() == ["open", "explained"]
    after = after_asking(gaps, ("A", 10, 12, "silent"), at_minute=110)
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
        after_asking(ledger(("A", 10, 20, "unknown")), ("A", 10, 20, None), at_minute=150),
        lacking(),
        now=at(200),
    )
    assert healed["status"].to_list() == ["repaired"]
    again = reconcile(healed, broken, now=at(300))
    assert rows(again, *SHOWN) == [("A", 10, 20, "unknown", "open", 0)]


def test_what_asking_found_out_is_noted_of_each_part_of_a_gap():
    gaps = after_asking(
        ledger(("A", 10, 20, "unknown"), ("B", 0, 5, "our_outage")),
        ("A", 10, 14, "no_trades"),
        ("A", 14, 20, "silent"),
        at_minute=150,
    )
    assert rows(gaps, "cause", "attempts", "last_tried_at") == [
        ("A", 10, 14, "no_trades", 1, at(150)),
        ("A", 14, 20, "source_hole", 1, at(150)),
        ("B", 0, 5, "our_outage", 0, None),
    ]


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


@pytest.mark.parametrize(
    ("attempts", "hours", "is_due"),
    [
        (0, 0, True),
        (1, 0, False),
        (1, 1, True),
        (3, 3, False),
        (3, 4, True),
        (9, 23, False),
        (9, 24, True),
    ],
)
def test_an_open_gap_is_tried_again_after_growing_pauses(attempts, hours, is_due):
    gaps = ledger(("A", 10, 20, "unknown")).with_columns(
        attempts=pl.lit(attempts),
        last_tried_at=pl.lit(at(100) if attempts else None, pl.Datetime("ms", "UTC")),
    )
    now = at(100 + 60 * hours)
    assert due(gaps, now=now, again=False).height == is_due
    assert due(gaps, now=now, again=True).height == 1


def test_explained_gaps_are_asked_for_only_on_demand_and_never_where_there_is_no_bar_to_get():
    gaps = ledger(
        ("A", 0, 5, "not_listed"), ("A", 10, 20, "source_hole"), ("B", 0, 9, "not_collected")
    )
    assert due(gaps, now=at(900), again=False).is_empty()
    assert due(gaps, now=at(900), again=True)["cause"].to_list() == ["source_hole"]


def test_a_long_gap_is_asked_for_by_calendar_month_and_the_ledger_is_cut_where_it_is():
    days = 1440
    # The first of March is minute 0; a gap from 20 March to 5 May, one of April, one that waits.
    found = ("A", 19 * days, 65 * days, "unknown"), ("B", 31 * days, 33 * days, "unknown")
    gaps = ledger(*found, ("A", 90 * days, 91 * days, "source_hole"), seen=100 * days)
    pieces = by_month(due(gaps, now=at(101 * days), again=False))
    assert sorted(rows(pieces)) == [
        ("A", 19 * days, 31 * days),
        ("A", 31 * days, 61 * days),
        ("A", 61 * days, 65 * days),
        ("B", 31 * days, 33 * days),
    ]
    whole = cut(gaps, pieces)
    assert minutes(whole) == minutes(gaps)
    assert whole.height == 5
    again = reconcile(whole, lacking(*found, ("A", 90 * days, 91 * days, "source_hole")), now=at(0))
    assert again.equals(gaps)


def test_no_portion_is_larger_than_memory_allows(monkeypatch):
    monkeypatch.setattr("cryptopipe_assets.collect.gaps.repair.AT_ONCE", 2)
    monkeypatch.setattr("cryptopipe_assets.collect.gaps.repair.MINUTES_AT_ONCE", 100)
    gaps = ledger(*[("A", 200 * n, 200 * n + 60, "unknown") for n in range(5)])
    portions = at_once(gaps)
    assert [each.height for each in portions] == [1, 1, 1, 1, 1]
    short = ledger(*[("A", 200 * n, 200 * n + 6, "unknown") for n in range(5)])
    assert [each.height for each in at_once(short)] == [2, 2, 1]
    assert at_once(short.head(0)) == []
