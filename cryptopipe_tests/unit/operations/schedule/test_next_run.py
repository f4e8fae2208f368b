"""When a table is asked for next, and that a schedule which is off asks for nothing."""

from datetime import UTC, datetime

import pytest

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.operations.schedule.next_run import next_pull

TIERS = {
    "quick": Tier(every_minutes=15, offset_minutes=2, coins=("BTC",)),
    "slow": Tier(every_minutes=60, coins=("SOL",)),
}
NOW = datetime(2026, 3, 10, 12, 20, tzinfo=UTC)


@pytest.fixture
def live():
    return load_settings().with_environment(vendors="live").with_config(tiers=TIERS)


def clock(settings, table, tier=None, **switched):
    found = next_pull(settings, table, tier, now=NOW, switched=switched)
    return f"{found:%H:%M}" if found else None


def test_each_tier_has_its_own_next_tick(live):
    assert clock(live, "ohlcv_1m", "quick") == "12:32"
    assert clock(live, "ohlcv_1m", "slow") == "13:00"
    assert clock(live, "ohlcv_1m") == "12:32"


def test_open_interest_comes_half_an_hour_after_the_bars(live):
    assert clock(live, "open_interest", "slow") == "12:30"


def test_what_is_derived_follows_when_every_tier_has_asked(live):
    assert clock(live, "factors_1h", "slow") == "13:03"
    assert clock(live, "signals") == "13:03"


def test_a_schedule_that_is_off_asks_for_nothing_but_the_closing_of_the_day_still_does(live):
    assert clock(live, "ohlcv_1m", "quick", collect_quick=False) == "01:00"
    off = {"collect_quick": False, "collect_slow": False, "close_yesterday": False}
    assert clock(live, "ohlcv_1m", "quick", **off) is None
    everything = {**off, "collect_listings": False}
    assert clock(live, "signals", **everything) is None


def test_on_the_stand_in_only_what_was_switched_on_counts(live):
    sandbox = live.with_environment(vendors="sandbox")
    assert clock(sandbox, "ohlcv_1m", "slow") is None
    assert clock(sandbox, "ohlcv_1m", "slow", collect_slow=True) == "13:00"
