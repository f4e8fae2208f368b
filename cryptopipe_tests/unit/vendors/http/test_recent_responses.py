"""The responses that a task got are its own, and passes to whoever awaits it."""

import asyncio
from datetime import UTC, datetime

from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.http.recent_responses import (
    MOST_BYTES,
    MOST_RESPONSES,
    RecentResponse,
    recent,
    remember,
)
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape


def response(body: bytes) -> RecentResponse:
    return RecentResponse(
        vendor="acme",
        method="GET",
        address="http://127.0.0.1",
        path="/p",
        params={},
        status=200,
        content_type="application/json",
        at=datetime(2026, 3, 10, tzinfo=UTC),
        body=body,
    )


def bodies() -> list[bytes]:
    return [each.body for each in recent()]


async def ask(body: bytes, pause: float = 0.0) -> list[bytes]:
    remember([response(body)])
    await asyncio.sleep(pause)
    return bodies()


def test_questions_that_run_together_hear_their_own_answers_only():
    async def run():
        await ask(b"before")
        each_ones = await all_or_nothing([ask(b"one", 0.02), ask(b"two", 0.01)])
        return each_ones, bodies()

    assert asyncio.run(run()) == ([[b"one"], [b"two"]], [b"before", b"one", b"two"])


def test_a_fault_knows_the_answer_of_the_task_that_found_it():
    async def fault(body: bytes) -> None:
        await ask(body, 0.01)
        raise UnexpectedShape("expected more")

    async def run() -> tuple[RecentResponse, ...]:
        await ask(b"before")
        try:
            await all_or_nothing([ask(b"fine"), fault(b"bad"), ask(b"fine, too", 1.0)])
        except UnexpectedShape as exc:
            return exc.responses
        return ()

    assert [each.body for each in asyncio.run(run())] == [b"bad"]


def test_a_task_remembers_few_answers_and_of_large_ones_the_newest():
    async def run() -> tuple[int, list[int]]:
        for _ in range(MOST_RESPONSES + 1):
            await ask(b"x")
        few = len(bodies())
        await ask(b"x" * MOST_BYTES)
        return few, [len(each) for each in bodies()]

    assert asyncio.run(run()) == (MOST_RESPONSES, [MOST_BYTES])
