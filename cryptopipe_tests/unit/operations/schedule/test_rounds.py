"""The rounds of a day: when, what, for whom, over which days."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from cryptopipe_assets.config.project import template
from cryptopipe_assets.config.settings import read_config
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.operations.schedule.rounds import (
    CLOSING,
    Round,
    closes_at,
    hours_end,
    rounds,
    rounds_of,
)
from cryptopipe_assets.tables.catalog import contracts

CONFIG = read_config(template("cryptopipe.toml"))
MONTH = timedelta(days=30)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def named(name: str, tier: str | None = None) -> Round:
    return next(each for each in rounds(CONFIG) if (each.name, each.tier) == (name, tier))


def test_every_collected_table_is_asked_for_by_a_round_and_on_closing():
    collected = {
        name for name, each in contracts().items() if each.__module__.split(".")[-2] == "collected"
    }
    asked = {table for each in rounds(CONFIG) if "close" not in each.name for table in each.tables}
    closed = {table for each in rounds(CONFIG) if "close" in each.name for table in each.tables}
    assert asked == collected
    assert closed == collected | set(CLOSING)


def test_no_two_schedules_start_in_the_same_minute_except_where_closing_takes_over():
    minutes: dict[datetime, set[str | None]] = {}
    for each in rounds(CONFIG):
        instant = each.recurrence.next(at("2026-03-09T23:59"))
        while instant < at("2026-03-11T00:00"):
            schedule = each.tier or each.name.removesuffix("_listings")
            minutes.setdefault(instant, set()).add(schedule)
            instant += each.recurrence.interval
    together = {instant: names for instant, names in minutes.items() if len(names) > 1}
    assert together == {at("2026-03-10T01:00"): {"hourly", "close"}}
    assert closes_at(CONFIG, at("2026-03-10T01:00"))


def test_market_data_at_the_hour_and_open_interest_half_an_hour_later():
    hourly = Tier(every_minutes=60, coins=("SOL",))
    assert [each.recurrence.cron for each in rounds_of("hourly", hourly)] == [
        "0 * * * *",
        "30 * * * *",
    ]
    slow = Tier(every_minutes=240, offset_minutes=230, coins=("SOL",))
    assert [each.recurrence.cron for each in rounds_of("slow", slow)] == [
        "50 3,7,11,15,19,23 * * *",
        "20 0,4,8,12,16,20 * * *",
    ]


def test_how_often_a_day_each_table_is_asked_for():
    asked = Counter[str]()
    for each in rounds(CONFIG):
        asked.update(dict.fromkeys(each.tables, each.recurrence.per_day))
    assert asked == {
        "ohlcv_1m": 96 + 24 + 1,
        "funding_rate": 96 + 24 + 24 + 1,
        "open_interest": 24 + 24 + 24 + 1,
        "market_cap": 24 + 1,
        "instruments": 24 + 1,
        "data_gaps": 1,
    }


@pytest.mark.parametrize(
    ("now", "done", "first", "last"),
    [
        ("2026-03-11T00:02", "2026-03-10T23:47", date(2026, 3, 10), date(2026, 3, 11)),
        ("2026-03-11T00:17", "2026-03-11T00:02", date(2026, 3, 11), date(2026, 3, 11)),
        ("2026-03-11T00:17", "2026-03-10T23:47", date(2026, 3, 10), date(2026, 3, 11)),
        ("2026-03-11T09:02", "2026-03-08T18:47", date(2026, 3, 8), date(2026, 3, 11)),
        ("2026-03-11T09:02", "2025-03-08T18:47", date(2026, 2, 9), date(2026, 3, 11)),
        ("2026-03-11T09:02", None, date(2026, 3, 10), date(2026, 3, 11)),
    ],
    ids=["across midnight", "after it", "midnight failed", "asleep", "for a year", "the first"],
)
def test_a_round_covers_the_days_since_the_last_one_that_succeeded(now, done, first, last):
    market = named("market_data", "high_frequency")
    assert market.days(at(now), done=at(done) if done else None, most=MONTH) == (first, last)


def test_closing_covers_yesterday_and_the_day_before_and_what_was_missed():
    close = named("close")
    yesterday, week_ago = at("2026-03-10T01:00"), at("2026-03-04T01:00")
    now = at("2026-03-11T01:00")
    assert close.days(now, done=yesterday, most=MONTH) == (date(2026, 3, 9), date(2026, 3, 11))
    assert close.days(now, done=week_ago, most=MONTH) == (date(2026, 3, 4), date(2026, 3, 11))


def test_what_tells_the_present_only_is_not_asked_for_the_past():
    now = at("2026-03-11T00:40")
    days = named("listings").days(now, done=at("2026-03-08T00:40"), most=MONTH)
    assert days == (date(2026, 3, 11), date(2026, 3, 11))


def test_a_round_is_due_when_an_instant_has_come_since_it_was_asked():
    hourly = named("market_data", "hourly")
    assert hourly.is_due(at("2026-03-11T10:30"), asked=at("2026-03-11T09:00"))
    assert not hourly.is_due(at("2026-03-11T10:30"), asked=at("2026-03-11T10:00"))
    assert hourly.is_due(at("2026-03-11T10:30"), asked=None)


def test_hours_are_complete_a_minute_after_the_last_tier_has_asked():
    assert hours_end(CONFIG).cron == "3 * * * *"
    slow = Tier(every_minutes=240, offset_minutes=30, coins=("SOL",))
    late = Tier(every_minutes=60, offset_minutes=59, coins=("BTC",))
    bare = Tier(every_minutes=60, offset_minutes=20, tables=("funding_rate",), coins=("LTC",))
    for tier, minute in ((slow, "1"), (late, "0"), (bare, "1")):
        config = CONFIG.model_copy(update={"tiers": {"only": tier}})
        assert hours_end(config).cron == f"{minute} * * * *"
