"""Leverage by hand: each metric from numbers that fit in one's head."""

import math
import statistics
from itertools import pairwise

import polars as pl
import pytest

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.quant.metrics.leverage.ratios import LEVERAGE_COLUMNS, leverage_ratios
from cryptopipe_tests.reference.leverage_rows import (
    DAY,
    MS,
    NO_CAP,
    NO_FUNDING,
    START,
    UTC_MS,
    cap,
    interest,
)


def last(values, caps=NO_CAP, rates=NO_FUNDING) -> dict[str, object]:
    return leverage_ratios(interest(values), caps, rates).row(-1, named=True)


def test_the_ratio_compares_the_days_close_with_the_cap_known_at_its_end():
    row = last([5.0], cap(100.0, at=START + DAY))
    assert row["oi_to_market_cap"] == 0.05
    assert row["available_at"] == START + DAY + MS
    assert row["market_cap_asof"] == START + DAY
    assert (row["coin_id"], row["oi_coverage"]) == ("cmc:1", 0.9)


def test_a_cap_published_after_the_day_waits_for_the_next_one():
    late = cap(100.0, at=START + DAY, known=START + DAY + 2 * MS)
    table = leverage_ratios(interest([5.0, 5.0]), late, NO_FUNDING)
    assert table["oi_to_market_cap"].to_list() == [None, 0.05]


def test_a_cap_of_more_than_three_days_is_unknown():
    table = leverage_ratios(interest([5.0] * 5), cap(100.0, at=START + DAY), NO_FUNDING)
    assert table["oi_to_market_cap"].to_list() == [0.05] * 4 + [None]
    assert table["market_cap_asof"].to_list()[-1] is None


def test_a_revised_cap_counts_from_its_revision_and_a_late_old_one_never():
    first = cap(100.0, at=START + DAY)
    revised = cap(50.0, at=START + DAY, known=START + 2 * DAY)
    stale = cap(1.0, at=START, known=START + 3 * DAY)
    for caps in ([first, revised, stale], [stale, revised, first]):
        table = leverage_ratios(interest([5.0] * 3), pl.concat(caps), NO_FUNDING)
        assert table["oi_to_market_cap"].to_list() == [0.05, 0.1, 0.1]


def test_of_two_ids_with_one_ticker_the_larger_is_meant():
    caps = pl.concat(
        [
            cap(10.0, at=START + DAY, coin_id="cmc:9"),
            cap(100.0, at=START + DAY, coin_id="cmc:1"),
            cap(200.0, at=START + 2 * DAY, coin_id="cmc:9"),
        ]
    )
    table = leverage_ratios(interest([5.0, 5.0]), caps, NO_FUNDING)
    assert table["coin_id"].to_list() == ["cmc:1", "cmc:9"]
    assert table["oi_to_market_cap"].to_list() == [0.05, 0.025]


def test_a_cap_of_zero_gives_no_ratio():
    assert last([5.0], cap(0.0, at=START + DAY))["oi_to_market_cap"] is None


def test_volume_is_compared_with_the_mean_of_a_week_of_which_five_days_are_known():
    caps = cap(100.0, at=START + 7 * DAY)
    assert last([None, 1.0, 2.0, None, 3.0, 4.0, 5.0], caps)["oi_to_volume"] == 3.0 / 10.0
    assert last([None, None, 2.0, None, 3.0, 4.0, 5.0], caps)["oi_to_volume"] is None


def test_growth_is_against_the_same_day_a_month_before_or_up_to_two_days_older():
    assert last([8.0, *[1.0] * 29, 10.0])["oi_growth_30d"] == 0.25
    assert last([8.0, 4.0, *[1.0] * 28, 10.0])["oi_growth_30d"] == 0.25
    assert last([8.0, None, None, *[1.0] * 29, 10.0])["oi_growth_30d"] == 0.25
    assert last([8.0, None, None, None, *[1.0] * 29, 10.0])["oi_growth_30d"] is None
    assert last([2.0, *[1.0] * 6, 3.0])["oi_growth_7d"] == 0.5
    assert last([2.0, *[1.0] * 89, 3.0])["oi_growth_90d"] == 0.5


def test_volatility_is_the_deviation_of_thirty_daily_changes():
    values = [100.0 + (n * 7) % 11 for n in range(40)]
    changes = [b / a - 1 for a, b in pairwise(values[9:])]
    assert len(changes) == 30
    assert last(values)["oi_volatility_30d"] == pytest.approx(statistics.stdev(changes), rel=1e-13)


def test_a_change_over_a_missing_day_is_no_daily_change():
    values = [100.0 + (n * 7) % 11 for n in range(31)]
    changes = [b / a - 1 for a, b in pairwise(values)]
    del changes[9:11]
    values[10] = None
    assert last(values)["oi_volatility_30d"] == pytest.approx(statistics.stdev(changes), rel=1e-12)


def test_the_trend_is_the_line_through_the_logs_with_its_t_statistic():
    logs = [0.01 * n + 0.05 * math.sin(n) for n in range(30)]
    line = statistics.linear_regression(range(30), logs)
    residual = sum((y - line.intercept - line.slope * x) ** 2 for x, y in enumerate(logs))
    error = math.sqrt(residual / 28 / sum((x - 14.5) ** 2 for x in range(30)))
    row = last([1e9 * math.exp(y) for y in logs])
    assert row["oi_trend_30d"] == pytest.approx(line.slope, rel=1e-10)
    assert row["oi_trend_tstat"] == pytest.approx(line.slope / error, rel=1e-10)
    assert row["oi_trend_label"] == "rising"


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ([1e6 * 0.99**n for n in range(30)], "falling"),
        ([1e6] * 30, "flat"),
        ([1e6 * (2 + (-1) ** n) for n in range(30)], "flat"),
        ([1e6] * 19, None),
    ],
)
def test_the_label_says_whether_the_trend_is_over_two_standard_errors(values, label):
    assert last(values)["oi_trend_label"] == label


@pytest.mark.parametrize("usd", [1234567.89, 7.3e6, 3.3e9])
def test_a_constant_open_interest_has_no_slope_no_volatility_and_no_t_statistic(usd):
    row = last([*[usd] * 11, None, None, *[usd] * 17])
    assert (row["oi_trend_30d"], row["oi_volatility_30d"], row["oi_trend_tstat"]) == (0, 0, None)
    assert row["oi_trend_label"] == "flat"


def test_the_mean_ratio_of_a_month_takes_what_is_known():
    caps = pl.concat([cap(100.0 * 2**n, at=START + (n + 1) * DAY) for n in range(2)])
    row = last([5.0, 5.0], caps)
    assert row["oi_to_market_cap_ma30"] == pytest.approx((0.05 + 0.025) / 2)
    assert row["oi_to_market_cap_std30"] == pytest.approx(statistics.stdev([0.05, 0.025]))


def test_excluded_coins_neither_appear_nor_take_a_rank():
    usdt = interest([1e9], "USDT", excluded=True)
    caps = pl.concat([cap(100.0, at=START + DAY), cap(1.0, at=START + DAY, coin="USDT")])
    table = leverage_ratios(pl.concat([interest([5.0]), usdt]), caps, NO_FUNDING)
    assert table["coin"].to_list() == ["AAA"]
    assert table["leverage_score"].to_list() == [100.0]


def test_open_interest_not_known_by_the_days_end_is_left_out():
    late = interest([5.0]).with_columns(available_at=pl.lit(START + 2 * DAY, UTC_MS))
    assert leverage_ratios(late, NO_CAP, NO_FUNDING).height == 0


def test_two_closes_of_one_day_are_refused():
    twice = pl.concat([interest([5.0]), interest([6.0])])
    with pytest.raises(RequestError, match="several for AAA on 2025-01-01"):
        leverage_ratios(twice, NO_CAP, NO_FUNDING)


def test_no_open_interest_gives_an_empty_table_with_all_columns():
    full = leverage_ratios(interest([5.0]), NO_CAP, NO_FUNDING)
    empty = leverage_ratios(interest([]), NO_CAP, NO_FUNDING)
    assert tuple(empty.columns) == LEVERAGE_COLUMNS
    assert (empty.height, empty.schema) == (0, full.schema)
