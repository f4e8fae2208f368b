"""One reader of the names of coins and contracts."""

import unicodedata

import pytest

from cryptopipe_assets.core.contract_names import (
    read_base,
    read_coin,
    read_contract_name,
    read_quote,
)
from cryptopipe_assets.core.symbology import split_multiplier

NAMES = {
    "BTCUSDT": ("BTCUSDT", "perpetual"),
    "1000PEPEUSDT": ("1000PEPEUSDT", "perpetual"),
    "4USDT": ("4USDT", "perpetual"),
    "币安人生USDT": ("币安人生USDT", "perpetual"),
    "BTCUSD1": ("BTCUSD1", "perpetual"),
    "BTCUSDT_260327": ("BTCUSDT", "dated"),
    "ICPUSDT_SETTLED": ("ICPUSDT", "settled"),
    "AERGOUSDTSETTLED": ("AERGOUSDT", "settled"),
    "LUNAUSDT_SETTLED1": ("LUNAUSDT", "settled"),
    "xyz:NVDA": ("NVDA", "builder"),
    "hyna:ETH_SETTLED": ("ETH_SETTLED", "builder"),
    "BTC-USDT-SWAP": ("BTC-USDT", "perpetual"),
    "BTC-USD_UM-SWAP": ("BTC-USD_UM", "perpetual"),
    "BTC_USDT": ("BTC_USDT", "perpetual"),
    "BTCUSD_PERP": ("BTCUSD", "perpetual"),
    "BTC_USDC-PERPETUAL": ("BTC_USDC", "perpetual"),
    "BTCPERP": ("BTCPERP", "perpetual"),
    "kPEPE": ("kPEPE", "perpetual"),
    "USD1USDT": ("USD1USDT", "perpetual"),
    "BTCUSDT-27MAR26": ("BTCUSDT", "dated"),
    "BTC-3JAN26": ("BTC", "dated"),
    "BTC-USDT-260327": ("BTC-USDT", "dated"),
    "BTC_USDT_20260327": ("BTC_USDT", "dated"),
    "BTCUSDH26": ("BTCUSD", "dated"),
    "ETHUSDTZ25": ("ETHUSDT", "dated"),
    "BTC-USD-260327-70000-C": ("BTC-USD", "option"),
    "BTC-27MAR26-70000-P-USDT": ("BTC", "option"),
    "@107": ("@107", "unknown"),
    "PURR/USDC": ("PURR/USDC", "unknown"),
    "../BTCUSDT": ("../BTCUSDT", "unknown"),
    "": ("", "unknown"),
}


@pytest.mark.parametrize(("name", "expected"), NAMES.items())
def test_a_name_says_which_pair_it_is_of_and_of_what_nature(name, expected):
    found = read_contract_name(name)
    assert (found.pair, found.nature) == expected
    assert bool(found.why_not) == (found.nature != "perpetual")


def test_what_is_passed_over_names_the_pair_it_could_be_taken_for():
    assert "ICPUSDT may be another one now" in read_contract_name("ICPUSDT_SETTLED").why_not
    assert "a future of BTCUSDT" in read_contract_name("BTCUSDT_260327").why_not


def test_a_name_is_the_same_however_a_disk_composes_its_letters():
    apart = unicodedata.normalize("NFD", "ÉUSDT")
    assert apart != "ÉUSDT"
    assert read_contract_name(apart).text == "ÉUSDT"


@pytest.mark.parametrize(
    ("said", "coin"), [("XAUt", "XAUT"), (" btc ", "BTC"), ("币安人生", "币安人生"), ("4", "4")]
)
def test_a_coin_is_spelt_as_the_tables_spell_it(said, coin):
    assert read_coin(said) == coin


@pytest.mark.parametrize(
    ("said", "base"),
    [
        ("SHIB1000", "1000SHIB"),
        ("1000PEPE", "1000PEPE"),
        ("XAUt", "XAUT"),
        ("C98", "C98"),
        ("X1000", "X1000"),  # a letter and a multiplier are a coin
        ("kPEPE", "KPEPE"),
    ],
)
def test_a_base_has_its_multiplier_before_the_coin(said, base):
    assert read_base(said) == base


def test_a_small_k_is_a_thousand_only_where_the_venue_writes_it_so():
    said = ("kPEPE", "kBONK", "KAS", "k", "BTC", "kas")
    assert [read_base(each, small_k=True) for each in said] == [
        "1000PEPE",
        "1000BONK",
        "KAS",
        "K",
        "BTC",
        "KAS",
    ]


@pytest.mark.parametrize(
    ("said", "quote"), [("USDT", "USDT"), ("USD1", "USD1"), ("USD_UM", "USD_UM"), ("usdc", "USDC")]
)
def test_a_quote_is_a_ticker_that_may_tell_its_margin(said, quote):
    assert read_quote(said) == quote


@pytest.mark.parametrize("said", ["", "  ", "BTC-USDT", "BTC_1", "a b", "../x"])
def test_a_coin_is_of_letters_and_digits(said):
    with pytest.raises(ValueError, match="letters and digits, of any script"):
        read_coin(said)


def test_a_multiplied_contract_of_a_coin_of_any_script_is_of_that_coin():
    assert split_multiplier("1000币安人生") == ("币安人生", 1000)
    assert split_multiplier("10000000AIDOGE") == ("AIDOGE", 10_000_000)  # Bybit listed it so
