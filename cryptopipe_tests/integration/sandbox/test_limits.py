"""Request limits: 429 with Retry-After, 418 for those who do not listen."""

import re

import httpx

from cryptopipe_assets.sandbox.routes.binance.limits import Limits
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource


class Hands:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_the_budget_lasts_to_its_last_unit_and_returns_after_a_minute():
    clock = Hands()
    limits = Limits("1.2.3.4", clock=clock)
    assert [limits.spend(10) for _ in range(240)] == [None] * 240
    clock.seconds += 20
    refusal = limits.spend(1)
    assert refusal is not None
    assert (refusal.status, refusal.wait) == (429, 40)
    assert "1.2.3.4" in refusal.message
    clock.seconds += 40
    assert limits.spend(1) is None
    assert limits.weight.used == 1


def test_funding_calls_have_a_budget_of_their_own():
    clock = Hands()
    limits = Limits("1.2.3.4", clock=clock)
    assert [limits.spend(0, funding=True) for _ in range(500)] == [None] * 500
    refusal = limits.spend(0, funding=True)
    assert refusal is not None
    assert (refusal.status, refusal.wait) == (429, 300)


def test_eleven_calls_after_a_refusal_end_in_a_ban_that_doubles():
    clock = Hands()
    limits = Limits("1.2.3.4", clock=clock, wall=lambda: 2000.0)
    limits.spend(2400)
    answers = [limits.spend(1) for _ in range(12)]
    assert [each.status for each in answers if each] == [429] * 10 + [418] * 2
    assert "banned until 2120000." in answers[-1].message
    clock.seconds += 121
    assert limits.spend(2400) is None
    assert [limits.spend(1) for _ in range(11)][-1].wait == 240


def test_over_the_wire_the_241st_heavy_call_is_told_how_long_to_wait():
    with (
        Sandbox(SimulatedSource()) as sandbox,
        httpx.Client(base_url=f"{sandbox.url}/binance/fapi/v1", verify=False) as client,
    ):
        minute = "startTime=1700000040000&endTime=1700000040000"
        ask = f"/klines?symbol=BTCUSDT&interval=1m&limit=1500&{minute}"
        assert {client.get(ask).status_code for _ in range(240)} == {200}
        refused = client.get(ask)
        assert refused.status_code == 429
        assert refused.json()["code"] == -1003
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        assert int(refused.headers["X-MBX-USED-WEIGHT-1M"]) == 2410
        banned = [client.get(ask) for _ in range(11)][-1]
        assert banned.status_code == 418
        assert re.search(r"banned until \d{13}\. Please", banned.json()["msg"])
        archive = client.get(f"{sandbox.url}/binance-archive/data/futures/um/nothing.zip")
        assert archive.status_code == 404  # the archive has no limits


def test_unenforced_limits_still_report_the_weight():
    with (
        Sandbox(SimulatedSource(), enforce_limits=False) as sandbox,
        httpx.Client(base_url=f"{sandbox.url}/binance/fapi/v1", verify=False) as client,
    ):
        answers = [client.get("/premiumIndex?symbol=NOPEUSDT") for _ in range(3)]
        assert [each.headers["X-MBX-USED-WEIGHT-1M"] for each in answers] == ["1", "2", "3"]
        heavy = [client.get("/klines?limit=1500") for _ in range(255)]
        assert {each.status_code for each in heavy} == {400}  # no symbol, but never refused
        assert heavy[-1].headers["X-MBX-USED-WEIGHT-1M"] == "2553"
