"""The estimate of a backfill, counted by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.operations.backfill.estimate import estimate, refuse_if_it_cannot_fit
from cryptopipe_assets.vendors.allowances import Allowance
from cryptopipe_assets.vendors.calls_left import CallsLeft
from cryptopipe_assets.vendors.catalog import Vendors
from cryptopipe_assets.vendors.terms import Followed

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BTC = Followed(symbol="BTC-USDT-PERP", coin="BTC", listed=date(2019, 9, 8))
YOUNG = Followed(symbol="HYPE-USDT-PERP", coin="HYPE", listed=date(2026, 10, 3))


def days(first: str, last: str) -> list[date]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [start + timedelta(days=each) for each in range((end - start).days + 1)]


def planned(tables: list[str], contracts: list[Followed], span: list[date]) -> dict:
    lines = estimate(tables, contracts, span, limits=Vendors(), now=NOW)
    return {(each.table, each.vendor): each.calls for each in lines}


def test_whole_past_months_of_bars_are_a_file_and_its_checksum_and_other_days_one_each():
    # September is over and 21 of its days are wanted: one file. Of October five days: five files.
    assert planned(["ohlcv_1m"], [BTC], days("2026-09-10", "2026-10-05")) == {
        ("ohlcv_1m", "binance archive"): 2 * (1 + 5)
    }


def test_the_last_days_of_bars_come_by_rest_in_pages_of_499():
    # The archive has 23 November; the two days after it are 2,880 minutes in six pages.
    assert planned(["ohlcv_1m"], [BTC], days("2026-11-23", "2026-11-25")) == {
        ("ohlcv_1m", "binance archive"): 2,
        ("ohlcv_1m", "binance"): 6,
    }


def test_a_contract_costs_nothing_before_it_was_listed():
    span = days("2026-09-01", "2026-09-30")
    assert planned(["ohlcv_1m", "funding_rate"], [YOUNG], span) == {}


def test_a_contract_that_was_closed_and_opened_again_costs_its_files_in_both_lives():
    first_life = (date(2026, 8, 3), date(2026, 9, 20))
    twice = replace(YOUNG, earlier=(first_life,))
    # September's file, though the newest life begins in October; nothing in July.
    assert planned(["ohlcv_1m"], [twice], days("2026-09-01", "2026-09-30")) == {
        ("ohlcv_1m", "binance archive"): 2
    }
    assert planned(["ohlcv_1m"], [twice], days("2026-07-01", "2026-07-31")) == {}


def test_a_past_month_of_settlements_is_a_file_and_two_pages_of_the_day_before():
    # August's last day is one page with rows and the empty one after it.
    assert planned(["funding_rate"], [BTC], days("2026-09-01", "2026-09-30")) == {
        ("funding_rate", "binance archive"): 2,
        ("funding_rate", "binance"): 2,
    }


def test_open_interest_beyond_a_month_is_a_file_a_day():
    # 28 days back is 28 October: ten days before it by file, 3 days after it in one page.
    span = days("2026-10-18", "2026-10-30")
    assert planned(["open_interest"], [BTC], span) == {
        ("open_interest", "binance archive"): 2 * 10,
        ("open_interest", "binance"): 1,
        # 312 hours are two pages of each of two series of two contracts, besides two lists.
        ("open_interest", "bybit"): 2 + 2 * 2 * 2,
    }


def test_market_caps_are_a_chart_a_coin_and_month_at_eight_a_minute_without_a_key():
    span = days("2026-09-10", "2026-10-05")
    [line] = estimate(["market_cap"], [BTC, YOUNG], span, limits=Vendors(), now=NOW)
    assert (line.calls, line.seconds) == (2 * (1 + 2), 45.0)  # with a list of ids a month


def test_derived_tables_ask_nobody():
    assert planned(["factors_1h", "signals"], [BTC], days("2026-09-10", "2026-10-05")) == {}


def left_of(vendor: str, family: str, *, planned: int, used: int) -> list[CallsLeft]:
    allowance = Allowance(
        vendor=vendor, family=family, window="month", limit=10_000, planned=planned
    )
    renewal = datetime(2026, 12, 1, tzinfo=UTC)
    return [CallsLeft(allowance=allowance, account="address", used=used, renewed_at=renewal)]


def lines_of(coins: int, source: str, first: str) -> list:
    contracts = [
        Followed(symbol=f"C{each}-USDT-PERP", coin=f"C{each}", listed=date(2020, 1, 1))
        for each in range(coins)
    ]
    span = days(first, "2026-11-24")
    return estimate(
        ["market_cap"],
        contracts,
        span,
        limits=Vendors(),
        plans={"coingecko": "demo"},
        sources={"market_cap": source},
        now=NOW,
    )


def test_a_plan_beyond_the_month_of_a_key_is_refused_with_both_figures():
    lines = lines_of(1000, "coingecko", "2026-01-01")
    said = (
        r"11,044 calls-demo of coingecko, which has 8,000 left of 8,000 a month: request fewer days"
    )
    with pytest.raises(RequestError, match=said):
        refuse_if_it_cannot_fit(lines, left_of("coingecko", "calls-demo", planned=8000, used=0))
    refuse_if_it_cannot_fit(lines, left_of("coingecko", "calls-pro", planned=500_000, used=0))
    refuse_if_it_cannot_fit(lines, [])


def test_a_plan_that_would_fit_into_a_new_month_is_told_to_wait_for_it():
    lines = lines_of(100, "coingecko", "2026-11-01")
    refuse_if_it_cannot_fit(lines, left_of("coingecko", "calls-demo", planned=8000, used=7899))
    with pytest.raises(RequestError, match=r"has 100 left of 8,000 .* wait until 2026-12-01, or "):
        refuse_if_it_cannot_fit(lines, left_of("coingecko", "calls-demo", planned=8000, used=7900))


def test_listings_of_past_days_cost_three_credits_each_and_fit_or_do_not():
    (line,) = lines_of(5, "coinmarketcap", "2026-11-15")
    assert (line.vendor, line.calls, line.counted) == ("coinmarketcap", 10, 30)
    refuse_if_it_cannot_fit([line], left_of("coinmarketcap", "credits", planned=8000, used=7970))
    with pytest.raises(RequestError, match=r"30 credits of coinmarketcap, which has 29 left"):
        refuse_if_it_cannot_fit(
            [line], left_of("coinmarketcap", "credits", planned=8000, used=7971)
        )
