"""The stand-in's Hyperliquid: one question, two arrays that go by position."""

from datetime import UTC, datetime

import httpx
import pytest

from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

NOW = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SimulatedSource(), clock=lambda: NOW) as running:
        yield running


def ask(sandbox, **options) -> httpx.Response:
    return httpx.post(f"{sandbox.url}/hyperliquid/info", verify=False, **options)


def test_markets_and_their_states_are_joined_by_position(sandbox):
    meta, states = ask(sandbox, json={"type": "metaAndAssetCtxs"}).json()
    names = [each["name"] for each in meta["universe"]]
    assert len(names) == len(states) == len(set(names))
    by_name = dict(zip(names, states, strict=True))
    pepe = httpx.get(
        f"{sandbox.url}/binance/fapi/v1/premiumIndex?symbol=1000PEPEUSDT", verify=False
    ).json()
    within_the_minute = pytest.approx(float(pepe["markPrice"]), rel=5e-3)
    assert float(by_name["kPEPE"]["markPx"]) == within_the_minute
    worth = float(by_name["BTC"]["openInterest"]) * float(by_name["BTC"]["markPx"])
    assert 1e9 < worth < 1e10
    assert ask(sandbox, json={"type": "meta"}).json() == meta


def test_a_market_that_was_taken_off_stays_in_both_arrays(sandbox):
    meta, states = ask(sandbox, json={"type": "metaAndAssetCtxs"}).json()
    assert (meta["universe"][-1]["name"], meta["universe"][-1]["isDelisted"]) == ("LOOM", True)
    assert (states[-1]["openInterest"], states[-1]["markPx"]) == ("0.0", None)


def test_the_venue_knows_no_contract_before_it_opened():
    then = datetime(2023, 6, 1, tzinfo=UTC)
    with Sandbox(SimulatedSource(), clock=lambda: then) as sandbox:
        meta, states = ask(sandbox, json={"type": "metaAndAssetCtxs"}).json()
    assert [each["name"] for each in meta["universe"]] == ["LOOM"]
    assert len(states) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b'{"type": "riddle"}'])
def test_a_body_that_is_no_question_is_a_422(sandbox, body):
    assert ask(sandbox, content=body).status_code == 422


def test_the_weight_of_a_minute_lasts_for_sixty_questions():
    with Sandbox(SimulatedSource(), clock=lambda: NOW) as own:
        answers = [ask(own, content=b"") for _ in range(61)]
    assert [each.status_code for each in answers] == [422] * 60 + [429]
