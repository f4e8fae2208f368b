"""Funding: the interval a settlement is paid for, and the rate known at the end of an hour."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.quant.bars.funding import settlement_intervals, with_funding

MIDNIGHT = datetime(2025, 1, 1, tzinfo=UTC)
UTC_MS = pl.Datetime("ms", "UTC")


def at(hours: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hours)


def settlements(*hours: int, declared: int | None = None, symbol: str = "A") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ts": [at(hour) for hour in hours],
            "available_at": [at(hour) + timedelta(milliseconds=7) for hour in hours],
            "venue": ["binance"] * len(hours),
            "symbol": [symbol] * len(hours),
            "declared_interval_hours": [declared] * len(hours),
        },
        schema_overrides={
            "ts": UTC_MS,
            "available_at": UTC_MS,
            "declared_interval_hours": pl.Int64,
        },
    )


def versions(*seen: tuple[float, int], symbol: str = "A") -> pl.LazyFrame:
    """What the venue declared, from (hour since which it was known, interval)."""
    return pl.LazyFrame(
        {
            "venue": ["binance"] * len(seen),
            "symbol": [symbol] * len(seen),
            "available_at": [at(hour) for hour, _ in seen],
            "funding_interval_hours": [interval for _, interval in seen],
        },
        schema={
            "venue": pl.String,
            "symbol": pl.String,
            "available_at": UTC_MS,
            "funding_interval_hours": pl.Int64,
        },
    )


def intervals(*frames: pl.DataFrame, known: pl.LazyFrame | None = None) -> list[int | None]:
    known = versions() if known is None else known
    return (
        settlement_intervals(pl.concat(frames).lazy(), known).collect()["interval_hours"].to_list()
    )


def test_what_the_row_declares_decides_also_after_a_hole():
    assert intervals(settlements(0, 20, 28, declared=4)) == [4, 4, 4]


def test_what_the_venue_declared_when_it_settled_decides_and_not_what_it_declares_now():
    assert intervals(settlements(0, 8, 16, 24, 40), known=versions((10, 8))) == [None, 8, 8, 8, 8]
    assert intervals(settlements(0, 8, 12, 20), known=versions((-1, 4), (19, 8))) == [4, 4, 4, 8]
    assert intervals(settlements(0, 8), known=versions((-1, 1), symbol="B")) == [None, 8]


def test_a_settlement_that_comes_sooner_than_declared_shows_a_change_before_it_is_declared():
    assert intervals(settlements(0, 8, 12, 13), known=versions((-1, 8))) == [8, 8, 4, 1]


def test_without_a_declaration_an_interval_is_the_time_since_the_settlement_before():
    assert intervals(settlements(0, 8, 16, 20, 24, 25)) == [None, 8, 8, 4, 4, 1]


def test_a_longer_step_may_be_a_hole_until_it_comes_twice():
    assert intervals(settlements(0, 4, 8, 16, 20)) == [None, 4, 4, None, 4]
    assert intervals(settlements(0, 4, 8, 16, 24, 32)) == [None, 4, 4, None, 8, 8]


def test_an_odd_step_says_nothing_and_neither_does_the_one_after_it():
    # every hour until 02:00, then at 05:00, and every 4 hours from there
    assert intervals(settlements(0, 1, 2, 5, 9, 13)) == [None, 1, 1, None, None, 4]
    assert intervals(settlements(0, 3, 8)) == [None, None, None]


def test_a_first_settlement_has_no_interval_before_one_is_declared():
    assert intervals(settlements(0)) == [None]
    assert intervals(settlements(0, 8)) == [None, 8]
    assert intervals(settlements(0, 8), known=versions((-1, 8))) == [8, 8]


def test_a_settlement_that_came_late_is_no_predecessor_of_those_before_it_came():
    late = settlements(8).with_columns(available_at=pl.lit(at(17)).cast(UTC_MS))
    assert intervals(settlements(-8, 0, 16, 24), late) == [None, 8, None, None, 8]


def test_instruments_do_not_mix_and_come_out_sorted():
    mixed = pl.concat([settlements(0, 8, symbol="B"), settlements(4, 5, symbol="A")])
    result = settlement_intervals(mixed.lazy(), versions()).collect()
    assert result["symbol"].to_list() == ["A", "A", "B", "B"]
    assert result["interval_hours"].to_list() == [None, 1, None, 8]


def hours(*opens: int, symbol: str = "A") -> pl.LazyFrame:
    return pl.LazyFrame(
        {"ts": [at(hour) for hour in opens], "venue": "binance", "symbol": symbol},
        schema={"ts": UTC_MS, "venue": pl.String, "symbol": pl.String},
    )


def rates(
    *each: tuple[int, float, int | None], late_ms: int = 7, symbol: str = "A"
) -> pl.LazyFrame:
    """Settlements from (hour, rate, interval), published ``late_ms`` plus one later."""
    return pl.LazyFrame(
        {
            "ts": [at(hour) for hour, _, _ in each],
            "available_at": [at(h) + timedelta(milliseconds=late_ms + 1) for h, _, _ in each],
            "venue": ["binance"] * len(each),
            "symbol": [symbol] * len(each),
            "funding_rate": [rate for _, rate, _ in each],
            "interval_hours": [interval for _, _, interval in each],
        },
        schema_overrides={"ts": UTC_MS, "available_at": UTC_MS, "interval_hours": pl.Int64},
    )


def column(name: str, bars: pl.LazyFrame, funding: pl.LazyFrame) -> list[float | None]:
    return with_funding(bars, funding).collect()[name].to_list()


@pytest.mark.parametrize("late_ms", [0, 17])
def test_a_settlement_at_the_end_of_a_bar_belongs_to_the_next_bar(late_ms):
    funding = rates((0, 0.1, 8), (8, 0.2, 8), late_ms=late_ms)
    assert column("funding_rate", hours(6, 7, 8), funding) == [0.1, 0.1, 0.2]
    assert column("funding_age_h", hours(6, 7, 8), funding) == [7.0, 8.0, 1.0]


def test_a_rate_is_used_for_its_interval_and_one_hour_more():
    # Ages at the ends of the bars 7, 8, 9: 8, 9 and 10 hours.
    assert column("funding_rate", hours(7, 8, 9), rates((0, 0.1, 8))) == [0.1, 0.1, None]
    assert column("funding_rate", hours(0, 1, 2), rates((0, 0.1, 1))) == [0.1, 0.1, None]


def test_nothing_is_known_before_the_first_settlement_or_without_an_interval():
    assert column("funding_rate", hours(-1, 0), rates((0, 0.1, 8))) == [None, 0.1]
    stale = with_funding(hours(0), rates((0, 0.1, None))).collect().row(0, named=True)
    assert [stale[name] for name in ("funding_rate", "funding_age_h", "arb_pressure")] == [None] * 3


@pytest.mark.parametrize(
    ("interval", "per_8h", "per_year"), [(8, 1e-4, 0.1095), (4, 2e-4, 0.219), (1, 8e-4, 0.876)]
)
def test_rates_are_compared_by_the_real_interval(interval, per_8h, per_year):
    row = with_funding(hours(0), rates((0, 1e-4, interval))).collect().row(0, named=True)
    assert row["funding_interval_hours"] == interval
    assert row["funding_rate_8h"] == pytest.approx(per_8h)
    assert row["funding_annualized"] == pytest.approx(per_year)
    assert row["arb_pressure"] is (per_year > 0.30)


def test_the_change_is_against_the_row_one_hour_earlier_and_null_without_it():
    funding = rates((0, 0.10, 8), (8, 0.25, 8))
    assert column("funding_delta", hours(6, 7, 8, 10), funding) == [
        None,
        0.0,
        pytest.approx(0.15),
        None,
    ]


def test_funding_of_another_instrument_is_not_used():
    assert column("funding_rate", hours(0), rates((0, 0.1, 8), symbol="B")) == [None]
