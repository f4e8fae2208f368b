"""Bybit's lists made into instruments: names, kinds, states and steps."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cryptopipe_assets.vendors.bybit.client import Bybit
from cryptopipe_assets.vendors.bybit.parsing import read_contracts
from cryptopipe_assets.vendors.parsing.instruments import INSTRUMENT_SCHEMA, ListedInstruments
from cryptopipe_assets.vendors.protocols import OffersInstruments, OffersOpenInterest, Wanted
from cryptopipe_tests.unit.vendors.bybit.exchange import (
    CONTRACTS,
    INVERSE,
    LINEAR_1,
    LINEAR_2,
    NOON,
    Exchange,
    ask_bybit,
)

USUAL = [*LINEAR_1, *LINEAR_2, *INVERSE]
DETAILS = {"priceFilter": {"tickSize": "0.5"}, "lotSizeFilter": {"qtyStep": "0.001"}}


def listed(*rows: Any) -> ListedInstruments:
    """What is in the registry if these rows are on the last page of the linear contracts."""

    def longer(body: Any) -> Any:
        if not body["result"]["nextPageCursor"] and body["result"]["category"] == "linear":
            body["result"]["list"] += rows
        return body

    exchange = Exchange()
    exchange.changes["instruments-info"] = longer
    return ask_bybit(exchange, lambda bybit: bybit.instruments())


def like_btc(**changes: Any) -> dict[str, Any]:
    [btc] = (each for each in LINEAR_1 if each["symbol"] == "BTCUSDT")
    return {**btc, "symbol": "ODDUSDT", "baseCoin": "ODD", **changes}


def test_the_client_has_the_capabilities_that_its_terms_offer():
    client = Bybit(base_url="https://bybit.test")
    assert isinstance(client, OffersInstruments)
    assert isinstance(client, OffersOpenInterest)


def test_contracts_are_registered_with_interval_and_steps_and_what_is_not_said_is_null():
    found = listed(like_btc(**DETAILS, fundingInterval=240))
    assert found.frame.schema == INSTRUMENT_SCHEMA
    rows = {each["vendor_symbol"]: each for each in found.frame.rows(named=True)}
    assert rows["ODDUSDT"] == {
        "venue": "bybit",
        "symbol": "ODD-USDT-PERP",
        "vendor_symbol": "ODDUSDT",
        "coin": "ODD",
        "quote": "USDT",
        "margin_asset": "USDT",
        "contract_multiplier": 1,
        "contract_type": "PERPETUAL",
        "status": "TRADING",
        "listed_at": datetime(2020, 3, 30, tzinfo=UTC),
        "delisted_at": None,
        "funding_interval_hours": 4,
        "price_tick": 0.5,
        "quantity_step": 0.001,
    }
    shib = rows["SHIB1000USDT"]
    assert (shib["symbol"], shib["contract_multiplier"]) == ("1000SHIB-USDT-PERP", 1000)
    assert rows["BTCPERP"]["symbol"] == "BTC-USDC-PERP"
    assert rows["BTCUSDT"]["price_tick"] is None  # the recorded rows have no filters


def test_an_inverse_contract_counts_dollars_so_that_its_step_is_no_quantity():
    inverse = like_btc(contractType="InversePerpetual", quoteCoin="USD", settleCoin="ODD")
    row = listed({**inverse, **DETAILS}).frame.filter(coin="ODD").row(0, named=True)
    assert (row["margin_asset"], row["price_tick"], row["quantity_step"]) == ("ODD", 0.5, None)


def test_futures_and_unknown_kinds_are_passed_over_by_name_and_kind():
    passed = listed(like_btc(symbol="ODD-27MAR26", contractType="LinearFutures")).passed_over
    why = dict(passed.select("vendor_symbol", "reason").iter_rows())
    assert "a future of BTCUSDT that ends on a date" in why["BTCUSDT-27MAR26"]
    assert "a future of ODD that ends on a date" in why["ODD-27MAR26"]
    assert passed["is_understood"].all()
    kinds = listed(like_btc(contractType="LinearSomething")).passed_over.filter(
        vendor_symbol="ODDUSDT"
    )
    assert "its contractType is 'LinearSomething', no perpetual" in kinds["reason"].item()


@pytest.mark.parametrize(
    ("changes", "kind", "status"),
    [
        ({"symbolType": "stock"}, "EQUITY_PERPETUAL", "TRADING"),
        ({"symbolType": "xstocks"}, "EQUITY_PERPETUAL", "TRADING"),
        ({"symbolType": "commodity"}, "COMMODITY_PERPETUAL", "TRADING"),
        ({"symbolType": "innovation"}, "PERPETUAL", "TRADING"),
        ({"status": "PreLaunch"}, "PERPETUAL", "PRE_MARKET"),
        ({"isPreListing": True}, "PERPETUAL", "PRE_MARKET"),
        ({"status": "Closed"}, "PERPETUAL", "CLOSED"),
    ],
)
def test_what_is_no_coins_or_does_not_trade_is_registered_so_and_not_collected(
    changes, kind, status
):
    odd = like_btc(**changes)
    row = listed(odd).frame.filter(coin="ODD").row(0, named=True)
    assert (row["contract_type"], row["status"]) == (kind, status)
    is_usual = (kind, status) == ("PERPETUAL", "TRADING")
    assert ("ODDUSDT" in read_contracts([*USUAL, odd]).contracts) == is_usual


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"priceFilter": {"tickSize": "0"}}, "not positive"),
        ({"fundingInterval": 8}, "whole hours"),
        ({"fundingInterval": "480"}, "fundingInterval"),
        ({"launchTime": "-5"}, "impossible time"),
        ({"settleCoin": None}, "settleCoin"),
    ],
)
def test_odd_details_keep_a_contract_out_of_the_registry_and_not_out_of_open_interest(changes, why):
    odd = like_btc(**changes)
    found = listed(odd)
    assert found.frame.equals(listed().frame)
    [row] = found.not_understood.rows(named=True)
    assert (row["vendor_symbol"], row["symbol"]) == ("ODDUSDT", "ODD-USDT-PERP")
    assert why in row["reason"]
    assert "ODDUSDT" in read_contracts([*USUAL, odd]).contracts


def test_what_is_listed_and_not_collected_is_told_with_the_open_interest():
    wanted = Wanted(coins=frozenset({"A_COIN_THAT_IS_NOT_LISTED"}), days=(NOON.date(),), now=NOON)
    found = ask_bybit(Exchange(), lambda bybit: bybit.hourly_open_interest(wanted))
    why = {name: reason for name, _, reason, _ in found.passed_over}
    assert set(why).isdisjoint(CONTRACTS)
    assert set(why) | set(CONTRACTS) == {each["symbol"] for each in USUAL}
    assert "a future of BTCUSDT that ends on a date" in why["BTCUSDT-27MAR26"]
    assert "no coin's contract (EQUITY_PERPETUAL)" in why["TSLAUSDT"]
    assert sum(found.left_out.values()) == len(why)
