"""Inputs of leverage by day, and its history: Mondays, the market, averages."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.quant.metrics.leverage.history import coin_averages, daily_aggregate, weekly
from cryptopipe_assets.quant.metrics.leverage.inputs import daily_funding, daily_market_cap

MONDAY = datetime(2025, 1, 6, tzinfo=UTC)
DAY, HOUR, MS = timedelta(days=1), timedelta(hours=1), timedelta(milliseconds=1)
UTC_MS = pl.Datetime("ms", "UTC")


def settlements(*rows: tuple[str, int, float, int | None], late: timedelta = timedelta(0)):
    """Make settlements from (symbol, hour after Monday, rate, interval)."""
    return pl.DataFrame(
        [
            (
                MONDAY + h * HOUR,
                MONDAY + h * HOUR + MS + late,
                "binance",
                symbol,
                "BTC",
                rate,
                every,
            )
            for symbol, h, rate, every in rows
        ],
        schema={
            "ts": UTC_MS,
            "available_at": UTC_MS,
            "venue": pl.String,
            "symbol": pl.String,
            "coin": pl.String,
            "funding_rate": pl.Float64,
            "interval_hours": pl.Int64,
        },
        orient="row",
    )


def test_a_days_funding_is_what_was_paid_per_eight_hours():
    funding = daily_funding(
        settlements(("A", 0, 0.0003, 8), ("A", 8, 0.0001, 8), ("A", 16, 0.0002, 8), ("A", 24, 9, 8))
    )
    assert funding["funding_8h"].to_list() == pytest.approx([0.0002, 9.0])
    assert funding["funding_asof"][0] == MONDAY + 16 * HOUR
    assert funding["available_at"][0] == MONDAY + DAY + MS


def test_rates_of_other_intervals_are_brought_to_eight_hours():
    hourly = [("A", h, 0.00001, 1) for h in range(24)]
    assert daily_funding(settlements(*hourly))["funding_8h"].to_list() == pytest.approx([0.00008])
    switching = settlements(("A", 0, 0.0008, 8), ("A", 4, 0.0001, 4))
    assert daily_funding(switching)["funding_8h"].to_list() == pytest.approx([0.0009 * 8 / 12])


def test_contracts_of_a_coin_count_alike_however_often_they_settle():
    both = settlements(("A", 0, 0.0008, 8), ("B", 0, 0.0001, 1), ("B", 1, 0.0001, 1))
    funding = daily_funding(both)
    assert funding["funding_8h"].to_list() == pytest.approx([0.0008])
    assert funding["funding_contracts"].to_list() == [2]


def test_settlements_that_came_after_their_day_or_without_an_interval_do_not_count():
    assert daily_funding(settlements(("A", 16, 0.1, 8), late=9 * HOUR)).height == 0
    assert daily_funding(settlements(("A", 16, 0.1, None))).height == 0


def prices(*closes: float) -> pl.DataFrame:
    days = [MONDAY + n * DAY for n in range(len(closes))]
    return pl.DataFrame(
        {"ts": days, "coin": ["BTC"] * len(days), "close_usd": closes},
        schema_overrides={"ts": UTC_MS},
    ).with_columns(
        available_at=pl.col("ts") + pl.duration(days=1, milliseconds=1),
        volume_24h_usd=pl.lit(None, pl.Float64),
    )


def supply(at: datetime, circulating: float) -> pl.DataFrame:
    return pl.DataFrame(
        [(at, at + MS, "cmc:1", "BTC", circulating * 10, circulating)],
        schema={
            "ts": UTC_MS,
            "available_at": UTC_MS,
            "coin_id": pl.String,
            "coin": pl.String,
            "market_cap_usd": pl.Float64,
            "circulating_supply": pl.Float64,
        },
        orient="row",
    )


def test_a_days_market_cap_is_its_price_times_the_supply_last_known():
    snapshots = pl.concat([supply(MONDAY, 20.0), supply(MONDAY + 2 * DAY, 21.0)])
    caps = daily_market_cap(prices(10.0, 11.0, 12.0), snapshots)
    assert caps["market_cap_usd"].to_list() == [200.0, 231.0, 252.0]
    assert caps["ts"].to_list() == [MONDAY + n * DAY for n in (1, 2, 3)]
    assert caps["available_at"][0] == MONDAY + DAY + MS
    assert caps["supply_asof"].to_list() == [MONDAY, MONDAY + 2 * DAY, MONDAY + 2 * DAY]


def test_a_supply_of_more_than_45_days_makes_no_market_cap():
    old = supply(MONDAY - 44 * DAY, 20.0)
    assert daily_market_cap(prices(10.0, 11.0), old)["ts"].to_list() == [MONDAY + DAY]


def leverage(*rows: tuple[int, str, float, float | None]) -> pl.DataFrame:
    """Rows of leverage_ratios from (day after Monday, coin, open interest, market cap)."""
    frame = pl.DataFrame(
        [(MONDAY + n * DAY, coin, usd, market_cap) for n, coin, usd, market_cap in rows],
        schema={
            "ts": UTC_MS,
            "coin": pl.String,
            "open_interest_usd": pl.Float64,
            "market_cap_usd": pl.Float64,
        },
        orient="row",
    )
    return frame.with_columns(
        available_at=pl.col("ts") + pl.duration(days=1, milliseconds=1),
        oi_to_market_cap=pl.col("open_interest_usd") / pl.col("market_cap_usd"),
    )


def test_the_weekly_history_is_mondays_rows_usable_from_tuesday():
    weeks = weekly(leverage(*((n, "BTC", 1.0, 10.0) for n in range(-3, 10))))
    assert weeks["ts"].to_list() == [MONDAY, MONDAY + 7 * DAY]
    assert weeks["available_at"][0] == datetime(2025, 1, 7, 0, 0, 0, 1000, tzinfo=UTC)


def test_the_market_is_total_over_total_and_the_mean_of_the_coins():
    rows = leverage(
        (0, "A", 1.0, 10.0), (0, "B", 3.0, 90.0), (0, "C", 5.0, None), (1, "A", 2.0, 10.0)
    )
    market = daily_aggregate(rows)
    assert market["coins"].to_list() == [2, 1]
    assert market["total_open_interest_usd"].to_list() == [4.0, 2.0]
    assert market["aggregate_oi_to_market_cap"].to_list() == pytest.approx([0.04, 0.2])
    assert market["mean_oi_to_market_cap"].to_list() == pytest.approx([(0.1 + 1 / 30) / 2, 0.2])
    assert market["aggregate_ma30"].to_list() == pytest.approx([0.04, 0.12])


def test_the_means_of_the_market_are_over_calendar_days():
    market = daily_aggregate(
        leverage((0, "A", 1.0, 10.0), (29, "A", 2.0, 10.0), (31, "A", 4.0, 10.0))
    )
    assert market["aggregate_ma30"].to_list() == pytest.approx([0.1, 0.15, 0.3])
    assert market["aggregate_ma90"].to_list() == pytest.approx([0.1, 0.15, 0.7 / 3])


def test_coins_are_summarised_over_their_known_days():
    rows = leverage(
        (0, "A", 1.0, 10.0), (1, "A", 3.0, 10.0), (2, "A", 9.0, None), (0, "B", 1.0, 5.0)
    )
    table = coin_averages(rows)
    assert table["days"].to_list() == [2, 1]
    assert table["oi_to_market_cap_mean"].to_list() == pytest.approx([0.2, 0.2])
    assert table["oi_to_market_cap_median"].to_list() == pytest.approx([0.2, 0.2])
    assert table["oi_to_market_cap_std"].to_list() == [pytest.approx(0.02**0.5), None]
    assert table["oi_to_market_cap_max"].to_list() == pytest.approx([0.3, 0.2])
    assert table["open_interest_mean_usd"].to_list() == [2.0, 1.0]


@pytest.mark.parametrize("summary", [weekly, daily_aggregate, coin_averages])
def test_no_leverage_has_an_empty_history(summary):
    rows = leverage((0, "A", 1.0, 10.0))
    assert summary(rows.clear()).schema == summary(rows).schema
