"""The stand-in's OKX: all swaps in one call, sizes in contracts."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

NOW = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)


@pytest.fixture(scope="module")
def okx() -> Iterator[httpx.Client]:
    with (
        Sandbox(SimulatedSource(), clock=lambda: NOW, enforce_limits=False) as sandbox,
        httpx.Client(base_url=f"{sandbox.url}/okx/api/v5", verify=False) as client,
    ):
        yield client


def swaps(okx: httpx.Client, path: str) -> dict[str, dict]:
    body = okx.get(path, params={"instType": "SWAP"}).raise_for_status().json()
    assert (body["code"], body["msg"]) == ("0", "")
    return {each["instId"]: each for each in body["data"]}


def test_contracts_coins_and_dollars_agree_with_the_size_of_a_contract(okx):
    interest, instruments = swaps(okx, "/public/open-interest"), swaps(okx, "/public/instruments")
    tickers = swaps(okx, "/market/tickers")
    assert set(interest) == set(instruments) == set(tickers)
    for name, each in interest.items():
        contracts, coins, dollars = (float(each[key]) for key in ("oi", "oiCcy", "oiUsd"))
        size, price = float(instruments[name]["ctVal"]), float(tickers[name]["last"])
        inverse = instruments[name]["ctType"] == "inverse"
        assert contracts * size == pytest.approx(dollars if inverse else coins, rel=1e-6)
        assert dollars == pytest.approx(coins * price, rel=1e-6)
        assert each["ts"] == "1795178096000"


def test_instruments_say_what_a_contract_is(okx):
    instruments = swaps(okx, "/public/instruments")
    bitcoin, pepe = instruments["BTC-USD-SWAP"], instruments["PEPE-USDT-SWAP"]
    assert {"ctVal": "100", "ctValCcy": "USD", "settleCcy": "BTC"}.items() <= bitcoin.items()
    assert {"ctVal": "10000000", "ctValCcy": "PEPE", "ctType": "linear"}.items() <= pepe.items()
    assert instruments["BTC-USDT-SWAP"]["ctVal"] == "0.01"
    assert "LUNA-USDT-SWAP" not in instruments


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/public/open-interest", "50014"),
        ("/public/instruments?instType=STOCK", "51000"),
        ("/public/open-interest?instType=SWAP&instId=NOPE-USDT-SWAP", "51001"),
    ],
)
def test_a_wrong_question_gets_okx_codes(okx, path, code):
    answer = okx.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_the_twenty_first_request_in_two_seconds_is_refused_per_endpoint():
    with Sandbox(SimulatedSource(), clock=lambda: NOW) as sandbox:
        path = f"{sandbox.url}/okx/api/v5/public/open-interest"
        with httpx.Client(verify=False) as client:
            answers = [client.get(path) for _ in range(21)]
            other = client.get(path.replace("open-interest", "instruments"))
    assert {each.status_code for each in answers[:20]} == {400}
    assert (answers[20].status_code, answers[20].json()["code"]) == (429, "50011")
    assert other.status_code == 400
