"""The stand-in's Coinbase: daily candles in an order of their own, newest first."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

NOW = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)
TODAY, DAY = 1_795_132_800, 86_400


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with (
        Sandbox(SimulatedSource(), clock=lambda: NOW, enforce_limits=False) as sandbox,
        httpx.Client(base_url=sandbox.url, verify=False) as client,
    ):
        yield client


def candles(client, product: str, **params) -> list[list[float]]:
    asked = {"granularity": 86400, **params}
    path = f"/coinbase/products/{product}/candles"
    return client.get(path, params=asked).raise_for_status().json()


def test_without_a_window_the_newest_300_days_come_newest_first(client):
    rows = candles(client, "BTC-USD")
    assert [row[0] for row in rows] == [TODAY - k * DAY for k in range(300)]
    assert all(low <= min(o, c) <= max(o, c) <= high for _, low, high, o, c, _ in rows)
    assert all(volume > 0 for *_, volume in rows)


def test_a_day_closes_at_the_price_of_the_perpetual(client):
    [day] = candles(client, "ETH-USD", start="2024-02-29", end="2024-02-29T00:00:00Z")
    params = {"symbol": "ETHUSDT", "interval": "1d", "startTime": 1_709_164_800_000, "limit": 1}
    [bar] = client.get("/binance/fapi/v1/klines", params=params).json()
    assert day[0] * 1000 == bar[0]
    assert day[4] == float(bar[4])


def test_both_edges_are_inclusive_and_may_be_seconds(client):
    rows = candles(client, "SOL-USD", start=TODAY - 9 * DAY, end=TODAY - 7 * DAY)
    assert [row[0] for row in rows] == [TODAY - k * DAY for k in (7, 8, 9)]


def test_products_say_what_they_are_and_large_coins_own_their_ticker(client):
    products = {each["id"]: each for each in client.get("/coinbase/products").json()}
    assert len(products) > 100
    assert (products["BTC-USD"]["base_currency"], products["BTC-USD"]["quote_currency"]) == (
        *("BTC", "USD"),
    )
    assert not {"LUNA-USD", "BNB-USD", "USDT-USD", "WBTC-USD"} & set(products)
    pepe = candles(client, "PEPE-USD", start=TODAY, end=TODAY)[0]
    mark = client.get("/binance/fapi/v1/premiumIndex?symbol=1000PEPEUSDT").json()["markPrice"]
    assert pepe[4] == pytest.approx(float(mark) / 1000, rel=5e-3)


def test_a_product_has_no_days_before_its_coin(client):
    rows = candles(client, "AVAX-USD", start="2020-09-01", end="2020-10-01")
    assert rows[-1][0] == 1_600_732_800  # 2020-09-22


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("BTC-USD/candles?granularity=86400&start=2020-01-01&end=2020-10-28", 400, "exceeds 300"),
        ("BTC-USD/candles?granularity=7", 400, "Unsupported granularity"),
        ("BTC-USD/candles?granularity=86400&start=soon", 400, "start"),
        ("NOPE-USD/candles?granularity=86400", 404, "NotFound"),
        ("BTC-USD/candles?granularity=3600", 404, "daily"),
    ],
)
def test_a_wrong_question_is_refused_with_a_message(client, path, status, message):
    answer = client.get(f"/coinbase/products/{path}")
    assert answer.status_code == status
    assert message in answer.json()["message"]


def test_the_eleventh_request_of_a_second_is_refused():
    with (
        Sandbox(SimulatedSource(), clock=lambda: NOW) as own,
        httpx.Client(base_url=own.url, verify=False) as client,
    ):
        answers = [client.get("/coinbase/products/X/candles?granularity=7") for _ in range(11)]
    assert [each.status_code for each in answers] == [400] * 10 + [429]
