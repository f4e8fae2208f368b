"""Ids that share a ticker: one vendor's namesakes are two coins, two vendors' ids may be one."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.quant.math.daily_asof import with_newest_known
from cryptopipe_assets.quant.strategies.panel import daily_panel

DAY = datetime(2026, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rows(*each: tuple[str, datetime, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [(name, "BTC", ts, ts, cap) for name, ts, cap in each],
        schema={
            "coin_id": pl.String,
            "coin": pl.String,
            "ts": pl.Datetime("ms", "UTC"),
            "available_at": pl.Datetime("ms", "UTC"),
            "market_cap_usd": pl.Float64,
        },
        orient="row",
    )


def meant(*each, days: int = 1, **options) -> list[str | None]:
    asked = pl.DataFrame(
        {"ts": [DAY + timedelta(days=n) for n in range(days)], "coin": ["BTC"] * days},
        schema={"ts": pl.Datetime("ms", "UTC"), "coin": pl.String},
    )
    columns = {"coin_id": "is"}
    age = timedelta(days=45)
    return with_newest_known(asked, rows(*each), columns=columns, max_age=age, **options)[
        "is"
    ].to_list()


def test_of_one_vendors_namesakes_the_largest_is_meant_even_if_another_is_newer():
    assert meant(("cmc:1", DAY, 100.0), ("cmc:2", DAY + HOUR, 90.0)) == ["cmc:1"]


@pytest.mark.parametrize("cap", [99.0, 101.0])
def test_of_two_vendors_the_newer_is_meant_whatever_it_says(cap):
    assert meant(("cmc:1", DAY, 100.0), ("coingecko:bitcoin", DAY + HOUR, cap)) == [
        "coingecko:bitcoin"
    ]
    assert meant(("cmc:1", DAY + HOUR, 100.0), ("coingecko:bitcoin", DAY, cap)) == ["cmc:1"]


def test_a_vendor_that_stood_in_at_the_top_does_not_linger():
    stood_in = ("coingecko:bitcoin", DAY + 12 * HOUR, 150.0)
    back = [("cmc:1", DAY + (1 + n * 24) * HOUR, 100.0) for n in (0, 1, 2)]
    assert meant(stood_in, *back, days=3) == ["coingecko:bitcoin", "cmc:1", "cmc:1"]


def test_a_newer_id_of_another_vendor_that_is_far_smaller_is_another_coin():
    assert meant(("cmc:1", DAY, 100.0), ("coingecko:batcat", DAY + HOUR, 9.0)) == ["cmc:1"]
    assert meant(("cmc:1", DAY, 100.0), ("coingecko:batcat", DAY + HOUR, None)) == ["cmc:1"]


def test_each_vendors_largest_is_compared_and_not_its_newest_namesake():
    four = (
        ("cmc:1", DAY + HOUR, 100.0),
        ("cmc:2", DAY + 3 * HOUR, 50.0),
        ("coingecko:bitcoin", DAY, 102.0),
        ("coingecko:batcat", DAY + 2 * HOUR, 60.0),
    )
    assert meant(*four) == ["cmc:1"]


def test_the_newest_dilution_without_a_velocity_displaces_none_with_one():
    key = {"ts": [DAY], "available_at": [DAY + 24 * HOUR + timedelta(milliseconds=1)]}
    at = {name: pl.Datetime("ms", "UTC") for name in ("ts", "available_at", "supply_asof")}
    prices = pl.DataFrame(
        key | {"coin": ["BTC"], "close_usd": [5.0], "is_excluded": [False]}, schema_overrides=at
    )
    leverage = pl.DataFrame(
        schema={
            **{name: pl.Datetime("ms", "UTC") for name in ("ts", "available_at", "oi_asof")},
            "market_cap_asof": pl.Datetime("ms", "UTC"),
            "coin": pl.String,
            "oi_to_market_cap": pl.Float64,
            "oi_coverage": pl.Float64,
        }
    )
    dilution = pl.DataFrame(
        {
            "available_at": key["available_at"] * 2,
            "coin": ["BTC", "BTC"],
            "coin_id": ["cmc:1", "coingecko:bitcoin"],
            "market_cap_usd": [100.0, 101.0],
            "rank": [1, 1],
            "cap_kind": ["max", "max"],
            "cap_pit": [True, True],
            "dilution_velocity_share_per_year": [0.02, None],
            "velocity_days": [365.0, None],
            "supply_asof": [DAY, DAY + 9 * HOUR],
        },
        schema_overrides=at,
    )
    panel = daily_panel(prices, leverage, dilution)
    assert panel["dilution_velocity_share_per_year"].to_list() == [0.02]
    assert panel["supply_asof"].to_list() == [DAY]
