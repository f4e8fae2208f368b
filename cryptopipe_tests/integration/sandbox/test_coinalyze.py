"""The stand-in's Coinalyze: every venue's contracts, for a key, forty symbols a minute."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import numpy as np
import pytest

from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

NOW = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
NOON, HOUR, DAY = 1_795_176_000, 3600, 86_400
KEY = {"api_key": "any"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SimulatedSource(), clock=lambda: NOW, enforce_limits=False) as running:
        yield running


@pytest.fixture(scope="module")
def coinalyze(sandbox) -> Iterator[httpx.Client]:
    url = f"{sandbox.url}/coinalyze/v1"
    with httpx.Client(base_url=url, headers=KEY, verify=False) as client:
        yield client


def bars(coinalyze, path: str, symbol: str, **params) -> list[dict]:
    asked = {"symbols": symbol, "interval": "1hour", "from": NOON - DAY, "to": SECONDS, **params}
    [found] = coinalyze.get(path, params=asked).raise_for_status().json()
    assert found["symbol"] == symbol
    return found["history"]


def interest(coinalyze, symbol: str, **params) -> list[dict]:
    return bars(coinalyze, "/open-interest-history", symbol, convert_to_usd="true", **params)


@pytest.mark.parametrize("headers", [{}, {"api_key": "wrong"}, {"api_key": ""}])
def test_without_a_good_key_there_is_no_answer(sandbox, headers):
    url = f"{sandbox.url}/coinalyze/v1/future-markets"
    answer = httpx.get(url, headers=headers, verify=False)
    assert answer.status_code == 401
    assert "key" in answer.json()["message"]


def test_markets_name_each_contract_as_its_venue_does(coinalyze):
    markets = {each["symbol"]: each for each in coinalyze.get("/future-markets").json()}
    venues = {each["exchange"] for each in markets.values()}
    assert venues == {"A", "6", "3", "H", "Y", "0", "2"}
    assert markets["1000PEPEUSDT_PERP.A"] == {
        "symbol": "1000PEPEUSDT_PERP.A",
        "exchange": "A",
        "symbol_on_exchange": "1000PEPEUSDT",
        "base_asset": "1000PEPE",
        "quote_asset": "USDT",
        "expire_at": None,
        "is_perpetual": True,
        "margined": "STABLE",
        "oi_lq_vol_denominated_in": "BASE_ASSET",
        "has_long_short_ratio_data": True,
        "has_ohlcv_data": True,
        "has_buy_sell_data": True,
    }
    inverse = markets["BTCUSD_PERP.A"]
    assert (inverse["margined"], inverse["oi_lq_vol_denominated_in"]) == ("COIN", "QUOTE_ASSET")
    assert markets["PEPEUSDT_PERP.3"]["symbol_on_exchange"] == "PEPE-USDT-SWAP"
    assert markets["BTCUSDZ26.6"]["is_perpetual"] is False
    assert not [symbol for symbol in markets if symbol.startswith(("LUNA", "USDTUSD"))]


def test_closes_are_what_binance_said_at_the_end_of_each_hour(sandbox, coinalyze):
    params = {"symbol": "SOLUSDT", "period": "1h", "limit": 24}
    url = f"{sandbox.url}/binance/futures/data/openInterestHist"
    points = httpx.get(url, params=params, verify=False).json()
    said = {each["timestamp"] // 1000: float(each["sumOpenInterestValue"]) for each in points}
    *closed, forming = interest(coinalyze, "SOLUSDT_PERP.A")
    assert forming["t"] == NOON
    assert len(closed) == 24
    for bar in closed:
        assert bar["c"] == pytest.approx(said[bar["t"] + HOUR], rel=1e-6)
        assert bar["l"] <= min(bar["o"], bar["c"]) <= max(bar["o"], bar["c"]) <= bar["h"]


def test_a_day_ends_where_its_last_hour_ends(coinalyze):
    midnight = NOON - 12 * HOUR
    window = {"from": midnight - DAY, "to": midnight - 1}
    hours = interest(coinalyze, "BTCUSD.6", **window)
    [day] = interest(coinalyze, "BTCUSD.6", **window, interval="daily")
    assert (day["t"], len(hours)) == (midnight - DAY, 24)
    assert (day["o"], day["c"]) == (hours[0]["o"], hours[-1]["c"])


def test_amounts_are_in_the_unit_of_the_market_unless_dollars_are_asked_for(sandbox, coinalyze):
    present = f"{sandbox.url}/binance/fapi/v1"
    held = httpx.get(f"{present}/openInterest?symbol=ETHUSDT", verify=False).json()
    mark = httpx.get(f"{present}/premiumIndex?symbol=ETHUSDT", verify=False).json()
    asked = {"symbols": "ETHUSDT_PERP.A,ETHUSD.6"}
    native, inverse = coinalyze.get("/open-interest", params=asked).json()
    dollars, same = coinalyze.get(
        "/open-interest", params={**asked, "convert_to_usd": "true"}
    ).json()
    assert native["value"] == pytest.approx(float(held["openInterest"]), abs=0.001)
    worth = float(held["openInterest"]) * float(mark["markPrice"])
    assert dollars["value"] == pytest.approx(worth, rel=5e-3)  # prices differ within the minute
    assert inverse == same
    assert native["update"] == SECONDS * 1000


def test_funding_is_in_percent_and_a_day_ends_with_its_settlement_of_16_hours(sandbox, coinalyze):
    day = 1_735_689_600  # 2025-01-01
    window = {"from": day, "to": day + DAY - 1, "interval": "daily"}
    [bar] = bars(coinalyze, "/funding-rate-history", "BTCUSDT_PERP.A", **window)
    params = {"symbol": "BTCUSDT", "startTime": day * 1000, "limit": 3}
    url = f"{sandbox.url}/binance/fapi/v1/fundingRate"
    rates = [
        float(row["fundingRate"]) for row in httpx.get(url, params=params, verify=False).json()
    ]
    percents = [100 * rate for rate in rates]
    assert bar["o"] == pytest.approx(percents[0])
    assert bar["c"] == pytest.approx(percents[2])
    assert bar["h"] == pytest.approx(max(percents))
    assert bar["l"] == pytest.approx(min(percents))
    hourly = bars(
        coinalyze, "/funding-rate-history", "BTCUSDT_PERP.A", **{"from": NOON - HOUR, "to": NOON}
    )
    assert [each["o"] == each["c"] for each in hourly] == [True, True]
    present = coinalyze.get("/funding-rate", params={"symbols": "BTCUSDT_PERP.A"}).json()
    assert present[0]["value"] == hourly[-1]["c"]


def test_longs_are_liquidated_when_the_price_falls(sandbox, coinalyze):
    found = bars(
        coinalyze,
        "/liquidation-history",
        "ETHUSDT_PERP.A",
        **{"from": NOON - 60 * DAY, "convert_to_usd": "true"},
    )
    url = f"{sandbox.url}/binance/fapi/v1/klines"
    params = {"symbol": "ETHUSDT", "interval": "1h", "endTime": NOON * 1000, "limit": 1441}
    rows = httpx.get(url, params=params, verify=False).json()
    moves = {row[0] // 1000: np.log(float(row[4]) / float(row[1])) for row in rows}
    balance = [(each["l"] - each["s"]) / (each["l"] + each["s"]) for each in found[:-1]]
    assert len(balance) == 1440
    assert np.corrcoef(balance, [moves[each["t"]] for each in found[:-1]])[0, 1] < -0.6
    whole_day = {"from": NOON - 12 * HOUR - DAY, "to": NOON - 12 * HOUR - 1}
    [day] = bars(
        coinalyze,
        "/liquidation-history",
        "ETHUSDT_PERP.A",
        **whole_day,
        interval="daily",
        convert_to_usd="true",
    )
    inside = [each for each in found if day["t"] <= each["t"] < day["t"] + DAY]
    assert day["l"] == pytest.approx(sum(each["l"] for each in inside))


def test_intraday_bars_older_than_2000_are_gone_and_daily_ones_are_not(coinalyze):
    hours = interest(coinalyze, "BTCUSDT_PERP.A", **{"from": 0})
    assert len(hours) == 2000
    assert hours[-1]["t"] == NOON
    days = interest(coinalyze, "BTCUSDT_PERP.A", interval="daily", **{"from": 0})
    assert days[0]["t"] == 1_567_900_800  # 2019-09-08, its listing
    assert days[0]["o"] > 0
    assert len(days) > 2600


def test_symbols_without_data_are_left_out_in_silence(coinalyze):
    asked = {"interval": "daily", "from": NOON - 5 * DAY, "to": NOON, "convert_to_usd": "true"}
    symbols = "LUNAUSDT_PERP.A,BTCUSDT_PERP.A,NOPE.Z,BTCUSDZ26.6"
    found = coinalyze.get("/open-interest-history", params={**asked, "symbols": symbols}).json()
    assert [each["symbol"] for each in found] == ["BTCUSDT_PERP.A", "BTCUSDZ26.6"]
    funding = coinalyze.get("/funding-rate-history", params={**asked, "symbols": symbols}).json()
    assert [each["symbol"] for each in funding] == ["BTCUSDT_PERP.A"]


def test_a_contract_that_is_gone_still_has_its_daily_history(coinalyze):
    days = interest(coinalyze, "LUNAUSDT_PERP.A", interval="daily", **{"from": 0})
    assert days[-1]["t"] == 1_652_400_000  # 2022-05-13, nine minutes long


@pytest.mark.parametrize(
    "query",
    [
        "interval=1hour&from=1&to=2",
        "symbols=BTCUSDT_PERP.A&interval=90min&from=1&to=2",
        "symbols=BTCUSDT_PERP.A&interval=1hour&to=2",
        "symbols=BTCUSDT_PERP.A&interval=1hour&from=1&to=1795178096000",
        "symbols=BTCUSDT_PERP.A&interval=1hour&from=1&to=2&convert_to_usd=yes",
        "symbols=" + ",".join(f"S{k}.A" for k in range(21)) + "&interval=1hour&from=1&to=2",
    ],
)
def test_a_wrong_question_is_a_400_with_a_message(coinalyze, query):
    answer = coinalyze.get(f"/open-interest-history?{query}")
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_each_symbol_is_one_of_forty_calls_a_minute():
    with Sandbox(SimulatedSource(), clock=lambda: NOW) as own:
        url = f"{own.url}/coinalyze/v1/open-interest"
        twenty = {"symbols": ",".join(f"S{k}.A" for k in range(20))}
        with httpx.Client(headers=KEY, verify=False) as client:
            answers = [client.get(url, params=twenty) for _ in range(3)]
            other = client.get(url, params=twenty, headers={"api_key": "another"})
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 61
    assert other.status_code == 200
