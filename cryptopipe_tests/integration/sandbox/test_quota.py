"""Request limits of the stand-in's plain kind, without a server."""

import asyncio
import json

from aiohttp.test_utils import make_mocked_request

from cryptopipe_assets.sandbox.routes.base import Declined
from cryptopipe_assets.sandbox.routes.coinmarketcap import CoinMarketCapApi
from cryptopipe_assets.sandbox.routes.quota import Quota


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_caller_has_a_window_of_its_own_that_refills_at_once():
    clock = Clock()
    quota = Quota(3, 60, clock=clock)
    assert [quota.spend("a", 2), quota.spend("a", 1), quota.spend("b", 3)] == [0, 0, 0]
    clock.now = 15
    assert quota.spend("a") == 45
    assert quota.spend("b") == 45
    clock.now = 60
    assert quota.spend("a", 3) == 0


def test_a_limit_that_is_not_enforced_only_counts():
    quota = Quota(1, 60, enforce=False)
    assert [quota.spend("a", 5) for _ in range(3)] == [0, 0, 0]


def test_waiting_is_told_in_whole_seconds_that_suffice():
    assert Declined(429, {}, wait=0.2).response().headers["Retry-After"] == "1"
    assert Declined(429, {}, wait=44.4).response().headers["Retry-After"] == "45"
    assert "Retry-After" not in Declined(400, {}).response().headers


class ManyCoins:
    """A listing long enough to be expensive."""

    def latest(self, now: int) -> list[dict]:
        return [{"id": number, "symbol": "X"} for number in range(5000)]

    def historical(self, day, now):
        return None


def test_the_credits_of_a_month_run_out_at_one_for_200_coins():
    api = CoinMarketCapApi(ManyCoins(), lambda: 0, enforce_limits=True, credits_per_month=50)
    path = "/v1/cryptocurrency/listings/latest"

    async def ask() -> tuple[int, dict]:
        request = make_mocked_request(
            "GET",
            f"{path}?limit=5000",
            headers={"X-CMC_PRO_API_KEY": "k"},
        )
        response = await api.answer(path, request)
        return response.status, json.loads(response.text)["status"]

    answers = [asyncio.run(ask()) for _ in range(3)]
    assert [(status, told["credit_count"]) for status, told in answers[:2]] == [(200, 25)] * 2
    assert (answers[2][0], answers[2][1]["error_code"]) == (429, 1010)
