"""The panel of the strategies: joined as of the end of the day, blind to what comes after."""

import math
import statistics
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.quant.math.returns import daily_volatility
from cryptopipe_assets.quant.metrics.dilution.metrics import dilution_metrics
from cryptopipe_assets.quant.metrics.leverage.ratios import leverage_ratios
from cryptopipe_assets.quant.strategies.dilution import Dilution
from cryptopipe_assets.quant.strategies.leverage_inverted import LeverageInverted
from cryptopipe_assets.quant.strategies.panel import VOLATILITY_LOOKBACK, daily_panel
from cryptopipe_assets.quant.strategies.strategy_set import STRATEGIES
from cryptopipe_tests.reference.daily_market import DAY, START, DailyMarket, daily_market

DAYS = 260
MS = timedelta(milliseconds=1)


@pytest.fixture(scope="module")
def market() -> DailyMarket:
    return daily_market(coins=14, days=DAYS)


def panel_of(market: DailyMarket, **days: datetime) -> pl.DataFrame:
    leverage = leverage_ratios(market.open_interest, market.market_cap, market.funding, **days)
    dilution = dilution_metrics(market.market_cap)
    return daily_panel(market.prices, leverage, dilution, **days)


@pytest.fixture(scope="module")
def panel(market) -> pl.DataFrame:
    return panel_of(market)


def test_there_is_one_row_per_coin_and_day_that_has_a_price_or_a_leverage(market, panel):
    traded = market.prices.select("ts", "coin")
    leveraged = market.open_interest.filter(~pl.col("is_excluded")).select("ts", "coin")
    assert panel.select("ts", "coin").equals(
        pl.concat([traded, leveraged]).unique().sort("ts", "coin")
    )


def test_nothing_in_a_row_is_younger_than_the_row(panel):
    stamps = panel.select("available_at", "oi_asof", "market_cap_asof", "supply_asof", "price_asof")
    for name in stamps.columns[1:]:
        assert (
            stamps[name].drop_nulls()
            <= stamps["available_at"].gather(stamps[name].is_not_null().arg_true())
        ).all()
        assert stamps[name].null_count() < panel.height


def test_a_price_that_came_after_its_day_is_not_in_the_panel(market):
    late = pl.col("coin") == "C000"
    prices = market.prices.with_columns(
        pl.when(late)
        .then(pl.col("available_at") + MS)
        .otherwise("available_at")
        .alias("available_at")
    )
    rows = panel_of(replace(market, prices=prices)).filter(late)
    assert rows.height > 0
    assert rows["close_usd"].null_count() == rows["price_asof"].null_count() == rows.height


def test_stablecoins_do_not_come_through_to_the_book(panel):
    book = LeverageInverted(n=2).signals(panel)
    assert "C002" in panel["coin"]
    assert "C002" not in book.frame["coin"]
    assert book.refused["coins_excluded"] == panel.filter("is_excluded").height


@pytest.mark.parametrize("days", [100, 255])
def test_no_signal_sees_the_future(market, panel, days):
    cut = START + days * DAY
    known = pl.col("available_at") <= pl.lit(cut + MS)
    past = DailyMarket(**{name: frame.filter(known) for name, frame in market.inputs().items()})
    before = pl.col("ts") < cut
    assert_frame_equal(panel_of(past, end=cut), panel.filter(before), check_exact=True)
    for strategy in (LeverageInverted(n=3), Dilution(), *STRATEGIES):
        whole = strategy.signals(panel).frame.filter(before)
        assert_frame_equal(strategy.signals(panel.filter(before)).frame, whole, check_exact=True)


def test_a_day_at_a_time_gives_the_same_bits(market, panel):
    days = [START + n * DAY for n in range(DAYS - 5, DAYS)]
    by_day = pl.concat([panel_of(market, start=day, end=day + DAY) for day in days])
    assert_frame_equal(by_day, panel.filter(pl.col("ts") >= days[0]), check_exact=True)
    for strategy in (LeverageInverted(n=3), Dilution()):
        whole = strategy.signals(panel).frame.filter(pl.col("ts") >= days[0])
        assert_frame_equal(strategy.signals(by_day).frame, whole, check_exact=True)


def test_volatility_is_the_annualised_deviation_of_the_windows_returns(market):
    prices = market.prices.filter(pl.col("coin") == "C000")
    day = prices["ts"][-1]
    row = daily_volatility(prices, days=30).filter(pl.col("ts") == day).row(0, named=True)
    close = dict(prices.select("ts", "close_usd").iter_rows())
    dates = [day - n * DAY for n in range(30)]
    returns = [close[t] / close[t - DAY] - 1 for t in dates if t in close and t - DAY in close]
    assert 20 <= len(returns) <= 30
    expected = statistics.stdev(returns) * math.sqrt(365)
    assert row["volatility_30d"] == pytest.approx(expected, rel=1e-12)


def test_a_young_coin_has_no_volatility():
    prices = daily_market(coins=1, days=90, holes=0.0).prices
    volatility = daily_volatility(prices, days=30)
    assert volatility["volatility_30d"].is_null().arg_true().to_list() == list(range(29))
    assert daily_volatility(prices, days=90)["volatility_90d"].null_count() == 89


def test_twice_the_window_of_prices_is_enough_for_a_volatility(market):
    day = START + (DAYS - 1) * DAY
    recent = market.prices.filter(pl.col("ts") >= pl.lit(day - VOLATILITY_LOOKBACK))
    whole = daily_volatility(market.prices, days=90).filter(pl.col("ts") == day)
    assert whole["volatility_90d"].drop_nulls().len() > 0
    assert_frame_equal(daily_volatility(recent, days=90, start=day), whole, check_exact=True)


def test_a_close_that_tells_no_cap_does_not_displace_the_supply_that_was_said(market):
    leverage = leverage_ratios(market.open_interest, market.market_cap, market.funding)
    dilution = dilution_metrics(market.market_cap)
    last = dilution["ts"].max()
    nothing = [pl.lit(None, dilution.schema[name]).alias(name) for name in ("cap_kind", "cap_pit")]
    silent = pl.concat(
        [
            dilution.filter(pl.col("ts") < last),
            dilution.filter(pl.col("ts") == last).with_columns(nothing),
        ]
    )
    of_last = pl.col("ts") == last
    asked = [
        daily_panel(market.prices, leverage, each).filter(of_last, coin="C000")
        for each in (dilution.filter(pl.col("ts") < last), silent)
    ]
    assert asked[0]["cap_kind"].to_list() == ["max"]
    assert_frame_equal(*asked)
