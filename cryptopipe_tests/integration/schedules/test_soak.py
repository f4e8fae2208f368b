"""Hours of ticks over midnight and a day's closing: in short what the benchmark does at length."""

import pytest

from cryptopipe_assets.config.tiers import Schedules, Tier
from cryptopipe_tests.reference.soak import BY_DAY, soak

MOST_BYTES_A_RUN = 350_000
"""Of the instance: an event log without events is 120 kB, and runs at midnight are of two days."""

MOST_BYTES_OF_CONDITIONS = 3_000_000
"""What the daemon remembers of an hour of automation conditions; older ones are forgotten."""


@pytest.mark.nightly
def test_hours_over_midnight_leave_a_whole_warehouse_and_a_small_history(settings, tmp_path):
    short = settings.with_config(
        tiers={
            "fast": Tier(every_minutes=30, offset_minutes=2, coins=("BTC",)),
            "hourly": Tier(every_minutes=60, coins=("DOGE",)),
            "ranked": Tier(
                every_minutes=120, offset_minutes=5, tables=("market_cap",), coins=("LTC",)
            ),
        },
        schedules=Schedules(listings_every_minutes=60, listings_offset_minutes=40),
    )
    # Three coins make no ranking, so nobody signals anything.
    daily = [name for name in BY_DAY if name != "signals"]
    done = soak(short, tmp_path, hours=3, daily=daily)
    assert done.faults == []
    closings = [each for each in done.ran if each.by == "close_yesterday"]
    assert [f"{each.at:%d %H:%M}" for each in closings] == ["11 01:00", "11 01:00"]
    grown = done.sizes[-1] - done.sizes[0]
    assert grown < len(done.ran) * MOST_BYTES_A_RUN + MOST_BYTES_OF_CONDITIONS
