"""Bars and settlements of the archive and of REST are compared instant by instant, exactly."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.core.time import midnight
from cryptopipe_assets.vendors.binance.overlap import BARS, SETTLEMENTS, is_due
from cryptopipe_assets.vendors.binance.transports import plan

DAY = date(2026, 2, 3)
MIDNIGHT = datetime(2026, 2, 3, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FIGURES = {
    "open": 100.0,
    "high": 103.0,
    "low": 99.0,
    "close": 101.0,
    "volume_base": 4.0,
    "volume_quote": 404.0,
    "taker_buy_base": 1.0,
    "taker_buy_quote": 101.0,
}


def bars(minutes: range) -> pl.DataFrame:
    """A bar a minute, each with figures of its own."""
    rows = [
        {
            "ts": MIDNIGHT + n * MINUTE,
            "trades": n + 1,
            **{name: value + n for name, value in FIGURES.items()},
        }
        for n in minutes
    ]
    return pl.DataFrame(rows, schema_overrides={"ts": pl.Datetime("ms", "UTC")})


def only_at(minute: int, name: str, value: float | None) -> pl.DataFrame:
    is_it = pl.col("ts") == MIDNIGHT + minute * MINUTE
    return bars(range(60)).with_columns(
        pl.when(is_it).then(value).otherwise(pl.col(name)).alias(name)
    )


def compared(filed: pl.DataFrame, told: pl.DataFrame):
    return BARS.compared(filed, told, vendor_symbol="BTCUSDT", day=DAY)


def test_bars_that_are_the_same_are_no_matter():
    found = compared(bars(range(60)), bars(range(60)))
    assert (found.instants, found.differing, found.said) == (60, (), None)


@pytest.mark.parametrize("minutes", [1, -1])
def test_labels_that_have_moved_by_a_minute_are_told_of_every_minute_that_both_have(minutes):
    moved = bars(range(60)).with_columns(pl.col("ts").dt.offset_by(f"{minutes}m"))
    found = compared(moved, bars(range(60)))
    assert found.instants == len(found.differing) == 59
    assert "BTCUSDT on 2026-02-03: 59 of 59 1-minute bars differ" in found.said
    assert f"the first at 00:0{max(minutes, 0)}" in found.said


@pytest.mark.parametrize("name", [*FIGURES, "trades"])
def test_one_figure_that_differs_in_its_last_digit_is_told(name):
    usual = bars(range(60))[7, name]
    another = usual + 1 if name == "trades" else usual * (1 + 2**-52)
    found = compared(only_at(7, name, another), bars(range(60)))
    assert found.differing == (MIDNIGHT + 7 * MINUTE,)
    assert "1 of 60 1-minute bars differ" in found.said


def test_a_figure_that_only_one_of_them_has_differs():
    without = only_at(7, "taker_buy_base", None)
    assert compared(without, bars(range(60))).differing == (MIDNIGHT + 7 * MINUTE,)
    assert compared(bars(range(60)), without).differing == (MIDNIGHT + 7 * MINUTE,)
    assert compared(without, without).differing == ()


def test_minutes_that_one_side_lacks_are_not_judged():
    assert compared(bars(range(60)), bars(range(50, 90))).instants == 10
    for filed, told in [(range(60), range(0)), (range(0), range(60)), (range(30), range(30, 60))]:
        some = bars(range(60))
        found = compared(some[filed.start : filed.stop], some[told.start : told.stop])
        assert (found.instants, found.differing, found.said) == (0, (), None)


def test_a_minute_that_is_not_believed_anyway_is_no_disagreement():
    # Of a minute without a trade REST is asked, and what it has is taken: that is told elsewhere.
    still = only_at(7, "volume_base", 0.0).with_columns(
        trades=pl.when(pl.col("volume_base") == 0).then(0).otherwise("trades")
    )
    found = compared(still, bars(range(60)))
    assert (found.instants, found.said) == (59, None)


def settlements(*rates: float) -> pl.DataFrame:
    stamps = [MIDNIGHT + 8 * n * HOUR for n in range(len(rates))]
    return pl.DataFrame({"ts": stamps, "funding_rate": rates})


def test_a_rate_that_differs_is_told_with_its_month_and_instant():
    found = SETTLEMENTS.compared(
        settlements(1e-4, 2e-4, 3e-4),
        settlements(1e-4, 2.00000001e-4, 3e-4),
        vendor_symbol="BTCUSDT",
        day=date(2026, 2, 1),
        told_by="the stored rows",
    )
    assert found.said is not None
    assert "BTCUSDT in 2026-02: 1 of 3 funding settlements differ" in found.said
    assert "the archive's file and the stored rows, the first at 2026-02-03 08:00" in found.said


def test_the_same_rates_an_interval_later_differ():
    later = settlements(1e-4, 2e-4, 3e-4).with_columns(pl.col("ts") + 8 * HOUR)
    found = SETTLEMENTS.compared(
        later, settlements(1e-4, 2e-4, 3e-4), vendor_symbol="BTCUSDT", day=DAY
    )
    assert found.instants == len(found.differing) == 2


@pytest.mark.parametrize(
    ("now", "day", "month"),
    [
        ("2026-03-10T00:00", "2026-03-08", "2026-02-01 2026-02-28"),
        ("2026-03-08T00:00", "2026-03-06", "2026-02-01 2026-02-28"),
        ("2026-03-07T23:59", "2026-03-05", "2026-01-01 2026-01-31"),
        ("2026-01-03T12:00", "2026-01-01", "2025-11-01 2025-11-30"),
    ],
)
def test_the_newest_file_that_should_be_there_is_compared(now, day, month):
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = BARS.days(at)
    assert (str(found.first), str(found.last)) == (day, day)
    found = SETTLEMENTS.days(at)
    assert f"{found.first} {found.last}" == month


@pytest.mark.parametrize(
    ("comparison", "files"), [(BARS, "days"), (SETTLEMENTS, "months")], ids=["day", "month"]
)
def test_what_was_stored_before_anybody_took_the_file_came_by_rest(comparison, files):
    file = comparison.days(datetime(2026, 3, 10, 9, 30, tzinfo=UTC))
    wanted = (midnight(file.first), midnight(file.last) + timedelta(days=1))
    before = plan(*wanted, now=file.taken_from - timedelta(milliseconds=1))
    assert not getattr(before, files)
    assert list(getattr(plan(*wanted, now=file.taken_from), files)) == [file.first]


def test_a_run_compares_if_it_wants_a_past_day_that_is_not_long_over():
    now = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
    assert is_due([date(2026, 3, 9), date(2026, 3, 10)], now=now)
    assert not is_due([date(2026, 3, 10)], now=now)
    assert not is_due([date(2025, 3, 9)], now=now)
