"""Budgets: never exceeded, fair, shared between processes."""

import asyncio
import json
import logging
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import httpx
import pytest

from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_assets.vendors.http.rate_limit import Budget, Meter
from cryptopipe_tests.unit.vendors.conftest import answers
from cryptopipe_tests.unit.vendors.http.acme import acme, ask

pytestmark = pytest.mark.slow


def test_a_budget_is_never_exceeded_in_any_window():
    sent: list[float] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        sent.append(time.monotonic())
        return httpx.Response(200, json=1)

    async def eight(client: VendorClient) -> None:
        await all_or_nothing(client.get_json("/p", {}, family="w", cost=2) for _ in range(8))

    budget = Budget(family="w", units=6, per_seconds=0.1)
    ask(acme(vendor, budgets=[budget]), eight)
    assert len(sent) == 8
    # Six units are three requests, so the fourth one after any request is a window later.
    assert all(later - earlier > 0.095 for earlier, later in zip(sent, sent[3:], strict=False))


@pytest.mark.parametrize(("window", "told"), [(0.2, 0), (1.3, 1)])
def test_only_a_wait_of_more_than_a_second_is_worth_a_word(window, told):
    journal = Journal()
    meter = Meter("acme", Budget(family="w", units=1, per_seconds=window), journal=journal)

    async def two() -> None:
        await meter.spend(1)
        await meter.spend(1)

    asyncio.run(two())
    assert journal.counts["wait"] == told


def test_a_family_without_a_budget_is_not_held_back():
    budget = Budget(family="w", units=1, per_seconds=60)
    client = acme(answers(httpx.Response(200, json=1)), budgets=[budget])

    async def other(client: VendorClient) -> list[int]:
        return await all_or_nothing(client.get_json("/p", {}, family="z") for _ in range(5))

    assert ask(client, other) == [1] * 5


def test_a_request_that_no_budget_could_pay_names_the_budget():
    client = acme(
        answers(httpx.Response(200, json=1)), budgets=[Budget(family="w", units=5, per_seconds=60)]
    )
    with pytest.raises(ConfigError, match=r"acme w: one request costs 10 units.*allows 5 per 60 s"):
        ask(client, lambda c: c.get_json("/p", {}, family="w", cost=10))


def test_a_large_request_is_not_overtaken_forever_by_small_ones():
    meter = Meter("acme", Budget(family="w", units=3, per_seconds=0.1))
    served: list[str] = []

    async def spend(name: str, cost: int) -> None:
        await meter.spend(cost)
        served.append(name)

    async def run() -> None:
        await meter.spend(1)
        await asyncio.sleep(0.05)
        await meter.spend(2)
        await all_or_nothing([spend("large", 3), spend("small", 1)])

    asyncio.run(run())
    assert served == ["large", "small"]


def test_what_was_spent_before_the_window_is_forgotten(tmp_path):
    budget = Budget(family="w", units=9, per_seconds=0.05)

    async def run() -> None:
        meter = Meter("acme", budget, state_folder=tmp_path)
        await meter.spend(9)
        await asyncio.sleep(0.06)
        await meter.spend(2)
        meter.close()

    asyncio.run(run())
    with closing(sqlite3.connect(tmp_path / "acme-w.sqlite")) as file:
        assert file.execute("SELECT count(*) FROM spent").fetchone() == (2,)


def test_a_wait_of_more_than_a_second_is_logged(caplog):
    caplog.set_level(logging.INFO, logger="cryptopipe.vendors")
    meter = Meter("acme", Budget(family="w", units=1, per_seconds=1.2))

    async def two() -> None:
        await meter.spend(1)
        await meter.spend(1)

    asyncio.run(two())
    assert [r.getMessage()[:41] for r in caplog.records] == [
        "acme w: rate limit reached, waiting 1.2 s"
    ]


SPEND = """
import asyncio, json, sys, time
from pathlib import Path
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_assets.vendors.http.rate_limit import Budget, Meter
async def spend():
    budget = Budget(family="w", units=10, per_seconds=0.6)
    meter = Meter("acme", budget, state_folder=Path(sys.argv[1]))
    spent = []
    for _ in range(15):
        await meter.spend(1)
        spent.append(time.time())
    meter.close()
    print(json.dumps(spent))
asyncio.run(spend())
"""


def test_two_processes_with_one_state_folder_share_a_budget(tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", SPEND, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    spent = sorted(s for each in processes for s in json.loads(each.communicate(timeout=60)[0]))
    assert len(spent) == 30
    # The meter stamps before it answers, so a stamp of ours is late by a little; allow for that.
    assert all(later - first > 0.55 for first, later in zip(spent, spent[10:], strict=False))
