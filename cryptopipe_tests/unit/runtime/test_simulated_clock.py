"""The clock of a simulated world."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.runtime.simulated_clock import NO_LIMIT, SimulatedClock, unlimited
from cryptopipe_assets.vendors.catalog import Vendors

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_the_clock_stands_still_until_it_is_set():
    clock = SimulatedClock(NOON)
    assert (clock(), clock()) == (NOON, NOON)
    clock.set(NOON - timedelta(days=400))
    assert clock() == datetime(2025, 2, 3, 12, tzinfo=UTC)


def test_an_instant_of_another_zone_is_told_in_utc():
    clock = SimulatedClock(datetime(2026, 3, 10, 14, tzinfo=timezone(timedelta(hours=2))))
    assert clock().isoformat() == "2026-03-10T12:00:00+00:00"


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(RequestError, match="needs a time zone"):
        SimulatedClock(NOON.replace(tzinfo=None))


def test_ticks_move_the_clock_and_leave_it_at_the_end():
    clock = SimulatedClock(NOON)
    seen = [
        (tick, clock()) for tick in clock.ticks(timedelta(hours=1), until=NOON.replace(hour=15))
    ]
    assert [tick.hour for tick, _ in seen] == [12, 13, 14]
    assert all(tick == present for tick, present in seen)
    assert clock().hour == 15


def test_limits_are_lifted_and_patience_is_kept():
    limits = Vendors()
    free = unlimited(limits)
    assert free.binance.weight_per_minute == free.coinalyze.symbols_per_minute == NO_LIMIT
    assert free.bybit.concurrency == limits.bybit.concurrency
    assert free.okx.attempts == limits.okx.attempts
    assert free.hyperliquid.timeout_seconds == limits.hyperliquid.timeout_seconds
