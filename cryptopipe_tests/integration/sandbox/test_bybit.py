"""The stand-in's Bybit: both sides, two kinds of contract, errors inside 200."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

NOW = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)
HOUR = 3_600_000


@contextmanager
def serving(now: datetime = NOW, **options) -> Iterator[httpx.Client]:
    with (
        Sandbox(SimulatedSource(), clock=lambda: now, **options) as sandbox,
        httpx.Client(base_url=f"{sandbox.url}/bybit/v5/market", verify=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def bybit() -> Iterator[httpx.Client]:
    with serving(enforce_limits=False) as client:
        yield client


def result(bybit: httpx.Client, path: str, **params) -> dict:
    body = bybit.get(path, params=params).raise_for_status().json()
    assert (body["retCode"], body["retMsg"]) == (0, "OK")
    return body["result"]


def tickers(bybit: httpx.Client, category: str) -> dict[str, dict]:
    found = result(bybit, "/tickers", category=category)["list"]
    return {each["symbol"]: each for each in found}


def test_open_interest_is_the_sum_of_both_sides_and_its_value_is_in_the_other_unit(bybit):
    linear, inverse = tickers(bybit, "linear")["BTCUSDT"], tickers(bybit, "inverse")["BTCUSD"]
    assert all(isinstance(value, str) for each in (linear, inverse) for value in each.values())
    for each in (linear, inverse):
        both, one = float(each["openInterest"]), float(each["singleOpenInterest"])
        assert both == pytest.approx(2 * one, abs=1)
    price = float(linear["markPrice"])
    base, dollars = float(linear["openInterest"]), float(linear["openInterestValue"])
    assert dollars == pytest.approx(base * price, rel=1e-6)
    dollars, coins = float(inverse["openInterest"]), float(inverse["openInterestValue"])
    assert coins == pytest.approx(dollars / price, rel=1e-6)
    assert coins < base


def test_one_side_was_not_told_before_june_2026():
    before = datetime(2026, 6, 8, 23, 59, tzinfo=UTC)
    with serving(before) as bybit:
        ticker = tickers(bybit, "linear")["ETHUSDT"]
        asked = {"category": "linear", "symbol": "ETHUSDT", "intervalTime": "1h", "limit": 1}
        [point] = result(bybit, "/open-interest", **asked)["list"]
    assert "openInterest" in ticker
    assert not [name for each in (ticker, point) for name in each if name.startswith("single")]


def test_linear_and_inverse_perpetuals_and_their_expiring_futures_are_told_apart(bybit):
    listed = {
        each["symbol"]: each
        for category in ("linear", "inverse")
        for each in result(bybit, "/instruments-info", category=category)["list"]
    }
    kinds = {symbol: each["contractType"] for symbol, each in listed.items()}
    assert kinds["1000PEPEUSDT"] == "LinearPerpetual"
    assert {symbol for symbol, kind in kinds.items() if kind == "InversePerpetual"} == {
        *("BTCUSD", "ETHUSD", "SOLUSD")
    }
    # The last Friday of the quarter is Christmas Day 2026, 08:00 UTC.
    assert kinds["BTCUSDT-25DEC26"] == "LinearFutures"
    assert kinds["BTCUSDZ26"] == "InverseFutures"
    assert listed["BTCUSDZ26"]["deliveryTime"] == "1798185600000"
    assert listed["ETHUSD"]["settleCoin"] == "ETH"
    assert set(tickers(bybit, "linear")) | set(tickers(bybit, "inverse")) == set(listed)


def test_instruments_are_paged_by_cursor(bybit):
    asked = {"category": "linear", "limit": 14}
    symbols, cursor, pages = [], "", 0
    while pages == 0 or cursor:
        page = result(bybit, "/instruments-info", **asked, **({"cursor": cursor} if cursor else {}))
        symbols += [each["symbol"] for each in page["list"]]
        cursor, pages = page["nextPageCursor"], pages + 1
    assert pages == 3
    assert symbols == [
        each["symbol"] for each in result(bybit, "/instruments-info", category="linear")["list"]
    ]


def test_open_interest_history_is_newest_first_and_paged_by_cursor(bybit):
    asked = {"category": "inverse", "symbol": "ETHUSD", "intervalTime": "1h"}
    last = 1_795_176_000_000  # 12:00
    window = {"startTime": last - 9 * HOUR, "endTime": last}
    first = result(bybit, "/open-interest", **asked, **window, limit=6)
    second = result(
        bybit, "/open-interest", **asked, **window, limit=6, cursor=first["nextPageCursor"]
    )
    stamps = [int(each["timestamp"]) for each in [*first["list"], *second["list"]]]
    assert stamps == [last - k * HOUR for k in range(10)]
    assert second["nextPageCursor"] == ""
    assert len(result(bybit, "/open-interest", **asked)["list"]) == 50


def test_history_is_the_ticker_of_its_instant(bybit):
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    asked = {"category": "linear", "symbol": "1000PEPEUSDT", "intervalTime": "5min"}
    at = {"startTime": 1_795_176_000_000, "endTime": 1_795_176_000_000}
    [point] = result(bybit, "/open-interest", **asked, **at)["list"]
    with serving(noon) as then:
        ticker = tickers(then, "linear")["1000PEPEUSDT"]
    assert float(point["openInterest"]) == pytest.approx(float(ticker["openInterest"]), rel=1e-9)


def test_mark_prices_come_by_the_hour_newest_first(bybit):
    asked = {"category": "linear", "symbol": "SOLUSDT", "interval": "60", "limit": 3}
    rows = result(bybit, "/mark-price-kline", **asked)["list"]
    assert [int(row[0]) for row in rows] == [1_795_176_000_000 - k * HOUR for k in range(3)]
    assert rows[0][1] == rows[1][4]
    assert rows[0][4] == tickers(bybit, "linear")["SOLUSDT"]["markPrice"]


@pytest.mark.parametrize(
    "path",
    [
        "/tickers",
        "/tickers?category=spot",
        "/tickers?category=linear&symbol=NOPEUSDT",
        "/open-interest?category=linear&symbol=BTCUSDT",
        "/open-interest?category=linear&intervalTime=1h",
        "/open-interest?category=linear&symbol=BTCUSDT&intervalTime=1h&limit=201",
        "/instruments-info?category=linear&limit=1001",
    ],
)
def test_a_wrong_question_is_told_inside_200(bybit, path):
    answer = bybit.get(path)
    assert answer.status_code == 200
    assert answer.json()["retCode"] == 10001
    assert answer.json()["result"] == {}


@pytest.mark.slow
def test_more_than_600_requests_in_five_seconds_are_a_ban():
    with serving() as bybit:
        answers = [bybit.get("/tickers?category=none") for _ in range(602)]
    assert {each.status_code for each in answers[:600]} == {200}
    assert [each.status_code for each in answers[600:]] == [403, 403]
    assert "access too frequent" in answers[-1].text
