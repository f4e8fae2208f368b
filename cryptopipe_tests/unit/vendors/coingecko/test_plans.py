"""Which of CoinGecko's plans is asked, and when another one is. The vendor is a function."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from cryptopipe_assets.core.errors import ConfigError, VendorRejected, VendorUnavailable
from cryptopipe_assets.vendors.coingecko.client import CoinGecko
from cryptopipe_tests.unit.vendors.conftest import Payloads, asked, mocked

sent = Payloads("coingecko").json
PUBLIC, PAID = "api.coingecko.com", "pro-api.coingecko.com"
KEY = "CG-that-nobody-may-see"
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
PING = httpx.Response(200, json={"gecko_says": "(V3) To the Moon!"})


class Gecko:
    """Answers by plan: a response, an exception to raise, or by default a ping."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        pro, demo = (request.headers.get(f"x-cg-{plan}-api-key") for plan in ("pro", "demo"))
        plan = "pro" if pro else "demo" if demo else "none"
        assert {pro, demo} <= {KEY, None}
        assert KEY not in str(request.url)
        assert request.url.host == (PAID if plan == "pro" else PUBLIC)
        self.asked.append((plan, request.url.path.removeprefix("/api/v3")))
        answer = self.answers.get(plan, PING)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def plans(self) -> list[str]:
        return [plan for plan, _ in self.asked]


def gecko(vendor: Gecko, **options: Any) -> CoinGecko:
    chosen = {"api_key": SecretStr(KEY), "attempts": 2, **options}
    return mocked(CoinGecko, vendor, clock=lambda: NOON, **chosen)


def ask(client: CoinGecko, work: Callable[[CoinGecko], Awaitable[Any]] = lambda g: g.ping()) -> Any:
    return asked(client, work)


@pytest.mark.parametrize("plan", ["none", "demo", "pro"])
def test_a_stated_plan_is_asked_at_its_host_with_its_header(plan):
    vendor = Gecko()
    assert ask(gecko(vendor, plan=plan)) == plan
    assert vendor.asked == [(plan, "/ping")]


def test_without_a_key_nothing_is_stated_and_nothing_probed():
    vendor = Gecko()
    assert ask(gecko(vendor, api_key=None)) == "none"
    assert vendor.asked == [("none", "/ping")]


@pytest.mark.parametrize(
    ("paid_host", "plan"),
    [
        (PING, "pro"),
        (httpx.Response(401, json={"error": "no"}), "demo"),
        (httpx.Response(400, json={"status": {"error_code": 10011}}), "demo"),
    ],
)
def test_a_key_of_unknown_plan_is_probed_once(paid_host, plan):
    vendor = Gecko(pro=paid_host)

    async def three_times(client: CoinGecko) -> str:
        await asyncio.gather(client.ping(), client.ping())
        return await client.ping()

    client = gecko(vendor)
    assert ask(client, three_times) == plan == client.plan
    assert vendor.asked == [("pro", "/ping"), *[(plan, "/ping")] * 3]
    assert client.calls == {"/ping": 4}


def test_a_probe_that_finds_nobody_asks_the_other_host_and_probes_again_later():
    vendor = Gecko(pro=httpx.ConnectError("refused"))
    client = gecko(vendor, attempts=1)

    async def twice(client: CoinGecko) -> None:
        await client.ping()
        await client.ping()

    ask(client, twice)
    assert vendor.plans == ["pro", "demo", "pro", "demo"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_paid_key_opens_the_demo_plan_and_then_no_plan(status, caplog):
    refused = httpx.Response(status, json={"error": f"what key is {KEY}"})
    vendor = Gecko(pro=refused, demo=refused)
    client = gecko(vendor, plan="pro")

    async def twice(client: CoinGecko) -> None:
        await client.ping()
        await client.ping()

    ask(client, twice)
    assert vendor.plans == ["pro", "demo", "none", "none"]
    assert client.plan == "none"
    warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert ["Plan demo is used" in str(each.getMessage()) for each in warnings] == [True, False]
    assert "Plan none is used from now on" in caplog.text
    assert KEY not in caplog.text + repr(client)


def test_a_demo_key_at_the_wrong_host_says_how_to_state_its_plan(caplog):
    vendor = Gecko(pro=httpx.Response(400, json=sent("error_10011.json")))
    assert ask(gecko(vendor, plan="pro")) == "demo"
    assert "set COINGECKO_PLAN=demo" in caplog.text


def test_when_every_plan_refuses_the_last_refusal_is_the_error():
    refused = httpx.Response(403, text="error code: 1020")
    vendor = Gecko(pro=refused, demo=refused, none=refused)
    with pytest.raises(VendorRejected, match=r"on plan none: HTTP 403: error code: 1020"):
        ask(gecko(vendor, plan="pro"))
    assert vendor.plans == ["pro", "demo", "none"]


@pytest.mark.parametrize("plan", ["demo", "pro"])
def test_a_limit_is_waited_for_and_never_evaded(plan):
    vendor = Gecko(**{plan: httpx.Response(429, json=sent("error_429.json"))})
    with pytest.raises(
        VendorUnavailable, match=r"no usable response in 2 attempts, last: HTTP 429"
    ):
        ask(gecko(vendor, plan=plan))
    assert vendor.plans == [plan, plan]


def test_a_limit_during_the_probe_is_not_evaded_either():
    vendor = Gecko(pro=httpx.Response(429))
    with pytest.raises(VendorUnavailable, match="HTTP 429"):
        ask(gecko(vendor))
    assert set(vendor.plans) == {"pro"}


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_long_limit_silences_every_plan_at_once(tmp_path, is_shared):
    vendor = Gecko(pro=httpx.Response(429, headers={"Retry-After": "3600"}))

    async def twice(client: CoinGecko) -> None:
        for _ in range(2):
            with pytest.raises(VendorUnavailable, match="until 2026-02-03 13:00:00 UTC"):
                await client.ping()

    ask(gecko(vendor, plan="pro", state_folder=tmp_path if is_shared else None), twice)
    assert vendor.plans == ["pro"]


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.Response(503)]
)
def test_a_host_that_does_not_answer_is_retried_and_then_passed_over_this_once(failure, caplog):
    vendor = Gecko(pro=failure)
    client = gecko(vendor, plan="pro")
    ask(client)
    assert vendor.plans == ["pro", "pro", "demo"]
    assert client.plan == "pro"
    assert "Fallback to the next address" in caplog.text


def test_the_same_host_is_not_asked_again_without_the_key():
    vendor = Gecko(demo=httpx.ConnectError("refused"))
    with pytest.raises(VendorUnavailable, match="ConnectError"):
        ask(gecko(vendor, plan="demo"))
    assert vendor.plans == ["demo", "demo"]


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [
        (401, {"status": {"error_code": 10005, "error_message": "PRO"}}, "does not include"),
        (403, {"error_code": "10005"}, "does not include"),
        (401, None, "request fewer days"),
    ],
)
def test_a_question_beyond_the_plan_is_not_asked_of_a_lower_one(status, body, advice):
    answer = httpx.Response(status, json=body or sent("error_10012.json"))
    vendor = Gecko(demo=answer)
    with pytest.raises(VendorRejected, match=rf"coingecko: .*plan demo.*{advice}"):
        ask(gecko(vendor, plan="demo"))
    assert vendor.plans == ["demo"]


def test_a_plan_without_its_key_is_a_mistake_that_names_both():
    for key in (None, SecretStr("")):
        with pytest.raises(ConfigError, match="COINGECKO_PLAN is pro, but COINGECKO_API_KEY"):
            CoinGecko(plan="pro", api_key=key)


def test_what_does_not_look_like_a_key_is_not_sent(caplog):
    vendor = Gecko()
    assert ask(gecko(vendor, api_key=SecretStr("sk-something"))) == "none"
    assert "does not begin with CG-" in caplog.text
    assert "sk-something" not in caplog.text


def test_each_plan_is_held_to_its_own_limit():
    async def three_pings(client: CoinGecko) -> None:
        await client.ping()
        await client.ping()
        with pytest.raises(TimeoutError):  # 10 a minute, of which we use a quarter
            await asyncio.wait_for(client.ping(), 0.05)

    vendor = Gecko()
    ask(gecko(vendor, plan="none", share=0.25), three_pings)
    assert len(vendor.asked) == 2


def test_addresses_can_be_the_stand_ins():
    asked: list[str] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return PING

    client = mocked(CoinGecko, vendor, addresses={"none": "http://127.0.0.1:9/coingecko/api/v3"})
    ask(client)
    assert asked == ["http://127.0.0.1:9/coingecko/api/v3/ping"]
