"""Which instruments are followed."""

from datetime import UTC, datetime

import polars as pl
import pytest

from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.core.universe import Universe

LISTED = pl.DataFrame(
    {
        "venue": ["binance"] * 5,
        "symbol": ["1000PEPE-USDT-PERP", "BTC-USDC-PERP", "BTC-USDT-PERP", "ETH-USDT-PERP", "X"],
        "coin": ["PEPE", "BTC", "BTC", "ETH", "AAPL"],
        "quote": ["USDT", "USDC", "USDT", "USDT", "USDT"],
        "contract_type": ["PERPETUAL"] * 4 + ["TRADIFI_PERPETUAL"],
        "status": ["TRADING"] * 3 + ["VANISHED", "TRADING"],
        "delisted_at": [None] * 3 + [datetime(2026, 11, 27, 4, 15, tzinfo=UTC), None],
    }
)


def universe(**tiers: tuple[str, ...]) -> Universe:
    return Universe(venue="binance", quote="USDT", tiers=tiers)


def test_a_coin_finds_its_multiplied_contract_and_the_quote_we_chose():
    followed = universe(fast=("BTC",), slow=("PEPE",))
    tiers = followed.with_tiers(LISTED).select("symbol", "tier").drop_nulls()
    assert tiers.rows() == [("1000PEPE-USDT-PERP", "slow"), ("BTC-USDT-PERP", "fast")]


def test_a_contract_on_something_else_than_a_coin_is_not_followed():
    assert universe(fast=("AAPL",)).with_tiers(LISTED)["tier"].null_count() == 5


def test_a_table_may_follow_fewer_coins():
    chosen = Universe(
        venue="binance",
        quote="USDT",
        tiers={"all": ("BTC", "ETH")},
        only={"ohlcv_1m": frozenset({"ETH"})},
    )
    listed = chosen.with_tiers(LISTED)
    assert chosen.followed(listed, "ohlcv_1m")["symbol"].to_list() == ["ETH-USDT-PERP"]
    assert chosen.followed(listed, "funding_rate")["coin"].to_list() == ["BTC", "ETH"]


def test_a_coin_in_two_tiers_is_a_mistake_that_is_named():
    with pytest.raises(ConfigError, match=r"coin BTC is in tiers\.fast and in tiers\.slow"):
        universe(fast=("BTC",), slow=("BTC",))


def test_an_unknown_coin_is_named_with_similar_ones():
    with pytest.raises(ConfigError, match="no USDT perpetual of coin PEP; similar: PEPE"):
        universe(fast=("PEP",)).require_listed(LISTED)


def test_a_coin_without_a_table_of_contracts_needs_no_contract():
    chosen = Universe(
        venue="binance",
        quote="USDT",
        tiers={"fast": ("BTC",), "valued": ("TETHER",)},
        only={table: frozenset({"BTC"}) for table in ("ohlcv_1m", "funding_rate", "open_interest")},
    )
    chosen.require_listed(LISTED)
    assert chosen.coins("market_cap") == ["BTC", "TETHER"]


def test_a_table_that_no_tier_takes_part_in_says_where_to_name_it():
    chosen = Universe(
        venue="binance", quote="USDT", tiers={"all": ("BTC",)}, only={"ohlcv_1m": frozenset()}
    )
    with pytest.raises(ConfigError, match=r"no coin is followed by ohlcv_1m; name it in the tab"):
        chosen.coins("ohlcv_1m")


def test_a_coin_that_is_not_listed_takes_no_other_one_down_and_is_named_with_its_line():
    chosen = universe(fast=("BTC", "PEP"), slow=("ETH", "AAPL"))
    chosen.require_listed(LISTED)
    said = chosen.unlisted(LISTED)
    assert sorted(said) == ["AAPL", "ETH", "PEP"]
    assert "coins of [tiers.fast] has PEP, but binance lists no USDT perpetual" in said["PEP"]
    assert "similar: PEPE" in said["PEP"]


def test_a_contract_that_is_gone_is_told_from_a_coin_that_never_was():
    said = universe(slow=("BTC", "ETH")).unlisted(LISTED)["ETH"]
    assert "coins of [tiers.slow] has ETH" in said
    assert "lists ETH-USDT-PERP no longer, last seen 2026-11-27 04:15 UTC" in said


def test_a_contract_of_a_stock_is_said_to_be_listed_and_no_coins():
    said = universe(fast=("AAPL",)).unlisted(LISTED)["AAPL"]
    assert "X, which binance lists, is no coin's contract: its type is TRADIFI_PERPETUAL" in said
