"""Funding averages and the leverage score by hand."""

import statistics

import polars as pl
import pytest

from cryptopipe_assets.quant.metrics.leverage.ratios import leverage_ratios
from cryptopipe_tests.reference.leverage_rows import (
    DAY,
    NO_CAP,
    NO_FUNDING,
    START,
    cap,
    funding,
    interest,
)


def last(values, caps=NO_CAP, rates=NO_FUNDING) -> dict[str, object]:
    return leverage_ratios(interest(values), caps, rates).row(-1, named=True)


def test_funding_is_averaged_over_a_week_and_a_month():
    rates = [0.0001 * (1 + n % 3) for n in range(29)] + [-0.0002]
    row = last([1.0] * 30, rates=funding(rates))
    assert row["funding_8h_bp"] == pytest.approx(-2.0)
    assert row["avg_funding_7d"] == pytest.approx(statistics.mean(rates[-7:]), rel=1e-12)
    assert row["avg_funding_30d"] == pytest.approx(statistics.mean(rates), rel=1e-12)
    assert row["funding_volatility_30d"] == pytest.approx(statistics.stdev(rates), rel=1e-12)
    assert row["positive_funding_share_30d"] == pytest.approx(29 / 30)
    assert row["cost_long_30d_ann"] == pytest.approx(3 * sum(rates) * 365 / 30, rel=1e-12)
    assert (row["funding_days_30d"], row["oi_days_30d"]) == (30, 30)


def test_a_constant_rate_has_no_volatility():
    assert last([1.0] * 30, rates=funding([0.0001] * 30))["funding_volatility_30d"] == 0.0


def test_twenty_of_thirty_days_of_funding_are_enough_and_nineteen_are_not():
    assert last([1.0] * 30, rates=funding([0.1] * 20 + [None] * 10))["avg_funding_30d"] is not None
    assert last([1.0] * 30, rates=funding([0.1] * 19 + [None] * 11))["avg_funding_30d"] is None


def three_coins() -> pl.DataFrame:
    coins = {"AAA": 1.0, "BBB": 2.0, "CCC": 3.0}
    caps = [cap(100.0, at=START + DAY, coin=c, coin_id=f"cmc:{c}") for c in coins]
    rows = [interest([usd], coin) for coin, usd in coins.items()]
    return leverage_ratios(pl.concat(rows), pl.concat(caps), NO_FUNDING)


def test_the_score_of_one_term_is_its_percentile_rank():
    table = three_coins()
    assert table["leverage_score"].to_list() == pytest.approx([100 / 3, 200 / 3, 100.0])
    assert table["score_terms"].to_list() == [1, 1, 1]


def test_the_score_weighs_ratio_funding_and_growth_60_20_20_and_ties_share_a_rank():
    days = 31
    rows = pl.concat(
        [
            interest([1.0] * (days - 1) + [2.0], "AAA"),
            interest([4.0] * days, "BBB"),
            interest([None] * (days - 1) + [2.0], "CCC"),
        ]
    )
    caps = pl.concat(
        [cap(100.0, at=START + days * DAY, coin=c, coin_id=c) for c in ("AAA", "BBB", "CCC")]
    )
    rates = pl.concat([funding([-0.3] * days, "AAA"), funding([0.1] * days, "BBB")])
    table = leverage_ratios(rows, caps, rates, start=START + (days - 1) * DAY)
    # ratio: 2, 4, 2 of 3; size of funding: 2, 1 of 2; growth: +100 % and 0 of 2.
    expected = [
        60 * 1.5 / 3 + 20 * 2 / 2 + 20 * 2 / 2,
        60 * 3 / 3 + 20 * 1 / 2 + 20 * 1 / 2,
        100 * 1.5 / 3,
    ]
    assert table["leverage_score"].to_list() == pytest.approx(expected)
    assert table["score_terms"].to_list() == [3, 3, 1]


def test_a_coin_without_any_term_has_no_score():
    row = last([5.0])
    assert (row["leverage_score"], row["score_terms"]) == (None, 0)
