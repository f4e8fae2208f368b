"""Coins that stand for another one, and when they did."""

from collections import defaultdict
from datetime import UTC, date, datetime

import polars as pl
import pytest

from cryptopipe_assets.core.coin_kinds import KINDS, KINDS_OF, with_kind


def kind(coin: str, year: int, month: int, day: int = 1, *, coin_id: str = "cmc:0") -> str:
    rows = pl.DataFrame(
        {"coin_id": [coin_id], "coin": [coin], "ts": [datetime(year, month, day, tzinfo=UTC)]},
        schema_overrides={"ts": pl.Datetime("ms", "UTC")},
    )
    return with_kind(rows)["kind"].item()


@pytest.mark.parametrize(
    ("coin", "expected"),
    [
        ("BTC", "coin"),
        ("USDT", "stable"),
        ("USDE", "stable"),
        ("WBTC", "wrapped"),
        ("STETH", "staked"),
        ("BTCB", "bridged"),
    ],
)
def test_a_ticker_tells_the_kind(coin, expected):
    assert kind(coin, 2025, 6) == expected


def test_terras_dollar_was_stable_until_it_lost_its_peg():
    assert kind("UST", 2022, 5, 9) == "stable"
    assert kind("UST", 2022, 5, 10) == "coin"


def test_before_its_launch_a_ticker_is_nobodys_twin():
    assert (kind("USDE", 2023, 10, 31), kind("USDE", 2023, 11, 1)) == ("coin", "stable")


def test_the_vendors_id_goes_before_the_ticker():
    assert kind("WETH", 2025, 1) == "wrapped"
    assert kind("WETH", 2025, 1, coin_id="coingecko:binance-peg-weth") == "bridged"


def test_rows_keep_their_order_and_number():
    stamps = [datetime(2022, 5, day, tzinfo=UTC) for day in (12, 8, 8, 12)]
    rows = pl.DataFrame(
        {"coin_id": ["a", "a", "b", "b"], "coin": ["UST", "UST", "BTC", "USDC"], "ts": stamps},
        schema_overrides={"ts": pl.Datetime("ms", "UTC")},
    )
    found = with_kind(rows)
    assert found.drop("kind").equals(rows)
    assert found["kind"].to_list() == ["coin", "stable", "coin", "stable"]


def test_the_list_is_well_formed():
    lives = defaultdict(list)
    for each in KINDS_OF:
        assert each.kind in KINDS[1:]
        assert ":" in each.of or each.of == each.of.upper()
        lives[each.of].append((each.since, each.until or date.max))
    for spans in lives.values():
        edges = [edge for span in sorted(spans) for edge in span]
        assert edges == sorted(set(edges)), spans


def test_the_coins_that_the_platforms_before_us_left_out_are_on_the_list():
    listed = {each.of: each.kind for each in KINDS_OF}
    former = ("USDT", "USDC", "DAI", "USDD", "TUSD", "BUSD", "FDUSD", "USDE", "PYUSD", "USDS")
    assert {listed[coin] for coin in former} == {"stable"}
