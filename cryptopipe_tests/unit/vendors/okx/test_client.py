"""OKX's swaps: contracts from its list, open interest of all of them in one call."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import polars as pl
import pytest

from cryptopipe_assets.core.errors import PayloadChanged, VendorRejected, VendorUnavailable
from cryptopipe_assets.vendors.okx.client import Okx
from cryptopipe_assets.vendors.okx.parsing import read_instruments
from cryptopipe_assets.vendors.parsing.instruments import INSTRUMENT_SCHEMA, ListedInstruments
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured
from cryptopipe_assets.vendors.protocols import OffersInstruments, OffersOpenInterest, Wanted
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, asked, mocked

sent = Payloads("okx").json
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)

T = TypeVar("T")


def ask(vendor: Vendor, work: Callable[[Okx], Awaitable[T]]) -> T:
    client = mocked(Okx, vendor, base_url="https://okx.test", attempts=3, clock=lambda: NOON)
    return asked(client, work)


CONTRACTS = read_instruments(sent("instruments.json")).contracts


def measured(body: Any = None) -> Measured:
    answer = sent("open_interest.json") if body is None else body
    return ask(
        lambda request: httpx.Response(200, json=answer),
        lambda okx: okx.open_interest_now(CONTRACTS),
    )


def test_swaps_of_coins_are_named_by_their_family_and_sized():
    def vendor(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v5/public/instruments"
        assert dict(request.url.params) == {"instType": "SWAP"}
        return httpx.Response(200, json=sent("instruments.json"))

    found = ask(vendor, lambda okx: okx.contracts())
    assert {name: (each.symbol, each.margin_type) for name, each in found.items()} == {
        "BTC-USD-SWAP": ("BTC-USD-PERP", "inverse"),
        "BTC-USDT-SWAP": ("BTC-USDT-PERP", "linear"),
        "BTC-USD_UM-SWAP": ("BTC-USD_UM-PERP", "linear"),
        "PEPE-USDT-SWAP": ("PEPE-USDT-PERP", "linear"),
    }
    assert found["PEPE-USDT-SWAP"].contract_size == 10_000_000
    assert found["BTC-USD-SWAP"].coin == "BTC"


def test_contracts_coins_and_dollars_are_taken_as_okx_says_them():
    found = measured()
    assert found.frame.schema == OPEN_INTEREST_SCHEMA
    inverse, linear, in_dollars = found.frame.rows(named=True)
    assert linear == {
        "ts": NOON,
        "available_at": NOON + timedelta(milliseconds=124),
        "venue": "okx",
        "symbol": "BTC-USDT-PERP",
        "coin": "BTC",
        "margin_type": "linear",
        "open_interest_contracts": 2_500_000.0,
        "open_interest_base": 25_000.0,
        "open_interest_usd": 2e9,
    }
    assert (inverse["margin_type"], inverse["open_interest_base"]) == ("inverse", 5000.0)
    assert in_dollars["symbol"] == "BTC-USD_UM-PERP"


def test_each_contract_is_stamped_with_its_own_instant():
    inverse = measured().frame.row(0, named=True)
    assert inverse["ts"] == NOON - timedelta(hours=1)  # 11:59:59.623
    assert inverse["available_at"] == NOON - timedelta(milliseconds=376)


def test_what_is_not_a_coins_swap_or_blank_is_left_out_and_counted():
    assert measured().left_out == {"blank": 1, "not_a_listed_perpetual": 1}


def test_a_listed_contract_without_a_row_is_counted():
    body = sent("open_interest.json")
    body["data"] = [each for each in body["data"] if each["instId"] != "BTC-USD_UM-SWAP"]
    assert measured(body).left_out["without_a_reading"] == 1


def test_a_figure_that_is_over_an_hour_old_is_left_out_and_counted():
    body = sent("open_interest.json")
    body["data"][0]["ts"] = str(int(body["data"][0]["ts"]) - 3_600_001)
    found = measured(body)
    assert "BTC-USDT-PERP" not in found.frame["symbol"]
    assert found.left_out["stale"] == 1


def test_a_figure_in_another_unit_fails_its_contract_and_no_other():
    body = sent("open_interest.json")
    body["data"][0]["oiCcy"] = "2500000"
    found = measured(body)
    assert list(found.failed) == ["BTC-USDT-SWAP"]
    coin, reason = found.failed["BTC-USDT-SWAP"]
    assert coin == "BTC"
    assert "different units: 25000 and 2.5e" in reason
    assert found.left_out["failed"] == 1
    whole = measured().frame
    assert found.frame.equals(whole.filter(pl.col("symbol") != "BTC-USDT-PERP"))


@pytest.mark.parametrize("name", ["instId", "oi", "oiCcy", "oiUsd", "ts"])
def test_open_interest_without_a_field_is_a_changed_payload(name):
    body = sent("open_interest.json")
    for each in body["data"]:
        del each[name]
    with pytest.raises(PayloadChanged, match=rf"okx: /api/v5/public/open-interest: .*{name}"):
        measured(body)


@pytest.mark.parametrize("name", ["oi", "oiCcy", "oiUsd", "ts"])
def test_one_contract_without_a_field_fails_by_itself(name):
    body = sent("open_interest.json")
    del body["data"][0][name]
    found = measured(body)
    assert list(found.failed) == ["BTC-USDT-SWAP"]
    assert name in found.failed["BTC-USDT-SWAP"].reason
    assert "BTC-USDT-PERP" not in found.frame["symbol"]
    assert found.frame.height == measured().frame.height - 1


@pytest.mark.parametrize("name", ["instId", "instFamily", "ctType", "ctVal", "ctMult"])
def test_instruments_without_a_field_are_a_changed_payload(name):
    body = sent("instruments.json")
    for each in body["data"]:
        del each[name]
    with pytest.raises(PayloadChanged, match=rf"okx: /api/v5/public/instruments: .*{name}"):
        ask(lambda request: httpx.Response(200, json=body), lambda okx: okx.contracts())


PLACEHOLDER = {
    "instType": "SWAP",
    "instId": "",
    "instFamily": "SLX-USDT",
    "instCategory": "1",
    "ctType": "linear",
    "ctVal": "",
    "ctMult": "",
    "settleCcy": "USDT",
}


def test_a_swap_that_is_not_open_yet_is_no_contract_and_takes_none_down():
    body = sent("instruments.json")
    body["data"].append({**PLACEHOLDER, "state": "preopen"})
    found = read_instruments(body)
    assert found.contracts == CONTRACTS
    assert found.failed == {}


def test_a_listing_that_is_not_understood_is_named_and_takes_none_down():
    body = sent("instruments.json")
    body["data"].append({**PLACEHOLDER, "state": "live"})
    body["data"].append(None)
    found = read_instruments(body)
    assert found.contracts == CONTRACTS
    assert list(found.failed) == ["SLX-USDT"]
    assert found.failed["SLX-USDT"].coin == "SLX"
    counts: Counter[str] = Counter()
    found.count_into(counts)
    assert (counts["failed"], counts["malformed"]) == (1, 1)


def test_of_two_swaps_of_one_name_the_one_called_after_its_pair_is_kept():
    body = sent("instruments.json")
    body["data"].append({**body["data"][0], "instId": "BTC-USDT-SWAP2"})
    found = read_instruments(body)
    assert found.contracts == CONTRACTS
    assert "two contracts of one name" in found.failed["BTC-USDT-SWAP2"].reason


def test_instruments_that_share_a_name_have_no_pair_or_are_none_are_a_changed_payload():
    body = sent("instruments.json")
    first = body["data"][0]
    for data, fault in (
        (
            [{**first, "instId": f"BTC-USDT-SWAP{n}"} for n in (2, 3)],
            "two contracts of one name",
        ),
        ([{**first, "instFamily": "BTCUSDT"}], "expected a family"),
        ([{**first, "ctVal": ""}], "and a size"),
        ([], "got none"),
    ):
        with pytest.raises(PayloadChanged, match=fault):
            ask(
                lambda request, data=data: httpx.Response(200, json={**body, "data": data}),
                lambda okx: okx.contracts(),
            )


def failing(code: str) -> httpx.Response:
    return httpx.Response(200, json={"code": code, "data": [], "msg": "what OKX says"})


FAILURES = [
    (failing("50011"), VendorUnavailable, "code 50011: what OKX says"),
    (failing("51000"), VendorRejected, "code 51000: what OKX says"),
    (
        httpx.Response(429, json={"code": "50011", "msg": "Too Many Requests"}),
        VendorUnavailable,
        "",
    ),
    (httpx.Response(403), VendorRejected, "HTTP 403"),
    (httpx.Response(503), VendorUnavailable, "HTTP 503"),
    (httpx.Response(200, text="<html>"), PayloadChanged, "markup"),
    (httpx.Response(200, json={"data": []}), PayloadChanged, "expected an object with code"),
    (httpx.Response(200, json=[]), PayloadChanged, "expected an object with code"),
    (httpx.Response(200, json={"code": "0", "data": [], "msg": ""}), PayloadChanged, "got none"),
    (httpx.Response(200, json={"code": "0", "msg": ""}), PayloadChanged, "data"),
]


@pytest.mark.parametrize(("answer", "error", "said"), FAILURES)
@pytest.mark.parametrize("method", ["contracts", "open_interest_now"])
def test_a_failure_is_never_an_empty_answer(method, answer, error, said):
    arguments = () if method == "contracts" else (CONTRACTS,)
    with pytest.raises(error, match=f"okx: .*{said}"):
        ask(lambda request: answer, lambda okx: getattr(okx, method)(*arguments))


def test_a_code_for_too_many_calls_is_asked_again():
    answers = iter([failing("50011"), httpx.Response(200, json=sent("open_interest.json"))])
    found = ask(lambda request: next(answers), lambda okx: okx.open_interest_now(CONTRACTS))
    assert found.frame.height == 3


def listed(*rows: Any) -> ListedInstruments:
    """What is in the registry if these rows are listed besides the usual ones."""
    body = sent("instruments.json")
    body["data"] += rows
    return ask(lambda request: httpx.Response(200, json=body), lambda okx: okx.instruments())


def like_btc(**changes: Any) -> dict[str, Any]:
    return {**sent("instruments.json")["data"][0], **changes}


def test_the_client_has_the_capabilities_that_its_terms_offer():
    client = Okx(base_url="https://okx.test")
    assert isinstance(client, OffersInstruments)
    assert isinstance(client, OffersOpenInterest)


def test_swaps_are_registered_with_their_steps_and_without_an_interval():
    found = listed()
    assert found.frame.schema == INSTRUMENT_SCHEMA
    rows = {each["symbol"]: each for each in found.frame.rows(named=True)}
    assert rows["BTC-USDT-PERP"] == {
        "venue": "okx",
        "symbol": "BTC-USDT-PERP",
        "vendor_symbol": "BTC-USDT-SWAP",
        "coin": "BTC",
        "quote": "USDT",
        "margin_asset": "USDT",
        "contract_multiplier": 1,
        "contract_type": "PERPETUAL",
        "status": "TRADING",
        "listed_at": datetime(2019, 11, 12, 11, 16, 48, tzinfo=UTC),
        "delisted_at": None,
        "funding_interval_hours": None,
        "price_tick": 0.1,
        "quantity_step": 0.0001,  # a hundredth of a contract of a hundredth of a coin
    }
    inverse = rows["BTC-USD-PERP"]
    assert (inverse["margin_asset"], inverse["quantity_step"]) == ("BTC", None)
    assert rows["BTC-USD_UM-PERP"]["quote"] == "USD"  # it is priced in dollars
    assert rows["PEPE-USDT-PERP"]["status"] == "A_NEW_STATE"
    assert rows["TSLA-USDT-PERP"]["contract_type"] == "EQUITY_PERPETUAL"
    [unknown] = found.passed_over.rows(named=True)
    assert unknown["vendor_symbol"] == "X-USDT-SWAP"
    assert "its ctType is 'a_new_kind'" in unknown["reason"]


@pytest.mark.parametrize(
    ("changes", "kind", "status"),
    [
        ({"instCategory": "4"}, "COMMODITY_PERPETUAL", "TRADING"),
        ({"instCategory": "5"}, "FOREX_PERPETUAL", "TRADING"),
        ({"instCategory": "77"}, "OTHER_PERPETUAL", "TRADING"),
        ({"ruleType": "pre_market"}, "PERPETUAL", "PRE_MARKET"),
        ({"state": "suspend"}, "PERPETUAL", "SUSPEND"),
    ],
)
def test_what_is_no_coins_or_does_not_trade_is_registered_so_and_not_collected(
    changes, kind, status
):
    odd = like_btc(instId="ODD-USDT-SWAP", instFamily="ODD-USDT", **changes)
    row = listed(odd).frame.filter(coin="ODD").row(0, named=True)
    assert (row["contract_type"], row["status"]) == (kind, status)
    body = sent("instruments.json")
    body["data"].append(odd)
    found = read_instruments(body)
    assert "ODD-USDT-SWAP" not in found.contracts
    assert "ODD-USDT-SWAP" in [each[0] for each in found.not_collected]


def test_an_open_list_says_when_a_swap_will_end():
    ends = like_btc(instId="END-USDT-SWAP", instFamily="END-USDT", expTime="1795737600000")
    found = listed(ends).frame.filter(coin="END")
    assert found["delisted_at"].item() == datetime(2026, 11, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"tickSz": "0"}, "not positive"),
        ({"tickSz": "x"}, "not positive"),
        ({"listTime": "-1"}, "impossible time"),
        ({"listTime": "yesterday"}, "listTime"),
        ({"settleCcy": None}, "settleCcy"),
    ],
)
def test_odd_details_keep_a_swap_out_of_the_registry_and_not_out_of_open_interest(changes, why):
    odd = like_btc(instId="ODD-USDT-SWAP", instFamily="ODD-USDT", **changes)
    found = listed(odd)
    assert found.frame.equals(listed().frame)
    [row] = found.not_understood.rows(named=True)
    assert (row["vendor_symbol"], row["symbol"]) == ("ODD-USDT-SWAP", "ODD-USDT-PERP")
    assert why in row["reason"]
    body = sent("instruments.json")
    body["data"].append(odd)
    assert "ODD-USDT-SWAP" in read_instruments(body).contracts


def test_what_is_listed_and_not_collected_is_told_with_the_open_interest():
    bodies = {"instruments": sent("instruments.json"), "open-interest": sent("open_interest.json")}
    bodies["instruments"]["data"].append({**PLACEHOLDER, "state": "preopen"})
    today = Wanted(coins=frozenset({"BTC"}), days=(NOON.date(),), now=NOON)
    found = ask(
        lambda request: httpx.Response(200, json=bodies[request.url.path.rpartition("/")[2]]),
        lambda okx: okx.hourly_open_interest(today),
    )
    why = {name: reason for name, _, reason, _ in found.passed_over}
    assert why == {
        "SLX-USDT": "it is not open yet (state 'preopen')",
        "TSLA-USDT-SWAP": "it is no coin's contract (EQUITY_PERPETUAL)",
        "X-USDT-SWAP": "its ctType is 'a_new_kind', neither linear nor inverse",
    }
    assert found.left_out["passed_over"] == 2
    assert found.left_out["equity"] == 1
