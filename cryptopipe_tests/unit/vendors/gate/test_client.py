"""Gate's perpetuals: contracts, the open interest of all of them in one call, settlements."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import httpx
import pytest

from cryptopipe_assets.core.errors import PayloadChanged, VendorRejected, VendorUnavailable
from cryptopipe_assets.vendors.gate.client import MOST_SETTLEMENTS, Gate
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA
from cryptopipe_assets.vendors.parsing.instruments import INSTRUMENT_SCHEMA
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA
from cryptopipe_assets.vendors.protocols import (
    OffersFunding,
    OffersInstruments,
    OffersOpenInterest,
    Wanted,
)
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, asked, mocked

sent = Payloads("gate").json
NOON = datetime(2023, 5, 24, 12, tzinfo=UTC)
TODAY = Wanted(coins=frozenset({"KNC"}), days=(date(2023, 5, 24),), now=NOON)

T = TypeVar("T")


def ask(vendor: Vendor, work: Callable[[Gate], Awaitable[T]]) -> T:
    client = mocked(Gate, vendor, base_url="https://gate.test", attempts=3, clock=lambda: NOON)
    return asked(client, work)


def telling(**changed: Any) -> Vendor:
    """Answer each endpoint with its payload, or with what a test puts in its place."""

    def vendor(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rsplit("/", 1)[1]
        return httpx.Response(200, json=changed.get(name, sent(f"{name}.json")))

    return vendor


def row(payload: str, /, **changes: Any) -> dict[str, Any]:
    return {**sent(f"{payload}.json")[0], **changes}


def test_the_client_has_the_capabilities_that_its_terms_offer():
    client = Gate(base_url="https://gate.test")
    assert isinstance(client, OffersInstruments)
    assert isinstance(client, OffersOpenInterest)
    assert isinstance(client, OffersFunding)


def test_instruments_are_named_and_sized_and_an_unknown_listing_is_null():
    found = ask(telling(), lambda gate: gate.instruments()).frame
    assert found.schema == INSTRUMENT_SCHEMA
    first = found.filter(vendor_symbol="KNC_USDT").row(0, named=True)
    assert first == {
        "venue": "gate",
        "symbol": "KNC-USDT-PERP",
        "vendor_symbol": "KNC_USDT",
        "coin": "KNC",
        "quote": "USDT",
        "margin_asset": "USDT",
        "contract_multiplier": 1,
        "contract_type": "PERPETUAL",
        "status": "TRADING",
        "listed_at": None,  # the recorded create_time is 0
        "delisted_at": None,
        "funding_interval_hours": 8,
        "price_tick": 0.0001,
        "quantity_step": 1.0,
    }
    assert found.height == len(sent("contracts.json"))


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"in_delisting": True}, "DELISTING"),
        ({"is_pre_market": True}, "PRE_MARKET"),
        ({"status": "delisted"}, "DELISTED"),
    ],
)
def test_a_contract_that_does_not_trade_is_listed_so_and_has_no_open_interest(changes, status):
    others = sent("contracts.json")[1:]
    vendor = telling(contracts=[row("contracts", **changes), *others])
    listed = ask(vendor, lambda gate: gate.instruments()).frame
    assert listed.filter(vendor_symbol="KNC_USDT")["status"].item() == status
    found = ask(vendor, lambda gate: gate.hourly_open_interest(TODAY))
    assert "KNC-USDT-PERP" not in found.frame["symbol"]
    assert found.left_out["not_a_trading_perpetual"] == 1


def test_open_interest_is_contracts_times_their_size_at_the_mark_price():
    found = ask(telling(), lambda gate: gate.hourly_open_interest(TODAY)).frame
    assert found.schema == OPEN_INTEREST_SCHEMA
    first = found.filter(symbol="KNC-USDT-PERP").row(0, named=True)
    # 51,137 contracts of one KNC each at 0.6104, by hand.
    assert first["open_interest_contracts"] == 51_137
    assert first["open_interest_base"] == 51_137.0
    assert first["open_interest_usd"] == pytest.approx(31_214.0248)
    assert first["ts"] == NOON
    assert (first["available_at"] - NOON).total_seconds() == pytest.approx(0.001)


def test_of_a_past_day_nothing_is_asked():
    wanted = Wanted(coins=frozenset({"KNC"}), days=(date(2023, 5, 20),), now=NOON)

    def vendor(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    assert ask(vendor, lambda gate: gate.hourly_open_interest(wanted)).frame.is_empty()


def test_settlements_are_at_their_hour_and_the_interval_of_today_is_not_that_of_the_past():
    asked_for: list[str] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("funding_rate"):
            asked_for.append(request.url.params["contract"])
        return telling()(request)

    found = ask(vendor, lambda gate: gate.funding_settlements(TODAY))
    assert asked_for == ["KNC_USDT"]  # of the wanted coin only
    assert found.schema == SETTLEMENT_SCHEMA
    rows = found.select("ts", "available_at", "funding_rate", "declared_interval_hours").rows()
    first, second = datetime(2023, 5, 24, tzinfo=UTC), datetime(2023, 5, 24, 8, tzinfo=UTC)
    assert [(ts, rate, hours) for ts, _, rate, hours in rows] == [
        (first, -0.00005, None),
        (second, 0.000191, None),
    ]
    # the one of midnight was stamped a second late
    assert [(known - ts).total_seconds() for ts, known, *_ in rows] == pytest.approx([1.001, 0.001])


def test_a_full_page_is_followed_by_the_one_before_it():
    hours = [1684886400 - 3600 * n for n in range(1500)]
    pages: list[int] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("funding_rate"):
            return telling(contracts=[row("contracts", funding_interval=3600)])(request)
        first, last = (int(request.url.params[name]) for name in ("from", "to"))
        page = [t for t in hours if first <= t <= last][:MOST_SETTLEMENTS]
        pages.append(len(page))
        return httpx.Response(200, json=[{"t": t, "r": "0.0001"} for t in page])

    days = tuple(date(2023, 4, 1 + n) for n in range(30)) + tuple(
        date(2023, 5, 1 + n) for n in range(24)
    )
    wanted = Wanted(coins=frozenset({"KNC"}), days=days, now=NOON)
    found = ask(vendor, lambda gate: gate.funding_settlements(wanted))
    within = [t for t in hours if t >= datetime(2023, 4, 1, tzinfo=UTC).timestamp()]
    assert found.height == len(within) == found["ts"].n_unique()
    assert pages[0] == MOST_SETTLEMENTS
    assert len(pages) == 2


@pytest.mark.parametrize(
    ("endpoint", "body", "said"),
    [
        ("contracts", [], "got none"),
        ("contracts", {"label": "X"}, "valid list"),
        ("contracts", [row("contracts", name="KNCUSDT")], "a name like BTC_USDT"),
        ("contracts", [row("contracts", quanto_multiplier="0")], "not positive"),
        ("contracts", [row("contracts", funding_interval=1000)], "whole hours"),
        (
            "contracts",
            [row("contracts"), row("contracts", quanto_multiplier="7")],
            "two contracts of one name",
        ),
        ("tickers", [row("tickers", total_size="-1")], "negative"),
        ("tickers", [], "got none"),
        ("tickers", [{"contract": "KNC_USDT"}], "Field required"),
        ("funding_rate", [{"t": 1684886400 + 600, "r": "0.1"}], "not at a whole hour"),
        ("funding_rate", [{"t": 1684800000, "r": "0.1"}], "not asked for"),
        ("funding_rate", [{"t": 1684886400, "r": "1.5"}], "beyond 100 %"),
        ("funding_rate", [{"t": 1684886400, "r": "0.1"}] * 2, "an hour has two"),
        ("funding_rate", [{"t": 1684886400, "r": 0.1}], "expected text"),
    ],
)
def test_what_gate_did_not_promise_is_refused(endpoint, body, said):
    async def work(gate: Gate) -> None:
        await gate.hourly_open_interest(TODAY)
        await gate.funding_settlements(TODAY)

    with pytest.raises(PayloadChanged, match=f"gate.*{said}"):
        ask(telling(**{endpoint: body}), work)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (httpx.Response(400, json={"label": "X", "message": "no"}), VendorRejected),
        (httpx.Response(503), VendorUnavailable),
        (httpx.Response(200, text="<html>"), PayloadChanged),
    ],
)
def test_a_failure_is_never_an_empty_frame(response, error):
    with pytest.raises(error, match="gate"):
        ask(lambda request: response, lambda gate: gate.hourly_open_interest(TODAY))


def test_a_contract_that_cannot_be_understood_takes_no_other_one_down():
    odd = row("contracts", name="ODD_USDT", funding_interval=1000)
    found = ask(telling(contracts=[row("contracts"), odd]), lambda gate: gate.instruments())
    assert found.frame["vendor_symbol"].to_list() == ["KNC_USDT"]
    [left_out] = found.not_understood.rows(named=True)
    assert (left_out["vendor_symbol"], left_out["symbol"]) == ("ODD_USDT", "ODD-USDT-PERP")
    assert "whole hours" in left_out["reason"]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"contract_type": "stocks"}, "EQUITY_PERPETUAL"),
        ({"contract_type": "metals"}, "COMMODITY_PERPETUAL"),
        ({"contract_type": "indices"}, "INDEX_PERPETUAL"),
        ({"contract_type": ""}, "PERPETUAL"),
        ({"contract_type": None}, "PERPETUAL"),
    ],
)
def test_a_stock_or_a_metal_is_registered_so_and_has_no_open_interest(changes, kind):
    rows = [row("contracts", **changes), *sent("contracts.json")[1:]]
    vendor = telling(contracts=rows)
    listed = ask(vendor, lambda gate: gate.instruments()).frame
    assert listed.filter(vendor_symbol="KNC_USDT")["contract_type"].item() == kind
    found = ask(vendor, lambda gate: gate.hourly_open_interest(TODAY))
    is_coin = kind == "PERPETUAL"
    assert ("KNC-USDT-PERP" in found.frame["symbol"]) == is_coin
    assert ("KNC_USDT" in [name for name, *_ in found.passed_over]) != is_coin


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"name": "BTC_USDT_20260327"}, "a future of BTC_USDT that ends on a date"),
        ({"name": "OLD_USDT", "type": "inverse"}, "its type is 'inverse', not direct"),
        ({"name": "NEW_USDT", "status": "prelaunch", "quanto_multiplier": ""}, "not open yet"),
    ],
)
def test_what_is_no_perpetual_that_is_open_is_passed_over_with_the_reason(changes, why):
    rows = [*sent("contracts.json"), row("contracts", **changes)]
    found = ask(telling(contracts=rows), lambda gate: gate.instruments())
    assert found.not_understood.is_empty()
    [passed] = found.passed_over.rows(named=True)
    assert passed["vendor_symbol"] == changes["name"]
    assert why in passed["reason"]
