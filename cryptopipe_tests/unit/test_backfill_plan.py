"""The estimate of a backfill, counted by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cryptopipe_assets.backfill_plan import Followed, estimate, refuse_if_it_cannot_fit
from cryptopipe_assets.errors import RequestError
from cryptopipe_assets.limits import Vendors

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


def test_a_plan_beyond_the_month_of_a_key_is_refused_with_both_figures():
    coins = [
        Followed(symbol=f"C{each}-USDT-PERP", coin=f"C{each}", listed=date(2020, 1, 1))
        for each in range(1000)
    ]
    lines = estimate(
        ["market_cap"],
        coins,
        days("2026-01-01", "2026-11-24"),
        limits=Vendors(),
        coingecko_plan="demo",
        now=NOW,
    )
    with pytest.raises(RequestError, match=r"11,044 calls of CoinGecko.* demo has 10,000 a month"):
        refuse_if_it_cannot_fit(lines, coingecko_plan="demo")
    refuse_if_it_cannot_fit(lines, coingecko_plan="pro")
