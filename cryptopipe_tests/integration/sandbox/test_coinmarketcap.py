"""The stand-in's CoinMarketCap: envelope, key, credits, and days labelled by their close."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

NOW = datetime(2026, 11, 20, 12, 34, 56, 789000, tzinfo=UTC)
KEY = {"X-CMC_PRO_API_KEY": "any"}
LISTINGS = "/v1/cryptocurrency/listings"
QUOTES = "/v2/cryptocurrency/quotes/latest"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SimulatedSource(), clock=lambda: NOW, enforce_limits=False) as running:
        yield running


@pytest.fixture(scope="module")
def cmc(sandbox) -> Iterator[httpx.Client]:
    url = f"{sandbox.url}/coinmarketcap"
    with httpx.Client(base_url=url, headers=KEY, verify=False) as client:
        yield client


def listing(cmc, which: str = "latest", **params) -> list[dict]:
    return cmc.get(f"{LISTINGS}/{which}", params=params).raise_for_status().json()["data"]


@pytest.mark.parametrize(("headers", "code"), [({}, 1002), ({"X-CMC_PRO_API_KEY": "wrong"}, 1001)])
def test_without_a_good_key_there_is_a_status_and_no_data(sandbox, headers, code):
    url = f"{sandbox.url}/coinmarketcap{LISTINGS}/latest"
    answer = httpx.get(url, headers=headers, verify=False)
    assert answer.status_code == 401
    assert list(answer.json()) == ["status"]
    assert answer.json()["status"]["error_code"] == code


def test_an_answer_is_a_status_with_its_credits_and_data(cmc):
    body = cmc.get(f"{LISTINGS}/latest", params={"limit": 5000}).json()
    assert len(body["data"]) > 250
    assert body["status"] == {
        "timestamp": "2026-11-20T12:34:56.789Z",
        "error_code": 0,
        "error_message": None,
        "elapsed": 1,
        "credit_count": 2,  # 1 for every 200 coins begun
        "notice": None,
    }
    assert len(cmc.get(f"{LISTINGS}/latest").json()["data"]) == 100


def test_a_coin_has_numbers_and_nulls_as_the_vendor_has_them(cmc):
    bitcoin, ethereum = listing(cmc, limit=2)
    usd = bitcoin["quote"]["USD"]
    assert (bitcoin["id"], bitcoin["symbol"], bitcoin["cmc_rank"]) == (1, "BTC", 1)
    assert bitcoin["max_supply"] == 21_000_000
    assert ethereum["max_supply"] is None
    assert usd["market_cap"] == usd["price"] * bitcoin["circulating_supply"]
    assert usd["last_updated"] == "2026-11-20T12:34:00.000Z"
    last = listing(cmc, limit=5000)[-1]
    assert (last["cmc_rank"], last["circulating_supply"]) == (None, 0.0)
    assert last["quote"]["USD"]["market_cap"] == 0.0


def test_pages_start_at_one_and_continue_each_other(cmc):
    everything = listing(cmc, limit=5000)
    pages = [listing(cmc, start=start, limit=100) for start in (1, 101, 201)]
    assert [row for page in pages for row in page] == everything[:300]
    assert [row["cmc_rank"] for row in pages[1][:2]] == [101, 102]


def test_quotes_by_id_are_one_object_each_and_by_symbol_a_list(cmc):
    by_id = cmc.get(QUOTES, params={"id": "1,1027,999999"}).json()["data"]
    assert {key: row["symbol"] for key, row in by_id.items()} == {"1": "BTC", "1027": "ETH"}
    by_symbol = cmc.get(QUOTES, params={"symbol": "PEPE"}).json()["data"]
    assert [row["name"] for row in by_symbol["PEPE"]] == ["Pepe", "Based Pepe"]


def test_a_day_is_labelled_by_its_close(sandbox, cmc):
    [bitcoin] = listing(cmc, "historical", date="2026-11-18", limit=1)
    params = {"symbol": "BTCUSDT", "interval": "1d", "endTime": 1_795_046_399_999, "limit": 1}
    url = f"{sandbox.url}/binance/fapi/v1/klines"
    [bar] = httpx.get(url, params=params, verify=False).json()
    assert bar[0] == 1_794_960_000_000  # the bar of 2026-11-18
    assert bitcoin["quote"]["USD"]["price"] == float(bar[4])
    assert bitcoin["quote"]["USD"]["last_updated"] == "2026-11-18T23:59:59.000Z"


def test_the_history_keeps_coins_that_are_gone(cmc):
    listed = {row["id"]: row["cmc_rank"] for row in listing(cmc, "historical", date="2022-01-01")}
    assert listed[4172] < 15  # Terra
    assert 4172 not in {row["id"] for row in listing(cmc, limit=5000)}


@pytest.mark.parametrize(
    "path",
    [
        f"{LISTINGS}/latest?limit=5001",
        f"{LISTINGS}/latest?start=0",
        f"{LISTINGS}/latest?convert=EUR",
        f"{LISTINGS}/historical",
        f"{LISTINGS}/historical?date=yesterday",
        f"{LISTINGS}/historical?date=2026-11-20",  # not over yet
        f"{LISTINGS}/historical?date=2018-01-01",
        QUOTES,
        f"{QUOTES}?id=999999",
        f"{QUOTES}?id=1,999999&skip_invalid=false",
    ],
)
def test_a_wrong_question_is_error_400(cmc, path):
    answer = cmc.get(path)
    assert answer.status_code == 400
    assert answer.json()["status"]["error_code"] == 400
    assert answer.json()["status"]["error_message"]


def test_the_thirty_first_request_of_a_minute_is_error_1008():
    with Sandbox(SimulatedSource(), clock=lambda: NOW) as own:
        url = f"{own.url}/coinmarketcap{LISTINGS}/historical?date=no"
        with httpx.Client(headers=KEY, verify=False) as client:
            answers = [client.get(url) for _ in range(31)]
    assert {each.status_code for each in answers[:30]} == {400}
    assert answers[30].status_code == 429
    assert answers[30].json()["status"]["error_code"] == 1008
    assert int(answers[30].headers["Retry-After"]) <= 61
