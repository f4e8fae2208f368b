"""Hyperliquid's open interest: one question, two lists that go by position."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import polars as pl
import pytest

from cryptopipe_assets.core.errors import (
    ConfigError,
    PayloadChanged,
    VendorRejected,
    VendorUnavailable,
)
from cryptopipe_assets.vendors.http.rate_limit import Budget
from cryptopipe_assets.vendors.hyperliquid.client import Hyperliquid
from cryptopipe_assets.vendors.parsing.instruments import INSTRUMENT_SCHEMA, ListedInstruments
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured
from cryptopipe_assets.vendors.protocols import OffersInstruments, OffersOpenInterest
from cryptopipe_tests.places import PAYLOADS
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, asked, mocked

PAYLOAD = PAYLOADS / "hyperliquid/meta_and_asset_ctxs.json"
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
ANSWERED_AT = NOON + timedelta(minutes=4, milliseconds=250)


def sent() -> Any:
    return Payloads("hyperliquid").json("meta_and_asset_ctxs.json")


def ask(vendor: Vendor, **settings: Any) -> Measured:
    client = mocked(
        Hyperliquid,
        vendor,
        base_url="https://hyperliquid.test",
        clock=lambda: ANSWERED_AT,
        **settings,
    )
    return asked(client, lambda hyperliquid: hyperliquid.open_interest_now())


def answered(body: Any) -> Measured:
    return ask(lambda request: httpx.Response(200, json=body))


def test_all_perpetuals_come_in_one_post_and_are_stamped_by_our_clock():
    questions: list[httpx.Request] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        questions.append(request)
        return httpx.Response(200, content=PAYLOAD.read_bytes())

    found = ask(vendor)
    [question] = questions
    assert (question.method, question.url.path, question.url.query) == ("POST", "/info", b"")
    assert json.loads(question.content) == {"type": "metaAndAssetCtxs"}
    assert found.frame.schema == OPEN_INTEREST_SCHEMA
    assert found.frame.rows(named=True)[1] == {
        "ts": NOON,
        "available_at": NOON + timedelta(minutes=4, milliseconds=251),
        "venue": "hyperliquid",
        "symbol": "BTC-USDC-PERP",
        "coin": "BTC",
        "margin_type": "linear",
        "open_interest_contracts": None,
        "open_interest_base": 42602.5,
        "open_interest_usd": 3_408_200_000.0,  # 42,602.5 at 80,000
    }


def test_a_k_before_the_coin_is_a_thousand_of_it():
    pepe = answered(sent()).frame.row(0, named=True)
    assert (pepe["symbol"], pepe["coin"]) == ("1000PEPE-USDC-PERP", "PEPE")
    assert (pepe["open_interest_base"], pepe["open_interest_usd"]) == (2e9, 1e7)


def test_contracts_that_ended_or_have_no_price_are_left_out_and_counted():
    found = answered(sent())
    assert found.frame["symbol"].to_list() == ["1000PEPE-USDC-PERP", "BTC-USDC-PERP"]
    assert found.left_out == {"delisted": 1, "blank": 1}


def test_a_state_that_is_null_and_unknown_fields_are_no_error():
    body = sent()
    body[0]["universe"][3]["aNewField"] = {"a": 1}
    body[1][1] = None
    body[1][3] = None
    assert answered(body).left_out == {"delisted": 1, "blank": 1}


def test_a_question_costs_twenty_of_the_weight():
    too_small = Budget(family="weight", units=19, per_seconds=60)
    with pytest.raises(ConfigError, match="hyperliquid weight: one request costs 20 units"):
        ask(lambda request: httpx.Response(200, json=sent()), budgets=(too_small,))


def shorter(body: Any) -> Any:
    return [body[0], body[1][:-1]]


def without(name: str) -> Callable[[Any], Any]:
    def change(body: Any) -> Any:
        return [body[0], [{k: v for k, v in each.items() if k != name} for each in body[1]]]

    return change


def of_another_margin(body: Any) -> Any:
    return [{**body[0], "collateralToken": 235}, body[1]]


def twice(body: Any) -> Any:
    universe = [*body[0]["universe"], body[0]["universe"][0]]
    return [{**body[0], "universe": universe}, [*body[1], body[1][0]]]


def twice_otherwise(body: Any) -> Any:
    universe = [*body[0]["universe"], body[0]["universe"][0]]
    other = {**body[1][0], "openInterest": "7"}
    return [{**body[0], "universe": universe}, [*body[1], other]]


def negative(body: Any) -> Any:
    return [body[0], [{**body[1][0], "openInterest": "-1"}, *body[1][1:]]]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (shorter, "4 contracts, but 3 states"),
        (without("openInterest"), "openInterest"),
        (without("markPx"), "markPx"),
        (of_another_margin, "token 235"),
        (lambda body: [{"universe": []}, []], "got none"),
        (lambda body: body[0], "expected|should"),
        (lambda body: {}, "expected|should"),
    ],
)
def test_an_answer_of_another_shape_is_a_changed_payload(change, fault):
    with pytest.raises(PayloadChanged, match=rf"hyperliquid: /info metaAndAssetCtxs: .*({fault})"):
        answered(change(sent()))


@pytest.mark.parametrize(
    ("change", "fault"),
    [(twice_otherwise, "two contracts of one name"), (negative, "a figure is negative")],
)
def test_a_contract_of_which_two_things_or_an_impossible_one_is_said_fails_by_itself(change, fault):
    first = sent()[0]["universe"][0]["name"]
    found = answered(change(sent()))
    assert list(found.failed) == [first]
    assert fault in found.failed[first].reason
    assert found.left_out["failed"] == 1
    truth = answered(sent()).frame
    assert found.frame.equals(truth.filter(~pl.col("symbol").str.starts_with(f"{first}-")))
    assert found.frame.height == truth.height - 1


def test_what_is_said_twice_in_the_same_words_is_said_once():
    assert answered(twice(sent())).frame.equals(answered(sent()).frame)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(422, text="Failed to deserialize the JSON body"), VendorRejected),
        (httpx.Response(403), VendorRejected),
        (httpx.Response(429), VendorUnavailable),
        (httpx.Response(500, text="null"), VendorUnavailable),
        (httpx.Response(200, text="<html>"), PayloadChanged),
    ],
)
def test_a_failure_is_never_an_empty_frame(answer, error):
    with pytest.raises(error, match="hyperliquid"):
        ask(lambda request: answer)


def listed(*names: str, **details: Any) -> ListedInstruments:
    """What is in the registry if markets of these names are listed besides the usual ones."""
    body = sent()
    for name in names:
        body[0]["universe"].append({**body[0]["universe"][0], "name": name, **details})
        body[1].append(body[1][0])
    client = mocked(
        Hyperliquid,
        lambda request: httpx.Response(200, json=body),
        base_url="https://hyperliquid.test",
        clock=lambda: ANSWERED_AT,
    )
    return asked(client, lambda hyperliquid: hyperliquid.instruments())


def test_the_client_has_the_capabilities_that_its_terms_offer():
    client = Hyperliquid(base_url="https://hyperliquid.test")
    assert isinstance(client, OffersInstruments)
    assert isinstance(client, OffersOpenInterest)


def test_contracts_are_registered_with_hourly_funding_and_the_steps_of_their_decimals():
    found = listed()
    assert found.frame.schema == INSTRUMENT_SCHEMA
    rows = {each["symbol"]: each for each in found.frame.rows(named=True)}
    assert rows["BTC-USDC-PERP"] == {
        "venue": "hyperliquid",
        "symbol": "BTC-USDC-PERP",
        "vendor_symbol": "BTC",
        "coin": "BTC",
        "quote": "USDC",
        "margin_asset": "USDC",
        "contract_multiplier": 1,
        "contract_type": "PERPETUAL",
        "status": "TRADING",
        "listed_at": None,
        "delisted_at": None,
        "funding_interval_hours": 1,
        "price_tick": 0.1,  # szDecimals 5: one decimal of a price
        "quantity_step": 0.00001,
    }
    pepe = rows["1000PEPE-USDC-PERP"]
    assert (pepe["vendor_symbol"], pepe["coin"]) == ("kPEPE", "PEPE")
    assert (pepe["contract_multiplier"], pepe["price_tick"]) == (1000, 1e-6)
    assert rows["MATIC-USDC-PERP"]["status"] == "DELISTED"


def test_markets_of_builders_are_passed_over_and_never_mixed_with_the_venues_own():
    found = listed("xyz:NVDA", "hyna:BTC", "flx:kPEPE")
    assert found.frame.equals(listed().frame)
    assert found.not_understood.is_empty()
    why = dict(found.passed_over.select("vendor_symbol", "reason").iter_rows())
    assert why["hyna:BTC"] == (
        "it is a market of the builder hyna, not the venue's contract of BTC"
    )
    assert set(why) == {"xyz:NVDA", "hyna:BTC", "flx:kPEPE"}


def test_what_is_not_collected_is_told_with_the_open_interest():
    body = sent()
    body[0]["universe"].append({"name": "hyna:BTC", "szDecimals": 5})
    body[1].append(body[1][0])
    found = answered(body)
    assert found.frame.equals(answered(sent()).frame)
    assert {name: reason for name, _, reason, _ in found.passed_over} == {
        "hyna:BTC": "it is a market of the builder hyna, not the venue's contract of BTC",
        "MATIC": "it does not trade (DELISTED)",
    }
    assert found.left_out == {"passed_over": 1, "delisted": 1, "blank": 1}


def test_a_contract_of_which_nothing_is_said_of_its_end_trades():
    body = sent()
    body[0]["universe"][0]["isDelisted"] = None
    assert answered(body).frame.equals(answered(sent()).frame)


@pytest.mark.parametrize("decimals", [7, -1, "5", None])
def test_sizes_of_impossible_decimals_fail_their_contract_only(decimals):
    found = listed("ODD", szDecimals=decimals)
    assert found.frame.equals(listed().frame)
    assert found.not_understood["symbol"].to_list() == ["ODD-USDC-PERP"]
