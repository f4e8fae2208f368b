"""What is valid and cannot be is found, and what is only unusual is not."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.quant.metrics.plausibility import (
    lagging_figures,
    prices_apart,
    stale_supplies,
    standing_prices,
    unit_jumps,
    valued_apart,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
UTC_MS = pl.Datetime("ms", "UTC")


def positions(
    venue: str, *hourly: tuple[float | None, float], symbol: str = "PEPE-USDT-PERP", unit: int = 1
) -> pl.LazyFrame:
    """Hours of one contract from (base, usd)."""
    return pl.LazyFrame(
        {
            "ts": [START + timedelta(hours=n) for n in range(len(hourly))],
            "venue": [venue] * len(hourly),
            "symbol": [symbol] * len(hourly),
            "coin": ["PEPE"] * len(hourly),
            "open_interest_base": [base for base, _ in hourly],
            "open_interest_usd": [usd for _, usd in hourly],
            "coins_in_unit": [unit] * len(hourly),
        },
        schema_overrides={"ts": UTC_MS, "open_interest_base": pl.Float64},
    )


def jumps(*frames: pl.LazyFrame) -> list[tuple]:
    found = unit_jumps(pl.concat(frames)).collect()
    hours = (found["ts"] - START).dt.total_hours()
    return list(zip(found["venue"], hours, found["figure"], found["factor"].round(3), strict=True))


def test_a_contract_that_falls_to_nothing_says_nothing_of_the_others():
    odd = positions("a", (5.0, 10.0), (5_000.0, 10_000.0))
    closed = positions("b", (7.0, 14.0), (0.0, 0.0))
    doubled = positions("c", (3.0, 6.0), (6.0, 12.0))
    found = unit_jumps(pl.concat([odd, closed, doubled])).collect()
    assert found["others_factor"].to_list() == pytest.approx([2.0, 2.0])


@pytest.mark.parametrize("factor", [10.0, 100.0, 1000.0])
def test_a_jump_by_a_unit_that_the_other_venues_do_not_make_is_named(factor):
    odd = positions("a", (5.0, 10.0), (5.1, 10.2), (5.1 * factor, 10.2 * factor))
    calm = positions("b", (7.0, 14.0), (7.0, 14.0), (7.1, 14.2))
    assert jumps(odd, calm) == [
        ("a", 2, "open_interest_base", factor),
        ("a", 2, "open_interest_usd", factor),
    ]


def test_a_base_in_another_unit_is_named_though_its_value_stands():
    odd = positions("a", (5000.0, 10.0), (5.0, 10.0), (5.0, 10.0))
    assert jumps(odd) == [("a", 1, "open_interest_base", 0.001)]


def test_what_all_contracts_of_the_coin_do_or_no_unit_explains_or_spans_a_hole_is_no_unit():
    redenominated = [positions(v, (5.0, 10.0), (5000.0, 10.0)) for v in ("a", "b")]
    assert jumps(*redenominated) == []
    assert jumps(positions("a", (5.0, 10.0), (15.0, 30.0), (4.0, 8.0))) == []
    over_a_hole = positions("a", (5.0, 10.0), (50.0, 100.0)).with_columns(
        pl.col("ts") + pl.int_range(pl.len()) * pl.duration(hours=1)
    )
    assert jumps(over_a_hole) == []
    assert jumps(positions("a", (0.0, 0.0), (50.0, 100.0), (None, 100.0))) == []


def test_a_venue_whose_price_is_far_from_the_others_is_named():
    frames = [positions(v, (100.0, 200.0)) for v in ("a", "b")]
    thousands = positions("c", (1.0, 2000.0), symbol="1000PEPE-USDT-PERP", unit=1000)
    odd = positions("d", (100.0, 260.0))
    found = valued_apart(pl.concat([*frames, thousands, odd])).collect()
    assert found.select("venue", "price", "median_price").rows() == [("d", 2.6, 2.0)]
    assert valued_apart(pl.concat([frames[0], odd])).collect().is_empty(), "two cannot outvote"


def supplies(*daily: tuple[float | None, float | None, float | None]) -> list[int]:
    """Days whose circulating supply is found stale, from (circulating, total, max)."""
    frame = pl.LazyFrame(
        {
            "ts": [START + timedelta(days=n) for n in range(len(daily))],
            "coin_id": ["x:coin"] * len(daily),
            "source": ["x"] * len(daily),
            **{
                name: [each[place] for each in daily]
                for place, name in enumerate(("circulating_supply", "total_supply", "max_supply"))
            },
        },
        schema_overrides={
            "ts": UTC_MS,
            "circulating_supply": pl.Float64,
            "total_supply": pl.Float64,
            "max_supply": pl.Float64,
        },
    )
    return (stale_supplies(frame).collect()["ts"] - START).dt.total_days().to_list()


def test_a_circulating_supply_that_stands_still_while_the_total_or_the_maximum_moves_is_named():
    assert supplies((5.0, 10.0, 20.0), (5.0, 12.0, 20.0), (6.0, 14.0, 20.0)) == [1]
    assert supplies((5.0, None, 20.0), (5.0, None, 10.0)) == [1]
    assert supplies((5.0, 10.0, None), (5.0, 10.05, 20.0), (5.0, 10.05, None)) == []
    assert supplies((None, 10.0, None), (None, 20.0, None), (0.0, 30.0, None)) == []


def apart(**prices: float) -> dict[str, float]:
    """Sources whose price of one coin is far from the others', and what it was compared with."""
    frame = pl.LazyFrame(
        [("PEPE", START, source, price) for source, price in prices.items()],
        schema={"coin": pl.String, "ts": UTC_MS, "source": pl.String, "price_usd": pl.Float64},
        orient="row",
    )
    found = prices_apart(frame).collect()
    return dict(found.select("source", "reference_usd").iter_rows())


def test_a_price_far_from_those_of_two_others_is_named_and_the_others_are_not():
    assert apart(bars=100.0, list=101.0, mark=1000.0) == {"mark": 101.0}
    assert apart(bars=0.1, list=100.0, mark=101.0) == {"bars": 100.0}
    assert apart(bars=100.0, list=101.0, mark=102.0, other=60.0) == {"other": 100.5}


def test_of_two_prices_that_differ_both_are_named():
    assert apart(bars=100.0, list=130.0) == {"bars": 130.0, "list": 100.0}


def test_the_basis_of_a_squeeze_is_no_other_price_and_neither_is_one_price_alone_or_none():
    assert apart(bars=100.0, list=119.0) == {}
    assert apart(bars=100.0) == {}
    assert apart(bars=100.0, list=0.0, mark=float("inf")) == {}


def listed(*rows: tuple[str, float, float], source: str = "x") -> pl.LazyFrame:
    """Figures of a list from (coin_id, hour, price)."""
    frame = [(coin, START + timedelta(hours=hour), source, price) for coin, hour, price in rows]
    schema = {"coin_id": pl.String, "ts": UTC_MS, "source": pl.String, "price_usd": pl.Float64}
    return pl.LazyFrame(frame, schema=schema, orient="row")


def test_a_coin_whose_figures_are_hours_older_than_its_list_is_named():
    lagging = listed(("a", 9.9, 1.0), ("b", 10.0, 1.0), ("c", 8.5, 1.0), ("c", 0.0, 1.0))
    found = lagging_figures(lagging).collect()
    assert found.select("coin_id", "ts").rows() == [("c", START + timedelta(hours=8.5))]


def test_each_vendors_list_and_day_is_compared_with_itself():
    early = listed(("a", 2.0, 1.0), ("b", 2.0, 1.0))
    others = listed(("a", 20.0, 1.0), source="y")
    next_day = listed(("a", 47.0, 1.0), ("b", 46.5, 1.0))
    assert lagging_figures(pl.concat([early, others, next_day])).collect().is_empty()


def test_a_price_that_stands_for_a_day_is_named_however_often_it_was_told():
    frozen = [("a", float(hour), 2.5) for hour in range(0, 30, 3)]
    alive = [("b", float(hour), 2.5 + hour / 1e9) for hour in range(0, 30, 3)]
    found = standing_prices(listed(*frozen, *alive)).collect()
    until = START + timedelta(hours=27)
    assert found.rows() == [("x", "a", START, until, 2.5)]


def test_a_price_that_comes_back_or_stands_for_hours_is_no_standing_one():
    assert (
        standing_prices(listed(("a", 0, 1.0), ("a", 12, 2.0), ("a", 24, 1.0))).collect().is_empty()
    )
    assert standing_prices(listed(("a", 0, 1.0), ("a", 23, 1.0))).collect().is_empty()


def test_closes_that_are_rounded_to_the_same_price_a_few_days_in_a_row_are_a_coincidence():
    closes = [("a", 24.0 * day, 0.446) for day in range(4)]
    assert standing_prices(listed(*closes)).collect().is_empty()
    found = standing_prices(listed(*closes, ("a", 96.0, 0.446))).collect()
    assert found["until_ts"].to_list() == [START + timedelta(hours=96)]
