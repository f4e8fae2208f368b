"""The crossing averages: the golden vector, the warm-up, the decay."""

import math
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cryptopipe_assets.quant.strategies.ema_crossover import EmaCrossover

TS = datetime(2025, 1, 1, tzinfo=UTC)
DAY, MS = timedelta(days=1), timedelta(milliseconds=1)
UTC_MS = pl.Datetime("ms", "UTC")
GOLDEN_PRICES = [100, 101, 102, 101, 99, 97, 96, 98, 101, 104, 107, 110]
GOLDEN_SIGNAL = [0, 1, 0.97, 0.941, 0.913, -1, -0.97, -0.941, -0.913, 1, 0.97, 0.941]


def prices(values: list[float | None], coin: str = "AAA", *, excluded: bool = False):
    rows = [
        (TS + n * DAY, TS + (n + 1) * DAY + MS, coin, excluded, value, TS + (n + 1) * DAY)
        for n, value in enumerate(values)
    ]
    schema = {
        "ts": UTC_MS,
        "available_at": UTC_MS,
        "coin": pl.String,
        "is_excluded": pl.Boolean,
        "close_usd": pl.Float64,
        "price_asof": UTC_MS,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def by_hand(values: list[float], *, decay: float = 0.97) -> list[float]:
    """Follow the definition price by price, in plain Python, without a warm-up."""
    fast = slow = values[0]
    state, age, was_above, was_below, signal = 0, 0, False, False, []
    for row, value in enumerate(values):
        fast += 2 / 14 * (value - fast)
        slow += 2 / 22 * (value - slow)
        age += 1
        if row and fast > slow and not was_above:
            state, age = 1, 0
        if row and fast < slow and not was_below:
            state, age = -1, 0
        was_above, was_below = fast > slow, fast < slow
        signal.append(round(state * decay**age, 3))
    return signal


def scores(panel: pl.DataFrame, **parameters: object) -> list[float]:
    return EmaCrossover(**parameters).signals(panel).frame["score"].to_list()


def test_compat_reproduces_the_golden_vector():
    assert scores(prices(GOLDEN_PRICES), compat=True) == GOLDEN_SIGNAL
    assert scores(prices(GOLDEN_PRICES), warm_up=0) == GOLDEN_SIGNAL


def test_without_a_missing_day_both_modes_follow_the_definition():
    values = [100 + (n * 37) % 23 - 10 * ((n // 25) % 2) for n in range(120)]
    assert scores(prices(values), compat=True) == by_hand(values)


def test_the_first_63_prices_have_no_signal_and_their_crossings_do_not_count():
    rising = [float(n) for n in range(100, 180)]
    book = EmaCrossover().signals(prices(rising))
    assert book.refused == {"coins_warming_up": 63}
    assert book.frame["ts"][0] == TS + 63 * DAY
    assert set(book.frame["score"]) == {0.0}


def test_a_crossing_after_the_warm_up_counts():
    values = [*[100.0] * 63, 101.0, 102.0]
    assert scores(prices(values)) == [1.0, 0.97]


def test_a_missing_day_restarts_the_warm_up_and_what_was_before_is_forgotten():
    values = [*[100.0] * 63, 101.0, None, *[100.0] * 63, 99.0, 98.0]
    book = EmaCrossover().signals(prices(values))
    assert book.frame.select("ts", "score").rows() == [
        (TS + 63 * DAY, 1.0),
        (TS + 128 * DAY, -1.0),
        (TS + 129 * DAY, -0.97),
    ]
    assert book.refused == {"coins_warming_up": 126, "coins_without_price": 1}


def test_source_1_took_the_price_after_a_hole_for_the_next_day():
    values = [*[100.0] * 63, 101.0, None, None, 102.0]
    assert scores(prices(values), compat=True)[-2:] == [1.0, 0.97]


def test_prices_of_single_days_a_month_apart_make_no_signal():
    values = [float(n) if n % 30 == 0 else None for n in range(3000)]
    book = EmaCrossover().signals(prices(values))
    assert book.frame.is_empty()
    assert book.refused["coins_warming_up"] == 100


def walk(days: int, seed: int) -> list[float]:
    generator = random.Random(seed)
    value, values = 100.0, []
    for _ in range(days):
        value *= 1 + generator.gauss(0, 0.03)
        values.append(value)
    return values


@pytest.mark.parametrize("seed", range(5))
def test_no_score_depends_on_where_the_loaded_past_starts(seed):
    strategy = EmaCrossover()
    panel = pl.concat([prices(walk(1200, seed)), prices([*walk(700, seed + 50)], "BBB")])
    whole = strategy.signals(panel).frame
    for day in (460, 700, 1199):
        first = TS + day * DAY - strategy.lookback
        part = strategy.signals(panel.filter(pl.col("ts") >= first)).frame
        asked = pl.col("ts") == TS + day * DAY
        # the weight spreads over the coins that have a signal
        assert_frame_equal(part.filter(asked), whole.filter(asked), check_exact=True)


@pytest.mark.parametrize("seed", range(5))
def test_what_an_average_does_not_see_any_more_changes_no_score(seed):
    values = walk(1200, seed)
    assert scores(prices(values), warm_up=0) == by_hand(values)


def test_a_faded_score_is_no_negative_zero():
    values = [*[100.0] * 63, 99.0, *[98.9] * 400]
    book = EmaCrossover().signals(prices(values)).frame
    assert book["score"].min() == -1.0
    assert book["score"][-1] == 0.0
    assert math.copysign(1, book["score"][-1]) == 1.0


def test_a_longer_memory_is_asked_for_where_a_signal_lasts_longer():
    assert EmaCrossover().lookback == timedelta(days=249 + 150)
    assert EmaCrossover(decay=0.5).lookback == timedelta(days=10 + 150)
    assert EmaCrossover(warm_up=300).lookback == timedelta(days=249 + 301)
    assert EmaCrossover(compat=True).lookback is None
    assert EmaCrossover(decay=1.0).lookback is None


def test_excluded_coins_score_zero_and_are_not_held():
    book = EmaCrossover(warm_up=0).signals(prices(GOLDEN_PRICES, excluded=True))
    assert set(book.frame["score"]) == {0.0}
    assert book.frame["leg"].to_list() == book.frame["weight"].to_list() == [None] * 12


def test_the_notional_is_spread_over_the_coins_with_a_signal():
    falling = [200 - price for price in GOLDEN_PRICES]
    panel = pl.concat([prices(GOLDEN_PRICES), prices(falling, "BBB"), prices([100.0] * 12, "CCC")])
    book = EmaCrossover(warm_up=0).signals(panel).frame.filter(pl.col("ts") == TS + 2 * DAY)
    assert book["weight"].to_list() == [0.485, -0.485, None]
    assert book["leg"].to_list() == ["long", "short", None]


@settings(max_examples=30)
@given(st.lists(st.floats(1.0, 1000.0), min_size=2, max_size=60), st.floats(0.5, 0.99))
def test_every_signal_is_a_fresh_one_or_the_one_before_faded_by_a_day(values, decay):
    signal = scores(prices(values), warm_up=0, decay=decay)
    ages = [0]
    for before, now in pairwise(signal):
        faded = abs(now) == pytest.approx(abs(before) * decay, abs=1e-3)
        assert abs(now) in {0.0, 1.0} or faded
        ages.append(0 if abs(now) == 1.0 else ages[-1] + 1)
    assert [abs(value) for value in signal if value] == pytest.approx(
        [decay**age for age, value in zip(ages, signal, strict=True) if value], abs=1e-3
    )


def test_no_signal_sees_a_later_price():
    values = [100 + (n * 37) % 23 - 10 * ((n // 25) % 2) for n in range(120)]
    panel = pl.concat([prices(values), prices(values[::-1], "BBB")])
    whole = EmaCrossover().signals(panel).frame
    for cut in (TS + 70 * DAY, TS + 100 * DAY):
        past = pl.col("ts") < cut
        cut_off = EmaCrossover().signals(panel.filter(past)).frame
        assert_frame_equal(cut_off, whole.filter(past), check_exact=True)
