"""A survey tells what was asked for by rows, by runs of a tier or of all, and by repairs."""

from datetime import date

import polars as pl
import pytest

from cryptopipe_assets.collect.gaps.ledger import GAPS
from cryptopipe_assets.collect.gaps.survey import survey
from cryptopipe_assets.collect.gaps.told import keep_told
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.vendors.parsing.told import TOLD
from cryptopipe_tests.reference.minutes_by_hand import at, rows
from cryptopipe_tests.unit.collect.gaps.test_scan import DAY, TICKS, store

INSTANT = pl.Datetime("ms", "UTC")
LISTINGS = pl.DataFrame(
    {
        "symbol": ["A", "B"],
        "tier": ["quick", "slow"],
        "listed_at": [at(0)] * 2,
        "delisted_at": [None] * 2,
        "followed_at": [at(0), at(2 * DAY)],
    },
    schema_overrides={"delisted_at": INSTANT},
)
RUNS = pl.Schema({"day": pl.Date(), "at": INSTANT, "tier": pl.String()})


@pytest.fixture
def lake(tmp_path) -> Lake:
    """Three days; of the middle one nobody has a bar, and B has none of the first either."""
    lake = Lake(tmp_path / "warehouse")
    store(lake, 0, ("A", 0, DAY))
    store(lake, 1)
    store(lake, 2, ("A", 0, DAY), ("B", 0, DAY))
    return lake


def looked(lake: Lake, *runs: tuple[date, int, str | None], now: int = 9 * DAY):
    asked = pl.DataFrame(
        [(day, at(minute), tier) for day, minute, tier in runs], schema=RUNS, orient="row"
    )
    return survey(
        lake,
        TICKS,
        venue="any",
        listings=LISTINGS,
        ledger=GAPS.to_frame(),
        runs=lambda days: asked.filter(pl.col("day").is_in(days)),
        now=at(now),
    )


def test_without_a_run_the_middle_day_is_our_outage_and_what_is_before_the_first_bar_our_choice(
    lake,
):
    assert rows(looked(lake).gaps, "cause", "status") == [
        ("A", DAY, 2 * DAY, "our_outage", "open"),
        ("B", 0, 2 * DAY, "not_collected", "explained"),
    ]


def test_a_run_of_all_has_asked_for_those_that_were_followed_by_then(lake):
    early = looked(lake, (date(2026, 3, 2), 2 * DAY - 1, None))
    assert rows(early.gaps, "cause")[:2] == [
        ("A", DAY, 2 * DAY - 1, "unknown"),
        ("A", 2 * DAY - 1, 2 * DAY, "our_outage"),
    ]
    assert ("B", 0, 2 * DAY, "not_collected") in rows(early.gaps, "cause")
    late = looked(lake, (date(2026, 3, 2), 3 * DAY, None))
    assert rows(late.gaps, "cause") == [
        ("A", DAY, 2 * DAY, "unknown"),
        ("B", 0, DAY, "not_collected"),
        ("B", DAY, 2 * DAY, "unknown"),
    ]


def test_a_run_of_a_tier_has_asked_for_its_contracts_only(lake):
    found = looked(lake, (date(2026, 3, 2), 3 * DAY, "slow"))
    assert rows(found.gaps, "cause") == [
        ("A", DAY, 2 * DAY, "our_outage"),
        ("B", 0, DAY, "not_collected"),
        ("B", DAY, 2 * DAY, "unknown"),
    ]


def test_the_newest_two_hours_are_late_at_worst(lake):
    store(lake, 2, ("A", 0, 600), ("B", 0, 600))
    now = 2 * DAY + 800
    found = looked(lake, now=now)
    assert rows(found.gaps.filter(pl.col("start") >= at(2 * DAY)), "cause") == [
        (symbol, 2 * DAY + 600, now - 125, "unknown") for symbol in "AB"
    ]
    assert found.expected == 2 * (now - 125)
    assert looked(lake, now=2 * DAY + 725).gaps["end"].max() <= at(2 * DAY)


def test_days_after_the_last_stored_one_are_a_matter_of_freshness(lake):
    assert looked(lake, now=90 * DAY).gaps["end"].max() == at(2 * DAY)
    assert looked(lake, now=90 * DAY).expected == 2 * 3 * DAY


def test_an_empty_table_lacks_nothing(tmp_path):
    found = looked(Lake(tmp_path))
    assert (found.gaps.height, found.expected) == (0, 0)


def test_a_day_of_which_it_is_kept_what_each_way_said_was_requested_and_is_no_outage_of_ours(lake):
    told = pl.DataFrame(
        [
            ("A", date(2026, 3, 2), "archive_month", None),
            ("A", date(2026, 3, 2), "rest", "HTTP 503"),
        ],
        schema=TOLD,
        orient="row",
    )
    keep_told(lake, TICKS.name, told, at(3 * DAY))
    assert rows(looked(lake).gaps, "cause", "status") == [
        ("A", DAY, 2 * DAY, "unknown", "open"),
        ("B", 0, 2 * DAY, "not_collected", "explained"),
    ]
