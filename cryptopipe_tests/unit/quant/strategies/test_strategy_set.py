"""Books: who is ranked, who is held, who is refused, and with which weight."""

import math
import statistics
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptopipe_assets.quant.strategies.dilution import Dilution
from cryptopipe_assets.quant.strategies.legs import ranked, with_legs
from cryptopipe_assets.quant.strategies.leverage_inverted import LeverageInverted
from cryptopipe_assets.quant.strategies.strategy import SIGNAL_SCHEMA, Book, Strategy
from cryptopipe_assets.quant.strategies.strategy_set import STRATEGIES

TS = datetime(2025, 1, 6, tzinfo=UTC)
DAY, MS = timedelta(days=1), timedelta(milliseconds=1)
UTC_MS = pl.Datetime("ms", "UTC")


def panel(names: int, **columns: object) -> pl.DataFrame:
    """One day of coins C00, C01 ... with rising ratio and velocity, but for ``columns``."""
    count = list(range(names))
    defaults = {
        "ts": TS,
        "available_at": TS + DAY + MS,
        "coin": [f"C{n:02d}" for n in count],
        "is_excluded": False,
        "close_usd": 1.0,
        "price_asof": TS + DAY,
        "volatility_30d": 0.5,
        "volatility_90d": 0.5,
        "oi_to_market_cap": [0.01 * (n + 1) for n in count],
        "oi_coverage": 0.8,
        "oi_asof": TS + DAY,
        "market_cap_asof": TS + DAY,
        "rank": [n + 1 for n in count],
        "cap_kind": "max",
        "cap_pit": True,
        "dilution_velocity_share_per_year": [0.01 * n for n in count],
        "velocity_days": 365.0,
        "supply_asof": TS,
    }
    values = {name: columns.get(name, value) for name, value in defaults.items()}
    listed = {n: v if isinstance(v, list) else [v] * names for n, v in values.items()}
    stamps = ("ts", "available_at", "price_asof", "oi_asof", "market_cap_asof", "supply_asof")
    return pl.DataFrame(listed, schema_overrides=dict.fromkeys(stamps, UTC_MS), strict=False)


def leg(book: Book, side: str) -> list[str]:
    return book.frame.filter(pl.col("leg") == side)["coin"].to_list()


def weight_of(book: Book, coin: str) -> float:
    return book.frame.filter(pl.col("coin") == coin)["weight"].item()


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.id)
class TestEveryStrategy:
    def test_answers_rows_of_the_one_schema_under_its_own_id(self, strategy: Strategy):
        days = [panel(30).with_columns(pl.col("ts") + n * DAY) for n in range(70)]
        book = strategy.signals(pl.concat(days))
        assert book.frame.schema == SIGNAL_SCHEMA
        assert book.frame.height > 0
        assert set(book.frame["strategy"]) == {strategy.id}
        assert book.frame["score"].is_between(-1.0, 1.0).all()
        assert book.frame["confidence"].is_between(0.0, 1.0).all()
        assert book.frame.equals(book.frame.sort("ts", "coin"))

    def test_answers_nothing_for_an_empty_panel(self, strategy: Strategy):
        book = strategy.signals(panel(3).clear())
        assert (book.frame.height, book.frame.schema, dict(book.refused)) == (0, SIGNAL_SCHEMA, {})

    def test_is_the_same_for_any_order_of_the_rows(self, strategy: Strategy):
        days = pl.concat([panel(25).with_columns(pl.col("ts") + n * DAY) for n in range(70)])
        shuffled = days.sample(fraction=1.0, shuffle=True, seed=1)
        assert strategy.signals(shuffled).frame.equals(strategy.signals(days).frame)

    def test_cannot_be_changed(self, strategy: Strategy):
        with pytest.raises(FrozenInstanceError):
            strategy.rebalance_days = 1


def test_ids_are_canonical_and_unique():
    assert [each.id for each in STRATEGIES] == ["leverage_inverted", "dilution", "ema_crossover"]
    assert [each.id for each in STRATEGIES if each.research] == ["dilution"]


def test_the_least_leveraged_are_long_and_the_most_leveraged_short():
    book = LeverageInverted(n=2).signals(panel(5))
    assert leg(book, "long") == ["C00", "C01"]
    assert leg(book, "short") == ["C03", "C04"]
    assert book.frame["score"].to_list() == [1.0, 0.5, 0.0, -0.5, -1.0]
    assert book.frame["weight"].to_list() == [0.25, 0.25, None, -0.25, -0.25]
    assert book.frame["confidence"].to_list() == pytest.approx([0.8, 0.4, 0.0, 0.4, 0.8])


def test_a_book_carries_the_stamps_of_its_inputs():
    row = LeverageInverted(n=1).signals(panel(2)).frame.row(0, named=True)
    assert row["available_at"] == TS + DAY + MS
    assert (row["oi_asof"], row["market_cap_asof"], row["price_asof"]) == (TS + DAY,) * 3
    diluted = Dilution(n_min=1).signals(panel(2)).frame.row(0, named=True)
    assert (diluted["oi_asof"], diluted["market_cap_asof"]) == (None, TS)


def test_by_default_ten_a_side_and_fewer_than_twenty_coins_make_no_book():
    book = LeverageInverted().signals(panel(20))
    assert (len(leg(book, "long")), len(leg(book, "short"))) == (10, 10)
    refused = LeverageInverted().signals(panel(19))
    assert refused.frame.height == 0
    assert refused.refused == {"days_with_too_few_coins": 1}


def test_coins_without_a_positive_ratio_and_stablecoins_are_left_out_and_counted():
    ratios = [None, 0.0, -1.0, 0.01, 0.02, 0.03, 0.04]
    excluded = [False] * 6 + [True]
    book = LeverageInverted(n=1).signals(panel(7, oi_to_market_cap=ratios, is_excluded=excluded))
    assert book.frame["coin"].to_list() == ["C03", "C04", "C05"]
    assert book.refused == {"coins_excluded": 1, "coins_without_ratio": 3}


def test_a_day_without_any_coin_is_counted_as_refused():
    book = LeverageInverted(n=1).signals(panel(2, oi_to_market_cap=[None, None]))
    assert book.refused == {"coins_without_ratio": 2, "days_with_too_few_coins": 1}


def test_the_calm_weigh_more_in_inverse_proportion():
    book = LeverageInverted(n=2).signals(panel(4, volatility_30d=[0.2, 0.6, 0.5, 0.5]))
    assert weight_of(book, "C00") == pytest.approx(0.5 * 0.75)
    assert weight_of(book, "C01") == pytest.approx(0.5 * 0.25)


def test_a_coin_without_volatility_gets_the_mean_weight_and_the_leg_is_renormalised():
    volatility = [0.2, 0.6, None, 0.5, 0.5, 0.0]
    book = LeverageInverted(n=3).signals(panel(6, volatility_30d=volatility))
    assert weight_of(book, "C00") == pytest.approx(0.5 * 0.75 / 1.5)
    assert weight_of(book, "C02") == pytest.approx(0.5 * 0.50 / 1.5)
    assert weight_of(book, "C05") == pytest.approx(-0.5 / 3)


def test_a_price_that_stands_still_does_not_take_the_whole_leg():
    book = LeverageInverted(n=2).signals(panel(4, volatility_30d=[1e-300, 0.5, 0.5, 9e-5]))
    assert book.frame["weight"].to_list() == [0.25, 0.25, -0.25, -0.25]


def test_without_any_volatility_all_weigh_the_same():
    book = LeverageInverted(n=2).signals(panel(4, volatility_30d=[None] * 4))
    assert book.frame["weight"].to_list() == [0.25, 0.25, -0.25, -0.25]


def test_ties_share_a_score_and_are_held_in_the_order_of_their_names():
    book = LeverageInverted(n=1).signals(panel(4, oi_to_market_cap=[0.1] * 4))
    assert book.frame["score"].to_list() == [0.0] * 4
    assert (leg(book, "long"), leg(book, "short")) == (["C00"], ["C03"])


def test_the_slowest_diluters_are_long_and_the_fastest_short():
    book = Dilution().signals(panel(7))
    assert leg(book, "long") == ["C00", "C01", "C02"]
    assert leg(book, "short") == ["C04", "C05", "C06"]
    assert len(leg(Dilution().signals(panel(40)), "short")) == 10


def test_dilution_picks_who_can_be_traded_before_it_ranks():
    """The ends of the ranking have no price: they must make room, not leave holes in the book."""
    prices = [None, *[1.0] * 5, None]
    book = Dilution(n=2).signals(panel(7, close_usd=prices))
    assert leg(book, "long") == ["C01", "C02"]
    assert leg(book, "short") == ["C04", "C05"]
    assert book.refused == {"coins_without_price": 2}


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("is_excluded", [True, *[False] * 4], "coins_excluded"),
        ("rank", [151, 1, 2, 3, 150], "coins_below_top"),
        ("rank", [None, 1, 2, 3, 4], "coins_below_top"),
        ("cap_kind", ["total", *["max"] * 4], "coins_without_max_supply"),
        ("cap_pit", [False, *[True] * 4], "coins_with_cap_of_today"),
        ("dilution_velocity_share_per_year", [None, 1.0, 2.0, 3.0, 4.0], "coins_without_velocity"),
        ("volatility_90d", [None, *[0.5] * 4], "coins_without_volatility"),
    ],
)
def test_dilution_counts_why_a_coin_is_left_out(column, values, reason):
    book = Dilution().signals(panel(5, **{column: values}))
    assert "C00" not in book.frame["coin"]
    assert book.frame.height == 4
    assert book.refused == {reason: 1}


def test_caps_of_today_can_be_let_in_to_compare_with_the_original():
    book = Dilution(point_in_time_only=False).signals(panel(5, cap_pit=False))
    assert book.frame.height == 5


def test_fewer_than_four_diluters_make_no_book():
    assert Dilution().signals(panel(4)).frame.height == 4
    assert Dilution().signals(panel(3)).refused == {"days_with_too_few_coins": 1}


def test_confidence_in_dilution_grows_with_the_span_of_the_velocity():
    book = Dilution(n_min=1).signals(panel(2, velocity_days=[73.0, 366.0]))
    assert book.frame["confidence"].to_list() == pytest.approx([0.2, 1.0])


names = st.lists(
    st.tuples(st.floats(1e-4, 1e3), st.one_of(st.none(), st.floats(0.0, 10.0))),
    min_size=4,
    max_size=30,
)


@settings(max_examples=40)
@given(names, st.integers(1, 2))
def test_each_leg_is_half_the_notional_and_scores_are_symmetric(coins, n):
    ratios, volatility = (list(column) for column in zip(*coins, strict=True))
    day = panel(len(coins), oi_to_market_cap=ratios, volatility_30d=volatility)
    rows = with_legs(ranked(day, "oi_to_market_cap"), pl.lit(n), volatility="volatility_30d")
    for side, sign in (("long", 1), ("short", -1)):
        weights = (sign * rows.filter(pl.col("leg") == side)["weight"]).to_list()
        assert len(weights) == n
        assert all(weight > 0 for weight in weights)
        assert math.fsum(weights) == pytest.approx(0.5)
    assert math.fsum(rows["score"]) == pytest.approx(0.0, abs=1e-9)
    mirrored = ranked(day.with_columns(-pl.col("oi_to_market_cap")), "oi_to_market_cap")
    by_coin = mirrored.sort("coin")["score"].to_list()
    assert by_coin == pytest.approx([-score for score in rows.sort("coin")["score"]])


def test_weights_follow_the_definition_computed_another_way():
    volatility = [0.31, None, 0.77, 0.18, 0.52, 0.9]
    book = LeverageInverted(n=3).signals(panel(6, volatility_30d=volatility))
    inverse = [1 / 0.31, 1 / 0.77]
    shares = [value / sum(inverse) for value in inverse]
    leg_weights = [shares[0], statistics.mean(shares), shares[1]]
    expected = [0.5 * weight / sum(leg_weights) for weight in leg_weights]
    assert book.frame["weight"].to_list()[:3] == pytest.approx(expected)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda each: each.id)
@pytest.mark.parametrize("fact", ["id", "research", "needs"])
def test_what_a_strategy_is_can_be_set_by_no_configuration(strategy, fact):
    with pytest.raises(TypeError, match=fact):
        type(strategy)(**{fact: getattr(strategy, fact)})
