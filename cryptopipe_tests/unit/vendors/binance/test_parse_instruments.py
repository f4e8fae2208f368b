"""Binance's list of contracts made into instruments."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpx
import polars as pl
import pytest

from cryptopipe_assets.core.errors import PayloadChanged
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.parsing.instruments import INSTRUMENT_SCHEMA
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, asked, mocked

BINANCE = Payloads("binance")
payload = BINANCE.response


def ask(vendor: Vendor, work: Callable[[Binance], Awaitable[pl.DataFrame]]) -> pl.DataFrame:
    return asked(mocked(Binance, vendor, base_url="https://binance.test"), work)


def instruments(exchange_info: httpx.Response | None = None) -> pl.DataFrame:
    def vendor(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/fundingInfo"):
            return payload("funding_info.json")
        return exchange_info or payload("exchange_info.json")

    return ask(vendor, lambda b: b.instruments())


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


def test_a_contract_without_its_fields_or_with_a_twin_is_a_changed_payload():
    sent = BINANCE.json("exchange_info.json")
    twin = {**sent, "symbols": [*sent["symbols"], {**sent["symbols"][0], "symbol": "BTCUSDTX"}]}
    with pytest.raises(PayloadChanged, match=r"two contracts of one name.*BTCUSDTX"):
        instruments(httpx.Response(200, json=twin))
    bare = {**sent, "symbols": [{"symbol": "BTCUSDT", "contractType": "PERPETUAL"}]}
    with pytest.raises(PayloadChanged, match="baseAsset"):
        instruments(httpx.Response(200, json=bare))
    with pytest.raises(PayloadChanged, match="valid dictionary, got list"):
        instruments(httpx.Response(200, json=[1]))
