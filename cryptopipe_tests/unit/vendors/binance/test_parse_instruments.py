"""Binance's list of contracts made into instruments."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpx
import polars as pl
import pytest

from cryptopipe_assets.core.errors import PayloadChanged
from cryptopipe_assets.core.versions import new_versions
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.parsing.instruments import INSTRUMENT_SCHEMA, ListedInstruments
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, asked, mocked

BINANCE = Payloads("binance")
payload = BINANCE.response


def ask(
    vendor: Vendor, work: Callable[[Binance], Awaitable[ListedInstruments]]
) -> ListedInstruments:
    return asked(mocked(Binance, vendor, base_url="https://binance.test"), work)


def listed(
    exchange_info: httpx.Response | None = None, funding_info: httpx.Response | None = None
) -> ListedInstruments:
    def vendor(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/fundingInfo"):
            return funding_info or payload("funding_info.json")
        return exchange_info or payload("exchange_info.json")

    return ask(vendor, lambda b: b.instruments())


def instruments() -> pl.DataFrame:
    return listed().frame


def listed_with(*rows: object) -> ListedInstruments:
    """What is read if these rows are listed besides the usual ones."""
    sent = BINANCE.json("exchange_info.json")
    return listed(httpx.Response(200, json={**sent, "symbols": [*sent["symbols"], *rows]}))


def like_btc(**changes: object) -> dict[str, object]:
    return {**BINANCE.json("exchange_info.json")["symbols"][0], **changes}


def test_perpetuals_of_every_kind_are_listed_and_nothing_else():
    frame = instruments()
    assert frame.schema == INSTRUMENT_SCHEMA
    assert frame["symbol"].to_list() == [
        "1000PEPE-USDT-PERP",
        "BTC-USDT-PERP",
        "LUNA-USDT-PERP",
        "XAU-USDT-PERP",
    ]


def test_an_instrument_carries_coin_multiplier_interval_and_steps():
    pepe, btc = instruments().rows(named=True)[:2]
    assert pepe == {
        "venue": "binance",
        "symbol": "1000PEPE-USDT-PERP",
        "vendor_symbol": "1000PEPEUSDT",
        "coin": "PEPE",
        "quote": "USDT",
        "margin_asset": "USDT",
        "contract_multiplier": 1000,
        "contract_type": "PERPETUAL",
        "status": "TRADING",
        "listed_at": datetime(2023, 5, 5, 7, tzinfo=UTC),
        "delisted_at": None,
        "funding_interval_hours": 4,
        "price_tick": 1e-7,
        "quantity_step": 1.0,
    }
    assert btc["funding_interval_hours"] == 8
    assert btc["price_tick"] == 0.1


def test_a_delisted_contract_keeps_its_end_and_a_missing_filter_is_null():
    luna, gold = instruments().rows(named=True)[2:]
    assert luna["delisted_at"] == datetime(2022, 5, 13, 0, 9, tzinfo=UTC)
    assert luna["status"] == "SETTLING"
    assert gold["price_tick"] is None
    assert gold["status"] == "A_NEW_STATUS"


def test_a_contract_without_a_step_is_one_that_the_table_takes():
    rows = listed_with(like_btc(symbol="SOLUSDT", baseAsset="SOL", filters=[])).frame
    fresh = new_versions(
        Instruments.empty_frame(),
        rows.with_columns(tier=pl.lit(None, pl.String)),
        INSTRUMENT,
        source="binance",
        now=datetime(2026, 2, 3, tzinfo=UTC),
    )
    stored = Instruments.conform(fresh)
    [solana] = stored.filter(coin="SOL").rows(named=True)
    assert (solana["price_tick"], solana["quantity_step"]) == (None, None)


@pytest.mark.parametrize(
    ("underlying", "kind"),
    [
        ("COIN", "PERPETUAL"),
        ("PREMARKET", "PERPETUAL"),
        ("A_NEW_KIND", "PERPETUAL"),
        (None, "PERPETUAL"),
        ("INDEX", "INDEX_PERPETUAL"),
        ("EQUITY", "EQUITY_PERPETUAL"),
        ("COMMODITY", "COMMODITY_PERPETUAL"),
    ],
)
def test_a_perpetual_of_an_index_or_a_stock_is_told_from_a_coins(underlying, kind):
    names = {"symbol": "BTCDOMUSDT", "pair": "BTCDOMUSDT", "baseAsset": "BTCDOM"}
    found = listed_with(like_btc(**names, underlyingType=underlying)).frame
    assert found.filter(symbol="BTCDOM-USDT-PERP")["contract_type"].item() == kind


USUAL = ["1000PEPE-USDT-PERP", "BTC-USDT-PERP", "LUNA-USDT-PERP", "XAU-USDT-PERP"]
ODD = {
    "a tick of nothing": (
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "0"}]},
        "a tick or step is not positive",
    ),
    "a tick that is no number": (
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "x"}]},
        "expected tickSize in its PRICE_FILTER, got 'x'",
    ),
    "an infinite step": (
        {"filters": [{"filterType": "LOT_SIZE", "stepSize": "inf"}]},
        "not positive",
    ),
    "listed in 1970": ({"onboardDate": 0}, "impossible time"),
    "ends in 1970": ({"deliveryDate": 1}, "impossible time"),
    "no base": ({"baseAsset": "SO-L"}, "ticker of letters and digits"),
    "a number for a name": ({"quoteAsset": 7}, "quoteAsset"),
}


@pytest.mark.parametrize(("changes", "why"), ODD.values(), ids=ODD)
def test_a_contract_that_cannot_be_understood_is_left_out_with_the_reason(changes, why):
    found = listed_with(like_btc(symbol="SOLUSDT", **{"baseAsset": "SOL", **changes}))
    assert found.frame["symbol"].to_list() == USUAL
    [odd] = found.not_understood.rows(named=True)
    assert odd["vendor_symbol"] == "SOLUSDT"
    assert why in odd["reason"]


@pytest.mark.parametrize("row", [None, 3, "SOLUSDT", [], {}])
def test_a_row_that_is_no_contract_is_left_out_without_a_name(row):
    found = listed_with(row)
    assert found.frame["symbol"].to_list() == USUAL
    assert found.not_understood["vendor_symbol"].to_list() == [None]


def test_the_settled_twin_a_future_and_what_does_not_trade_yet_are_understood_and_passed_over():
    found = listed_with(
        like_btc(symbol="BTCUSDTSETTLED", status="SETTLING"),
        like_btc(symbol="ICPUSDT_SETTLED", baseAsset="ICP"),
        like_btc(symbol="NEWUSDT", baseAsset="NEW", contractType="", status="PENDING_TRADING"),
    )
    assert found.frame["symbol"].to_list() == USUAL
    assert found.not_understood.is_empty()
    why = dict(found.passed_over.select("vendor_symbol", "reason").iter_rows())
    assert why["BTCUSDTSETTLED"].startswith("it is a contract that was settled")
    assert why["ICPUSDT_SETTLED"].startswith("it is a contract that was settled")
    assert "BTCUSDT that ends on a date" in why["BTCUSDT_260327"]
    assert "contractType is '', no perpetual (PENDING_TRADING)" in why["NEWUSDT"]


def test_of_two_contracts_of_one_name_the_one_called_after_its_pair_is_kept():
    found = listed_with(like_btc(symbol="BTCUSDTX"))
    assert found.frame.filter(coin="BTC")["vendor_symbol"].to_list() == ["BTCUSDT"]
    [twin] = found.not_understood.rows(named=True)
    assert (twin["vendor_symbol"], twin["symbol"]) == ("BTCUSDTX", "BTC-USDT-PERP")
    assert twin["reason"].startswith("two contracts of one name: BTCUSDT, BTCUSDTX")


def test_of_two_contracts_that_differ_under_one_vendor_symbol_none_is_kept():
    found = listed_with(like_btc(status="BREAK"))
    assert found.frame.filter(coin="BTC").is_empty()
    assert found.not_understood["symbol"].to_list() == ["BTC-USDT-PERP"] * 2


def test_an_interval_that_cannot_be_is_the_failure_of_its_contract_only():
    said = [*BINANCE.json("funding_info.json"), {"symbol": "BTCUSDT", "fundingIntervalHours": 5}]
    found = listed(None, httpx.Response(200, json=said))
    assert found.frame["symbol"].to_list() == [name for name in USUAL if name[:3] != "BTC"]
    assert "expected an interval" in found.not_understood["reason"][0]


def test_a_coin_with_a_chinese_name_is_listed_under_it():
    found = listed_with(like_btc(symbol="币安人生USDT", baseAsset="币安人生"))
    assert "币安人生-USDT-PERP" in found.frame["symbol"].to_list()


def test_a_list_of_which_most_is_not_understood_is_a_changed_payload():
    sent = BINANCE.json("exchange_info.json")
    bare = {**sent, "symbols": [{"symbol": "1000PEPEUSDT", "contractType": "PERPETUAL"}]}
    with pytest.raises(PayloadChanged, match="baseAsset"):
        listed(httpx.Response(200, json=bare))
    nameless = [{**each, "marginAsset": None} for each in sent["symbols"]]
    with pytest.raises(PayloadChanged, match="4 contracts are not understood and 0 are"):
        listed(httpx.Response(200, json={**sent, "symbols": nameless}))
    with pytest.raises(PayloadChanged, match="valid dictionary, got list"):
        listed(httpx.Response(200, json=[1]))
