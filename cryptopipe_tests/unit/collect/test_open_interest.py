"""Contracts that are of no coin, where the vendor that tells of them does not say so."""

import polars as pl

from cryptopipe_assets.collect.open_interest import of_coins

MARKETS = pl.DataFrame(
    {
        "vendor_symbol": ["BTCUSDT.6", "SPXUSDT.6", "SPXUSDT_PERP.A"],
        "venue": ["bybit", "bybit", "binance"],
        "symbol": ["BTC-USDT-PERP", "SPX-USDT-PERP", "SPX-USDT-PERP"],
    }
)
REGISTRY = pl.DataFrame(
    {
        "venue": ["bybit", "bybit", "binance"],
        "symbol": ["BTC-USDT-PERP", "SPX-USDT-PERP", "SPX-USDT-PERP"],
        "contract_type": ["PERPETUAL", "INDEX_PERPETUAL", "PERPETUAL"],
    }
)


def test_a_contract_that_its_own_venue_lists_as_no_coins_is_passed_over_by_name():
    kept, passed = of_coins(MARKETS, REGISTRY)
    assert kept["vendor_symbol"].to_list() == ["BTCUSDT.6", "SPXUSDT_PERP.A"]
    [(theirs, symbol, why, is_understood)] = passed
    assert (theirs, symbol, is_understood) == ("SPXUSDT.6", "SPX-USDT-PERP", True)
    assert why == "bybit lists it as no coin's contract (INDEX_PERPETUAL)"


def test_contracts_of_venues_that_the_registry_does_not_have_are_kept():
    kept, passed = of_coins(MARKETS, REGISTRY.clear())
    assert kept.equals(MARKETS)
    assert passed == ()
