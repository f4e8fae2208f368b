"""Coinalyze's list of futures becomes a map, by what it says and not by how a symbol looks."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from cryptopipe_assets.vendors.coinalyze.parse_markets import MARKET_SCHEMA, read_markets
from cryptopipe_assets.vendors.coinalyze.parse_rows import open_interest_rows
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape
from cryptopipe_tests.unit.vendors.conftest import Payloads


def listed(**changes: Any) -> list[dict[str, Any]]:
    """The recorded list, its first market changed."""
    markets = Payloads("coinalyze").json("future_markets.json")
    return [{**markets[0], **changes}, *markets[1:]]


MARKETS = read_markets(listed()).frame
NAMED = {row["vendor_symbol"]: row for row in MARKETS.iter_rows(named=True)}


@pytest.mark.parametrize(
    ("vendor_symbol", "venue", "symbol", "coin", "margin_type", "oi_denomination"),
    [
        ("BTCUSDT_PERP.A", "binance", "BTC-USDT-PERP", "BTC", "linear", "base"),
        ("BTCUSD_PERP.A", "binance", "BTC-USD-PERP", "BTC", "inverse", "quote"),
        ("1000PEPEUSDT_PERP.A", "binance", "1000PEPE-USDT-PERP", "PEPE", "linear", "base"),
        ("PUMPFUNUSDT.6", "bybit", "PUMP-USDT-PERP", "PUMP", "linear", "base"),
        ("BTCUSDT_PERP.3", "okx", "BTC-USDT-PERP", "BTC", "linear", "base"),
        ("kPEPE.H", "hyperliquid", "1000PEPE-USDC-PERP", "PEPE", "linear", "base"),
        ("KAITO.H", "hyperliquid", "KAITO-USDC-PERP", "KAITO", "linear", "base"),
        ("BTC_USDT.Y", "gate", "BTC-USDT-PERP", "BTC", "linear", "base"),
        ("XBTUSD.0", "bitmex", "BTC-USD-PERP", "BTC", "inverse", "quote"),
        ("BTC-PERPETUAL.2", "deribit", "BTC-USD-PERP", "BTC", "inverse", "quote"),
        ("BTTUSDT_PERP.4", "huobi", "BTT-USDT-PERP", "BTT", "linear", "base"),
        ("DAI-USD.8", "dydx", "DAI-USD-PERP", "DAI", "linear", "base"),
        ("BTC-PERP.C", "coinbase", "BTC-USDC-PERP", "BTC", "linear", "base"),
    ],
)
def test_a_market_is_what_the_list_says_it_is(
    vendor_symbol, venue, symbol, coin, margin_type, oi_denomination
):
    row = NAMED[vendor_symbol]
    assert (row["venue"], row["symbol"], row["coin"]) == (venue, symbol, coin)
    assert (row["margin_type"], row["oi_denomination"]) == (margin_type, oi_denomination)


def test_somi_is_not_tether_however_its_symbol_is_cut():
    assert NAMED["SOMIUSDT_PERP.A"]["coin"] == "SOMI"
    assert "USDT" not in MARKETS["coin"].to_list()


def test_a_small_k_is_a_thousand_on_hyperliquid_only():
    row = read_markets(listed(base_asset="kBTC")).frame.filter(vendor_symbol="BTCUSDT_PERP.A")
    assert row["symbol"].item() == "KBTC-USDT-PERP"


def test_what_expires_has_no_perpetual_name():
    assert NAMED["BTCUSDT_260327.A"]["symbol"] is None
    assert not NAMED["BTCUSDT_260327.A"]["is_perpetual"]


def test_the_two_contracts_of_one_base_and_quote_are_told_apart_by_their_margin():
    assert NAMED["pi_xbtusd.K"]["symbol"] == "BTC-USD-PERP"
    assert NAMED["pf_xbtusd.K"]["symbol"] == "BTC-USD_UM-PERP"


def test_names_that_are_shared_even_then_are_no_names(caplog):
    twin = {**listed()[0], "symbol": "BTCUSDT_PERP2.A"}
    found = read_markets([*listed(), twin]).frame
    names = dict(found.select("vendor_symbol", "symbol").iter_rows())
    assert names["BTCUSDT_PERP.A"] is None
    assert names["BTCUSDT_PERP2.A"] is None
    assert names["BTCUSDT_PERP.3"] == "BTC-USDT-PERP"
    assert "2 futures share a name with another" in caplog.text


def test_venues_without_a_name_are_left_out():
    assert "PERP_BTC_USDT.W" not in NAMED
    assert MARKETS.height == len(listed()) - 1
    assert MARKETS.schema == MARKET_SCHEMA
    assert MARKETS["vendor_symbol"].is_sorted()


def test_a_market_without_data_says_so_and_silence_means_data():
    assert not NAMED["DAI-USD.8"]["has_data"]
    unsaid = listed()
    del unsaid[0]["has_ohlcv_data"]
    assert read_markets(unsaid).frame.filter(vendor_symbol="BTCUSDT_PERP.A")["has_data"].item()


def test_new_words_and_new_fields_do_not_break_the_list():
    found = read_markets(
        listed(margined="QUANTO", oi_lq_vol_denominated_in="CONTRACTS", new=1)
    ).frame
    row = found.filter(vendor_symbol="BTCUSDT_PERP.A").row(0, named=True)
    assert (row["margin_type"], row["oi_denomination"]) == (None, None)
    assert row["symbol"] == "BTC-USDT-PERP"


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"message": "maintenance"}, "the response"),
        ([], "empty list"),
        ([{"symbol": "BTCUSDT_PERP.A"}], "row 0: exchange: Field required"),
        ([{**each, "base_asset": None} for each in listed()], "row 0: base_asset"),
    ],
)
def test_a_list_of_another_shape_is_refused(payload, said):
    with pytest.raises(UnexpectedShape, match=said):
        read_markets(payload)


@pytest.mark.parametrize(
    ("odd", "name", "why"),
    [
        ({"base_asset": None}, "BTCUSDT_PERP.A", "base_asset"),
        ({"is_perpetual": "maybe"}, "BTCUSDT_PERP.A", "is_perpetual"),
        ({"symbol": 7}, None, "symbol"),
    ],
)
def test_a_market_that_is_not_understood_is_named_and_takes_no_other_one_down(odd, name, why):
    found = read_markets(listed(**odd))
    assert found.frame.equals(MARKETS.filter(pl.col("vendor_symbol") != "BTCUSDT_PERP.A"))
    [(said, _, reason, is_understood)] = [each for each in found.passed_over if not each[3]]
    assert (said, is_understood) == (name, False)
    assert why in reason
    assert found.left_out["failed"] == 1


def test_a_market_that_is_not_understood_fails_for_its_coin():
    found = read_markets(listed(margined=None))
    assert found.failed["BTCUSDT_PERP.A"].coin == "BTC"


def test_what_is_listed_twice_in_the_same_words_is_listed_once_and_in_others_not_at_all():
    twin = listed()[1]
    assert read_markets([*listed(), twin]).frame.equals(MARKETS)
    found = read_markets([*listed(), {**twin, "base_asset": "ETH"}])
    assert twin["symbol"] not in found.frame["vendor_symbol"]
    assert "listed twice, in different words" in found.failed[twin["symbol"]].reason


def odd_one(**names: Any) -> tuple[str | None, str, str | None]:
    """Symbol, coin, and why it is passed over, of one more market that is named so."""
    market = {**listed()[0], "symbol": "ODD.A", **names}
    found = read_markets([*listed(), market])
    row = found.frame.filter(vendor_symbol=market["symbol"]).row(0, named=True)
    why = next((each[2] for each in found.passed_over if each[0] == market["symbol"]), None)
    return row["symbol"], row["coin"], why


@pytest.mark.parametrize(
    ("names", "symbol", "coin"),
    [
        ({"base_asset": "币安人生"}, "币安人生-USDT-PERP", "币安人生"),
        ({"base_asset": "4"}, "4-USDT-PERP", "4"),
        ({"quote_asset": "USD1"}, "BTC-USD1-PERP", "BTC"),
        ({"base_asset": "SHIB1000", "exchange": "6"}, "1000SHIB-USDT-PERP", "SHIB"),
        ({"base_asset": "XAUt"}, "XAUT-USDT-PERP", "XAUT"),
    ],
)
def test_names_of_any_script_and_spelling_are_read_as_the_venues_own_lists_are(names, symbol, coin):
    assert odd_one(**names) == (symbol, coin, None)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            {"symbol": "xyz:NVDA.H", "exchange": "H", "symbol_on_exchange": "xyz:NVDA"},
            "a market of the builder xyz",
        ),
        ({"exchange": "H", "base_asset": "hyna:BTC"}, "a market of the builder hyna"),
        (
            {"is_perpetual": False, "symbol_on_exchange": "BTCUSDT-27MAR26"},
            "a future of BTCUSDT that ends on a date",
        ),
        ({"is_perpetual": False}, "a future that ends on a date"),
        ({"symbol_on_exchange": "BTCUSDT_SETTLED"}, "a contract that was settled"),
        ({"base_asset": "BUFFI,uniswap_v3,0x4c"}, "a ticker of letters and digits"),
    ],
)
def test_what_is_no_perpetual_of_ours_has_no_name_and_is_passed_over_with_the_reason(names, said):
    symbol, _, why = odd_one(**names)
    assert symbol is None
    assert said in why


def test_markets_of_venues_without_a_name_are_passed_over_by_name():
    why = {each[0]: each[2] for each in read_markets(listed()).passed_over}
    assert why["PERP_BTC_USDT.W"] == "it is of exchange 'W', which has no name here"
    assert why["BTCUSDT_260327.A"].startswith("it is a future of BTCUSDT")


def test_a_market_that_is_counted_in_dollars_only_is_not_taken_for_mixed_up_units():
    days = 30
    bars = pl.DataFrame(
        {
            "vendor_symbol": ["BTCUSD_PERP.A"] * days,
            "t": [1_744_156_800 + 86_400 * day for day in range(days)],
            "c": [7e8] * days,
        }
    ).with_columns(opened_at=(pl.col("t") * 1000).cast(pl.Datetime("ms", "UTC")))
    rows = open_interest_rows(bars, bars.clear(), MARKETS, width=timedelta(days=1))
    assert rows["open_interest_usd"].to_list() == [7e8] * days
    assert rows["open_interest_base"].null_count() == days
