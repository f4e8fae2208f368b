"""One reader of what venues list: names, kinds, states, steps; what is passed over says why."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from cryptopipe_assets.vendors.parsing.fields import Wire
from cryptopipe_assets.vendors.parsing.listing import (
    Details,
    Listing,
    Names,
    Perpetual,
    instant_of,
    perpetual_of,
    read_listing,
    step_of,
    whole_hours,
)
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape


class Row(Wire):
    """A row of a list that does nothing but name things."""

    name: str
    base: str
    quote: str = "USDT"
    status: str = "TRADING"


ROW = TypeAdapter(Row)


def read(*rows: Any, small_k: bool = False) -> Listing:
    def made(each: Row, row: Any) -> Perpetual:
        return perpetual_of(
            each.name,
            each.base,
            each.quote,
            margin_type="linear",
            status=each.status,
            small_k=small_k,
            row=row,
        )

    return read_listing(
        list(rows),
        ROW,
        made,
        names=lambda row: Names(row.get("name"), row.get("base"), row.get("quote", "USDT")),
        small_k=small_k,
        without_market=("HALTED",),
    )


BTC = {"name": "BTCUSDT", "base": "BTC"}
ETH = {"name": "ETHUSDT", "base": "ETH"}


@pytest.mark.parametrize(
    ("base", "quote", "symbol", "coin"),
    [
        ("BTC", "USD1", "BTC-USD1-PERP", "BTC"),
        ("BTC", "USD_UM", "BTC-USD_UM-PERP", "BTC"),
        ("币安人生", "USDT", "币安人生-USDT-PERP", "币安人生"),
        ("4", "USDC", "4-USDC-PERP", "4"),
        ("XAUt", "USDT", "XAUT-USDT-PERP", "XAUT"),
        ("1000PEPE", "USDT", "1000PEPE-USDT-PERP", "PEPE"),
        ("10000000AIDOGE", "USDT", "10000000AIDOGE-USDT-PERP", "AIDOGE"),
        ("1MBABYDOGE", "USDT", "1MBABYDOGE-USDT-PERP", "BABYDOGE"),
        ("SHIB1000", "USDT", "1000SHIB-USDT-PERP", "SHIB"),
        ("1000X", "USDT", "1000X-USDT-PERP", "1000X"),
        ("kPEPE", "USDT", "KPEPE-USDT-PERP", "KPEPE"),
    ],
)
def test_a_pair_is_spelt_as_the_tables_spell_it(base, quote, symbol, coin):
    [contract] = read({"name": "X", "base": base, "quote": quote}).contracts.values()
    assert (contract.symbol, contract.coin) == (symbol, coin)


@pytest.mark.parametrize(
    ("base", "symbol"),
    [
        ("kPEPE", "1000PEPE-USDT-PERP"),
        ("k币安人生", "1000币安人生-USDT-PERP"),
        ("KAS", "KAS-USDT-PERP"),
        ("kas", "KAS-USDT-PERP"),
        ("k", "K-USDT-PERP"),
    ],
)
def test_a_small_k_before_a_capital_is_a_thousand_where_the_venue_writes_it_so(base, symbol):
    [contract] = read({"name": base, "base": base}, small_k=True).contracts.values()
    assert contract.symbol == symbol


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ETHUSDT_260327", "a future of ETHUSDT that ends on a date"),
        ("ETHUSDT-27MAR26", "a future of ETHUSDT that ends on a date"),
        ("ETH-USDT-260327", "a future of ETH-USDT that ends on a date"),
        ("ETH_USDT_20260327", "a future of ETH_USDT that ends on a date"),
        ("ETHUSDH26", "a future of ETHUSD that ends on a date"),
        ("ETH-USD-260327-2500-C", "an option of ETH-USD"),
        ("ETHUSDT_SETTLED", "a contract that was settled"),
        ("ETH-USDT-SETTLED", "a contract that was settled"),
        ("hyna:ETH", "a market of the builder hyna"),
    ],
)
def test_a_name_that_is_no_perpetuals_is_passed_over_by_whichever_venue(name, why):
    found = read(BTC, {"name": name, "base": "ETH"})
    assert list(found.contracts) == ["BTCUSDT"]
    [(theirs, symbol, said, is_understood)] = found.passed_over
    assert (theirs, symbol, is_understood) == (name, "ETH-USDT-PERP", True)
    assert why in said
    assert found.failed == {}


@pytest.mark.parametrize("row", [None, 7, "ETH", [], {}, {"name": 7, "base": {}}])
def test_a_row_that_is_no_contract_is_counted_and_takes_none_down(row):
    found = read(BTC, row)
    assert list(found.contracts) == ["BTCUSDT"]
    assert [each[3] for each in found.passed_over] == [False]


@pytest.mark.parametrize("base", ["", "SO-L", "a b", "_", "../x", "BUFFI,uniswap", "A" * 65])
def test_what_is_no_ticker_is_named_and_fails_for_itself(base):
    found = read(BTC, {"name": "ODD", "base": base})
    assert list(found.contracts) == ["BTCUSDT"]
    assert "expected a ticker of letters and digits" in found.failed["ODD"].reason


def test_a_contract_without_a_market_is_in_the_registry_and_not_collected():
    found = read(BTC, {**ETH, "status": "HALTED"})
    assert list(found.contracts) == ["BTCUSDT"]
    assert found.not_collected == (
        ("ETHUSDT", "ETH-USDT-PERP", "it does not trade (HALTED)", True),
    )
    listed = found.instruments("here", lambda _: Details(margin_asset="USDT"))
    assert listed.frame.select("symbol", "status").rows() == [
        ("BTC-USDT-PERP", "TRADING"),
        ("ETH-USDT-PERP", "HALTED"),
    ]


def test_a_contract_whose_details_cannot_be_true_is_collected_and_not_registered_anew():
    def details(row: Any) -> Details:
        if row["base"] == "ETH":
            raise UnexpectedShape("its tick cannot be")
        return Details(margin_asset="USDT")

    found = read(BTC, ETH)
    assert list(found.contracts) == ["BTCUSDT", "ETHUSDT"]
    listed = found.instruments("here", details)
    assert listed.frame["symbol"].to_list() == ["BTC-USDT-PERP"]
    assert listed.not_understood.select("symbol", "reason").rows() == [
        ("ETH-USDT-PERP", "its tick cannot be")
    ]


def test_twins_under_one_name_of_the_venue_are_both_left_out_and_said_twice_is_once():
    assert list(read(BTC, BTC).contracts) == ["BTCUSDT"]
    found = read(BTC, {"name": "SOLUSDT", "base": "SOL"}, ETH, {**ETH, "base": "ETC"})
    assert list(found.contracts) == ["BTCUSDT", "SOLUSDT"]
    assert [each[0] for each in found.passed_over] == ["ETHUSDT", "ETHUSDT"]
    assert "ETHUSDT, in different words" in found.failed["ETHUSDT"].reason


@pytest.mark.parametrize("rows", [[], [{"name": "X_260327", "base": "X"}]])
def test_a_list_without_a_perpetual_is_refused(rows):
    with pytest.raises(UnexpectedShape, match="got none"):
        read(*rows)


def test_a_list_of_which_most_is_not_understood_is_refused_by_its_first():
    with pytest.raises(UnexpectedShape, match="2 contracts are not understood and 1 are"):
        read(BTC, None, None)


@pytest.mark.parametrize(
    ("factors", "step"),
    [(("0.1",), 0.1), (("0.01", "0.01", "1"), 0.0001), (("1e-7",), 1e-7), (("", "1"), None)],
)
def test_a_step_is_the_exact_product_of_what_is_written(factors, step):
    assert step_of(*factors) == step


@pytest.mark.parametrize("factors", [("0",), ("-1",), ("x",), ("NaN",), ("inf",), ("1e9999999",)])
def test_a_step_that_is_no_number_above_nothing_is_refused(factors):
    with pytest.raises(UnexpectedShape, match="not positive"):
        step_of(*factors)


def test_hours_between_settlements_are_whole_and_blank_is_not_known():
    assert (whole_hours(480), whole_hours(60), whole_hours(0), whole_hours(None)) == (
        8,
        1,
        *2 * [None],
    )
    for minutes in (8, 90, 25 * 60, -60):
        with pytest.raises(UnexpectedShape, match="whole hours"):
            whole_hours(minutes)


def test_an_instant_that_is_none_or_never_comes_is_null():
    assert instant_of(1_585_526_400_000) == datetime(2020, 3, 30, tzinfo=UTC)
    assert [instant_of(each) for each in (None, 0, 4_133_404_800_000)] == [None] * 3
    with pytest.raises(UnexpectedShape, match="impossible time"):
        instant_of(-1)
