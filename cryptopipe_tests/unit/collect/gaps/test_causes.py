"""Every missing minute gets a cause, and only one whose evidence is there."""

import polars as pl
import pytest
from hypothesis import given, settings

from cryptopipe_assets.collect.gaps.causes import Evidence, missing_minutes, whole_minutes
from cryptopipe_assets.tables.quality.data_gaps import CAUSES, DataGaps
from cryptopipe_tests.reference.minutes_by_hand import at, minutes, rows, spans
from cryptopipe_tests.unit.collect.gaps.test_intervals import intervals

END = 30
LIVES = spans(("A", 0, END), ("B", 0, END), ("C", 0, END))
ASKED = spans(("A", 0, END), ("B", 0, END), ("C", 0, END))


def causes(stored, *, lives=LIVES, asked=ASKED, found=None, stopped=None) -> list[tuple]:
    given = {"found": found, "stopped": stopped}
    more = {name: each for name, each in given.items() if each is not None}
    evidence = Evidence(lives=lives, asked=asked, **more)
    return rows(missing_minutes(stored, evidence, start=at(0), end=at(END)), "cause")


def whole(*symbols: str) -> list[tuple[str, int, int]]:
    return [(symbol, 0, END) for symbol in symbols]


def test_a_table_without_holes_has_no_gaps():
    assert causes(spans(*whole("A", "B", "C"))) == []


def test_a_hole_of_one_contract_that_we_asked_for_is_of_unknown_cause():
    stored = spans(("A", 0, 10), ("A", 12, END), *whole("B", "C"))
    assert causes(stored) == [("A", 10, 12, "unknown")]


def test_minutes_before_the_listing_and_after_the_delisting_are_named_so_whoever_asked():
    lives = spans(("A", 5, END), ("B", 0, 20), ("C", 0, END))
    stored = spans(("A", 5, END), ("B", 0, 20), *whole("C"))
    expected = [("A", 0, 5, "not_listed"), ("B", 20, END, "delisted")]
    assert causes(stored, lives=lives) == expected
    assert causes(stored, lives=lives, asked=spans()) == expected


def test_a_hole_between_two_lives_is_explained_and_one_in_the_first_is_not_called_unlisted():
    lives = spans(("A", 5, 12), ("A", 20, END), ("B", 0, END), ("C", 0, END))
    stored = spans(("A", 5, 8), ("A", 9, 12), ("A", 22, END), *whole("B", "C"))
    assert causes(stored, lives=lives) == [
        ("A", 0, 5, "not_listed"),
        ("A", 8, 9, "unknown"),
        ("A", 12, 20, "delisted"),
        ("A", 20, 22, "unknown"),
    ]


def test_minutes_in_which_the_venue_said_that_it_does_not_trade_are_halted_once_requested():
    stored = spans(("A", 0, 10), ("A", 20, END), *whole("B", "C"))
    stopped = spans(("A", 12, 20))
    expected = [("A", 10, 12, "unknown"), ("A", 12, 20, "halted")]
    assert causes(stored, stopped=stopped) == expected
    nobody = causes(stored, stopped=stopped, asked=spans(("A", 20, END)))
    assert nobody == [("A", 10, 20, "our_outage")]


def test_what_nobody_asked_for_is_not_collected_before_the_first_bar_and_our_outage_after_it():
    stored = spans(("A", 10, 15), ("A", 20, 25), *whole("B", "C"))
    assert causes(stored, asked=spans(("A", 20, 25))) == [
        ("A", 0, 10, "not_collected"),
        ("A", 15, 20, "our_outage"),
        ("A", 25, END, "our_outage"),
    ]


def test_a_contract_without_any_bar_is_not_collected_until_somebody_asks():
    stored = spans(*whole("B", "C"))
    assert causes(stored, asked=spans()) == [("A", 0, END, "not_collected")]
    assert causes(stored) == [("A", 0, END, "unknown")]


def test_an_exchange_halts_when_no_contract_has_a_bar_though_all_were_asked_for():
    stored = spans(*[(each, 0, 10) for each in "ABC"], *[(each, 12, END) for each in "ABC"])
    assert {each[1:] for each in causes(stored)} == {(10, 12, "exchange_halt")}
    nobody = causes(stored, asked=spans(*[(each, 12, END) for each in "ABC"]))
    assert {each[1:] for each in nobody} == {(10, 12, "our_outage")}


def test_one_contract_alone_never_proves_a_halt():
    lives = spans(("A", 0, END), ("B", 20, END))
    stored = spans(("A", 0, 10), ("A", 12, END), ("B", 20, END))
    assert ("A", 10, 12, "unknown") in causes(stored, lives=lives)


def test_a_bar_of_one_contract_ends_the_halt_of_all():
    stored = spans(
        *[(each, 0, 10) for each in "AB"], *[(each, 14, END) for each in "AB"], *whole("C")
    )
    assert {each[3] for each in causes(stored)} == {"unknown"}


@pytest.mark.parametrize("cause", ["source_hole", "no_trades"])
def test_what_a_repair_found_out_stays(cause):
    found = spans(("A", 10, 12)).with_columns(cause=pl.lit(cause))
    stored = spans(("A", 0, 10), ("A", 13, END), *whole("B", "C"))
    assert causes(stored, found=found) == [("A", 10, 12, cause), ("A", 12, 13, "unknown")]


@settings(max_examples=40)
@given(stored=intervals, asked=intervals)
def test_the_gaps_are_exactly_the_minutes_that_are_not_stored_whatever_the_evidence(stored, asked):
    lives = spans(("A", 3, END), ("B", 0, 17))
    evidence = Evidence(lives=lives, asked=asked)
    found = missing_minutes(stored, evidence, start=at(0), end=at(END))
    window = {(symbol, minute) for symbol in "AB" for minute in range(END)}
    assert minutes(found) == window - minutes(stored)
    assert len(minutes(found)) == sum(end - start for _, start, end in rows(found))
    named = {
        (symbol, m): cause for symbol, a, b, cause in rows(found, "cause") for m in range(a, b)
    }
    for minute, cause in named.items():
        assert (cause == "not_listed") == (minute in {("A", 0), ("A", 1), ("A", 2)})
        assert (cause == "delisted") == (minute[0] == "B" and minute[1] >= 17)
        if cause in {"unknown", "exchange_halt"}:
            assert minute in minutes(asked)


def test_a_life_is_cut_to_whole_minutes_and_to_the_window():
    listings = pl.DataFrame(
        {
            "symbol": ["A", "B"],
            "listed_at": [at(3).replace(second=40), at(-9)],
            "delisted_at": [None, at(7).replace(second=1)],
        },
        schema_overrides={
            "listed_at": pl.Datetime("ms", "UTC"),
            "delisted_at": pl.Datetime("ms", "UTC"),
        },
    )
    assert rows(whole_minutes(listings, start=at(0), end=at(END))) == [("A", 3, END), ("B", 0, 8)]


def test_the_tables_description_defines_every_cause_in_the_same_words():
    text = " ".join((DataGaps.__doc__ or "").split())
    for cause, definition in CAUSES.items():
        assert f"- {cause}: {definition}" in text
