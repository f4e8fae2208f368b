"""A contract's life is checked against its bars, and only against bars that were asked for."""

import polars as pl
import pytest

from cryptopipe_assets.collect.gaps.lives_check import ENDS_EARLY, OUTSIDE, disagreements
from cryptopipe_assets.core.contract_life import LIVES
from cryptopipe_tests.reference.minutes_by_hand import at, rows, spans

DAY = 1440
END = 9 * DAY

Life = tuple[int | None, int | None]


def lives(*each: Life) -> pl.DataFrame:
    """Lives of A, by the minutes of their listing and their end."""
    known = [tuple(edge if edge is None else at(edge) for edge in life) for life in each]
    return pl.DataFrame(
        [("binance", "A", *life, *life) for life in known], schema=LIVES, orient="row"
    )


def found(*life: Life, bars: list[tuple[int, int]], gap: tuple[int, int, str] | None = None):
    missing = spans(("A", *gap[:2])) if gap else spans()
    cause = gap[2] if gap else None
    gaps = missing.with_columns(cause=pl.lit(cause, pl.String))
    stored = spans(*(("A", *each) for each in bars))
    return rows(disagreements(lives(*life), stored, gaps), "disagreement")


@pytest.mark.parametrize("life", [(0, END), (None, None), (0, None), (None, END)])
def test_bars_within_the_life_are_as_they_should_be(life):
    assert found(life, bars=[(0, DAY), (DAY, END)]) == []


def test_bars_before_the_listing_are_named():
    assert found((DAY, None), bars=[(600, END)]) == [("A", 600, DAY, OUTSIDE)]


def test_bars_between_two_lives_and_after_the_end_are_named():
    two = found((0, DAY), (3 * DAY, 5 * DAY), bars=[(0, DAY + 5), (3 * DAY, 5 * DAY + 7)])
    assert two == [("A", DAY, DAY + 5, OUTSIDE), ("A", 5 * DAY, 5 * DAY + 7, OUTSIDE)]


def test_bars_that_end_days_before_the_announced_end_are_named_if_the_rest_was_requested():
    early = {"bars": [(0, 3 * DAY)]}
    assert found((0, END), **early, gap=(3 * DAY, END, "source_hole")) == [
        ("A", 3 * DAY, END, ENDS_EARLY)
    ]
    assert found((0, END), **early, gap=(3 * DAY, END, "our_outage")) == []
    assert found((0, END), **early) == []


def test_a_contract_whose_listing_nobody_told_may_end_early_too():
    gap = (3 * DAY, END, "source_hole")
    assert found((None, END), bars=[(0, 3 * DAY)], gap=gap) == [("A", 3 * DAY, END, ENDS_EARLY)]


def test_a_last_day_without_bars_is_a_gap_and_no_other_end():
    assert found((0, END), bars=[(0, END - DAY)], gap=(END - DAY, END, "unknown")) == []


def test_each_of_two_lives_has_its_own_last_bar():
    gap = (DAY, 3 * DAY, "unknown")
    two = found((0, 3 * DAY), (5 * DAY, None), bars=[(0, DAY), (5 * DAY, END)], gap=gap)
    assert two == [("A", DAY, 3 * DAY, ENDS_EARLY)]


def test_a_contract_that_the_registry_does_not_have_is_nobodys_matter():
    nobody = disagreements(lives(), spans(("A", 0, 9)), spans().with_columns(cause=pl.lit("")))
    assert nobody.is_empty()
