"""Bybit as a function: answers from the payload files, and a client that asks it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx

from cryptopipe_assets.vendors.bybit.client import Bybit
from cryptopipe_assets.vendors.bybit.parsing import read_contracts
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, asked, mocked

sent = Payloads("bybit").json
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOUR_MS = 3_600_000
FILES = {
    ("instruments-info", "linear", ""): "instruments_linear_1.json",
    ("instruments-info", "linear", "first%3D1000PEPEUSDT%26last%3DBTCUSDT-27MAR26"): (
        "instruments_linear_2.json"
    ),
    ("instruments-info", "inverse", ""): "instruments_inverse.json",
    ("tickers", "linear", ""): "tickers_linear.json",
    ("tickers", "inverse", ""): "tickers_inverse.json",
    ("open-interest", "linear", ""): "open_interest_1.json",
    ("open-interest", "linear", "lastid%3D7"): "open_interest_2.json",
    ("mark-price-kline", "linear", ""): "mark_price_kline.json",
}

T = TypeVar("T")
Change = Callable[[Any], Any]


class Exchange:
    """Answers from the payload files; ``changes`` alters what an endpoint sends."""

    def __init__(self, **changes: Change) -> None:
        self.changes = {name.replace("_", "-"): change for name, change in changes.items()}
        self.asked: list[httpx.URL] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        endpoint, asked = request.url.path.rpartition("/")[2], request.url.params
        body = sent(FILES[endpoint, asked["category"], asked.get("cursor", "")])
        answer = self.changes.get(endpoint, lambda same: same)(body)
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


def ask_bybit(vendor: Vendor, work: Callable[[Bybit], Awaitable[T]], **settings: Any) -> T:
    client = mocked(
        Bybit,
        vendor,
        base_url="https://bybit.test",
        attempts=3,
        clock=lambda: NOON,
        **settings,
    )
    return asked(client, work)


LINEAR_1, LINEAR_2, INVERSE = (
    sent(f"instruments_{name}.json")["result"]["list"]
    for name in ("linear_1", "linear_2", "inverse")
)
CONTRACTS = read_contracts([*LINEAR_1, *LINEAR_2, *INVERSE]).contracts
BTC = {"BTCUSDT": CONTRACTS["BTCUSDT"]}
