"""The stand-in's Binance REST, seen from the outside."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

NOON = 1_795_176_000_000  # 2026-11-20 12:00 UTC
NOW = NOON + 30_000
MINUTE = 60_000


def now() -> datetime:
    return datetime.fromtimestamp(NOW / 1000, UTC)


@pytest.fixture(scope="module")
def binance() -> Iterator[httpx.Client]:
    with (
        Sandbox(SimulatedSource(), clock=now, enforce_limits=False) as sandbox,
        httpx.Client(base_url=f"{sandbox.url}/binance/fapi/v1", verify=False) as client,
    ):
        yield client


def klines(binance: httpx.Client, **params) -> list[list]:
    asked = {"symbol": "BTCUSDT", "interval": "1m", **params}
    return binance.get("/klines", params=asked).raise_for_status().json()


def test_ping_and_time_answer_from_the_served_world(binance):
    assert binance.get("/ping").json() == {}
    assert binance.get("/time").json() == {"serverTime": NOW}


def test_a_kline_has_numbers_and_strings_where_binance_has_them(binance):
    [row] = klines(binance, limit=1, startTime=NOON - MINUTE)
    kinds = [type(cell) for cell in row]
    assert kinds == [int, str, str, str, str, str, int, str, int, str, str, str]
    assert row[0] == NOON - MINUTE
    assert row[6] == NOON - 1


def test_klines_without_a_start_are_the_newest_and_end_with_the_forming_bar(binance):
    rows = klines(binance)
    assert len(rows) == 500
    assert rows[-1][0] == NOON
    assert rows[0][0] == NOON - 499 * MINUTE
    assert rows[-1][6] > NOW


def test_klines_with_only_an_end_are_the_newest_up_to_and_including_it(binance):
    rows = klines(binance, endTime=NOON - MINUTE, limit=3)
    assert [row[0] for row in rows] == [NOON - k * MINUTE for k in (3, 2, 1)]
    assert klines(binance, endTime=NOON - MINUTE - 1, limit=1)[0][0] == NOON - 2 * MINUTE


def test_klines_start_and_end_are_inclusive(binance):
    rows = klines(binance, startTime=NOON - 5 * MINUTE, endTime=NOON - 3 * MINUTE)
    assert [row[0] for row in rows] == [NOON - k * MINUTE for k in (5, 4, 3)]


def test_a_page_holds_1500_bars_and_the_next_continues_it(binance):
    day = NOON - 3 * 1440 * MINUTE
    first = klines(binance, startTime=day, limit=1500)
    second = klines(binance, startTime=first[-1][0] + 1, limit=1500)
    assert len(first) == 1500
    assert second[0][0] == first[-1][0] + MINUTE


def test_klines_of_the_future_and_before_listing_are_an_empty_list(binance):
    assert klines(binance, startTime=NOON + MINUTE) == []
    assert klines(binance, symbol="TONUSDT", endTime=1_700_000_000_000) == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/klines?symbol=NOPEUSDT&interval=1m", 400, -1121),
        ("/klines?symbol=BTCUSDT&interval=7m", 400, -1120),
        ("/klines?interval=1m", 400, -1102),
        ("/klines?symbol=BTCUSDT", 400, -1102),
        ("/klines?symbol=BTCUSDT&interval=1m&startTime=soon", 400, -1100),
        ("/klines?symbol=BTCUSDT&interval=1m&startTime=-5", 400, -1100),
        ("/klines?symbol=BTCUSDT&interval=1m&limit=1501", 400, -1130),
        ("/klines?symbol=BTCUSDT&interval=1m&limit=0", 400, -1130),
        ("/klines?symbol=BTCUSDT&interval=1m&startTime=2&endTime=1", 400, -1130),
        ("/fundingRate?symbol=NOPEUSDT", 400, -1121),
        ("/fundingRate?limit=1001", 400, -1130),
        ("/openInterest", 400, -1102),
        ("/nothing", 404, -5000),
    ],
)
def test_a_wrong_question_gets_binances_error_body(binance, path, status, code):
    answer = binance.get(path)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.json()["msg"]


def test_exchange_info_lists_the_living_coins_a_dead_one_and_a_newcomer(binance):
    info = binance.get("/exchangeInfo").json()
    symbols = {each["symbol"]: each for each in info["symbols"]}
    assert len(symbols) == 38
    assert sum(each["status"] == "TRADING" for each in symbols.values()) == 37
    assert info["rateLimits"][0]["limit"] == 2400
    assert {each["contractType"] for each in symbols.values()} == {"PERPETUAL"}
    luna, btc = symbols["LUNAUSDT"], symbols["BTCUSDT"]
    assert (luna["status"], luna["deliveryDate"]) == ("SETTLING", 1_652_400_540_000)
    assert (btc["status"], btc["deliveryDate"]) == ("TRADING", 4_133_404_800_000)
    assert btc["baseAsset"] == "BTC"
    assert {"filterType": "PRICE_FILTER", "tickSize": "0.1"}.items() <= btc["filters"][0].items()
    assert {"filterType": "LOT_SIZE", "stepSize": "0.001"}.items() <= btc["filters"][1].items()
    assert symbols["1000PEPEUSDT"]["baseAsset"] == "1000PEPE"
    assert symbols["TONUSDT"]["onboardDate"] == 1_788_265_800_000


def test_funding_without_a_start_is_the_newest_200_whatever_the_limit(binance):
    for limit in ({}, {"limit": 5}, {"limit": 1000}):
        rows = binance.get("/fundingRate", params={"symbol": "BTCUSDT", **limit}).json()
        assert len(rows) == 200
        assert rows[-1]["fundingTime"] // 1000 == 1_795_161_600  # 2026-11-20 08:00
    everyone = binance.get("/fundingRate").json()
    assert len(everyone) == 200
    assert len({row["symbol"] for row in everyone}) > 10


def test_funding_with_a_start_is_paged_forward_and_ascends(binance):
    start = {"startTime": 1_700_000_000_000}
    assert len(binance.get("/fundingRate", params={"symbol": "BTCUSDT", **start}).json()) == 100
    rows = binance.get("/fundingRate", params={**start, "limit": 1000}).json()
    times = [row["fundingTime"] for row in rows]
    assert len(rows) == 1000
    assert times == sorted(times)
    assert times[0] >= 1_700_000_000_000


def test_a_funding_end_is_inclusive(binance):
    params = {"symbol": "ETHUSDT", "startTime": 1_700_000_000_000, "limit": 3}
    rows = binance.get("/fundingRate", params=params).json()
    second = rows[1]["fundingTime"]
    until = binance.get("/fundingRate", params={**params, "endTime": second}).json()
    assert until == rows[:2]
    before = binance.get("/fundingRate", params={**params, "endTime": second - 1}).json()
    assert before == rows[:1]


def test_a_settlement_is_written_like_binances(binance):
    params = {"symbol": "BTCUSDT", "startTime": 1_700_000_000_000, "limit": 1}
    [row] = binance.get("/fundingRate", params=params).json()
    kinds = {name: type(value) for name, value in row.items()}
    assert kinds == {
        "symbol": str,
        "fundingTime": int,
        "fundingRate": str,
        "markPrice": str,
        "rateType": str,
    }


def test_funding_info_names_those_that_differ_from_eight_hours_and_one_other_cap(binance):
    hours = {
        each["symbol"]: each["fundingIntervalHours"] for each in binance.get("/fundingInfo").json()
    }
    assert hours == {"BTCUSDT": 8, "DOGEUSDT": 4, "1000PEPEUSDT": 4, "HYPEUSDT": 1}


def test_the_present_of_one_and_of_all(binance):
    one = binance.get("/premiumIndex", params={"symbol": "ETHUSDT"}).json()
    everyone = binance.get("/premiumIndex").json()
    assert one in everyone
    assert len(everyone) == 37  # all but the delisted one
    assert one["nextFundingTime"] == NOON + 4 * 60 * MINUTE
    assert float(one["markPrice"]) == float(klines(binance, symbol="ETHUSDT", limit=1)[0][4])
    interest = binance.get("/openInterest", params={"symbol": "ETHUSDT"}).json()
    assert interest["symbol"] == "ETHUSDT"
    assert interest["time"] == NOW
    assert 1e8 < float(interest["openInterest"]) * float(one["markPrice"]) < 1e11


@pytest.mark.parametrize(
    ("query", "weight"),
    [
        ("/klines?symbol=BTCUSDT&interval=1m&limit=99", 1),
        ("/klines?symbol=BTCUSDT&interval=1m&limit=100", 2),
        ("/klines?symbol=BTCUSDT&interval=1m&limit=499", 2),
        ("/klines?symbol=BTCUSDT&interval=1m", 5),
        ("/klines?symbol=BTCUSDT&interval=1m&limit=1000", 5),
        ("/klines?symbol=BTCUSDT&interval=1m&limit=1001", 10),
        ("/fundingRate?symbol=BTCUSDT", 0),
        ("/premiumIndex", 10),
        ("/premiumIndex?symbol=BTCUSDT", 1),
    ],
)
def test_every_call_adds_its_weight_to_the_header(binance, query, weight):
    def used(path: str) -> int:
        return int(binance.get(path).headers["X-MBX-USED-WEIGHT-1M"])

    before = used("/ping")
    assert used(query) - before == weight
