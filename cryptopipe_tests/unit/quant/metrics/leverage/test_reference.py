"""Leverage against pandas, against its own future, and day by day."""

from datetime import datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.quant.metrics.leverage.history import daily_aggregate
from cryptopipe_assets.quant.metrics.leverage.ratios import (
    LEVERAGE_COLUMNS,
    LOOKBACK,
    leverage_ratios,
)
from cryptopipe_tests.reference.daily_market import DAY, START, DailyMarket, daily_market
from cryptopipe_tests.reference.leverage_pandas import leverage_pandas
from cryptopipe_tests.reference.point_in_time import assert_not_silently_empty

DAYS = 200
CUTS = [START + n * DAY for n in (35, 120, 181)]
KEYS = {"ts", "available_at", "coin", "coin_id"}
METRICS = [name for name in LEVERAGE_COLUMNS if name not in KEYS]


@pytest.fixture(scope="module")
def market() -> DailyMarket:
    """More coins than are worked on at a time, so that the seams are tested too."""
    return daily_market(coins=90, days=DAYS)


def table_of(market: DailyMarket, **days: datetime) -> pl.DataFrame:
    return leverage_ratios(market.open_interest, market.market_cap, market.funding, **days)


@pytest.fixture(scope="module")
def table(market) -> pl.DataFrame:
    return table_of(market)


def test_every_number_agrees_with_an_independent_computation(market, table):
    expected = leverage_pandas(
        market.open_interest.to_pandas(), market.market_cap.to_pandas(), market.funding.to_pandas()
    )
    numbers = [name for name in METRICS if table[name].dtype.is_numeric()]
    theirs = pl.DataFrame({name: expected[name].to_numpy(float) for name in numbers})
    assert expected["coin"].to_list() == table["coin"].to_list()
    assert_frame_equal(
        table.select(pl.col(numbers).cast(pl.Float64)),
        theirs.fill_nan(None),
        rel_tol=1e-7,
        abs_tol=1e-12,
    )


@pytest.mark.parametrize("column", METRICS)
def test_no_column_is_silently_empty(table, column):
    assert_not_silently_empty(table, column)


def known_at(cut: datetime, market: DailyMarket) -> DailyMarket:
    usable = pl.col("available_at") <= pl.lit(cut) + pl.duration(milliseconds=1)
    return DailyMarket(**{name: frame.filter(usable) for name, frame in market.inputs().items()})


def otherwise_after(cut: datetime, market: DailyMarket) -> DailyMarket:
    """Turn every number into another one where it was not known at the cut."""
    unknown = pl.col("available_at") > pl.lit(cut) + pl.duration(milliseconds=1)

    def other(frame: pl.DataFrame) -> pl.DataFrame:
        floats = [name for name, dtype in frame.schema.items() if dtype.is_float()]
        return frame.with_columns(
            pl.when(unknown).then(pl.col(name).reverse() * 3 + 1).otherwise(name).alias(name)
            for name in floats
        )

    return DailyMarket(**{name: other(frame) for name, frame in market.inputs().items()})


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: f"{cut:%m-%d}")
@pytest.mark.parametrize("change", [known_at, otherwise_after])
def test_no_row_sees_the_future(market, table, cut, change):
    past = table.filter(pl.col("ts") < cut)
    assert past.height > 0
    assert_frame_equal(table_of(change(cut, market), end=cut), past, check_exact=True)


def test_a_day_at_a_time_gives_the_same_bits_as_the_whole_history(market, table):
    days = [START + n * DAY for n in range(DAYS - 12, DAYS)]
    by_day = []
    for day in days:
        since = pl.col("ts") >= pl.lit(day - LOOKBACK)
        recent = {name: frame.filter(since) for name, frame in market.inputs().items()}
        by_day.append(table_of(DailyMarket(**recent), start=day, end=day + DAY))
    expected = table.filter(pl.col("ts") >= days[0])
    assert_frame_equal(pl.concat(by_day).sort("coin", "ts"), expected, check_exact=True)


def test_the_order_of_the_rows_does_not_matter(market, table):
    shuffled = {
        name: frame.sample(fraction=1.0, shuffle=True, seed=3)
        for name, frame in market.inputs().items()
    }
    assert_frame_equal(table_of(DailyMarket(**shuffled)), table, check_exact=True)


def test_the_history_of_the_market_needs_ninety_days_of_rows_and_no_more(table):
    day = START + (DAYS - 1) * DAY
    whole = daily_aggregate(table).filter(pl.col("ts") == day)
    recent = daily_aggregate(table.filter(pl.col("ts") > day - 90 * DAY))
    assert_frame_equal(recent.filter(pl.col("ts") == day), whole, check_exact=True)
