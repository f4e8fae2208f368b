"""Every endpoint's responses, made hostile: a sound frame or a named error, and nothing else.

The endpoints are those of the one table: a new one is fuzzed by itself. Each is asked once over
HTTP; from then on its client gets the same responses from memory, one of them replaced.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from cryptopipe_assets.core.errors import VendorUnavailable
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.vendors.http.responses import Request
from cryptopipe_tests.chaos.questions import NOW, Asking, answer_of
from cryptopipe_tests.fuzz.inputs import fuzzed, outcome, require_sound, source
from cryptopipe_tests.fuzz.mutations import hostile_bytes, hostile_json
from cryptopipe_tests.places import PAYLOADS
from cryptopipe_tests.reference.endpoints import ENDPOINTS, Endpoint, Extent

pytestmark = pytest.mark.slow

MUCH = Extent(NOW, timedelta(hours=6))
MOST_REQUESTS = 60
INPUTS = 150
OF_A_PAYLOAD = 0.15


@dataclass
class Recorded:
    """Answers with what the stand-in said, but for one body.

    Attributes
    ----------
    bodies
        By request, in the order in which they were first asked for.
    replaced
        The request that is answered otherwise, and how.
    """

    bodies: dict[str, bytes] = field(default_factory=dict)
    replaced: tuple[str, bytes] | None = None
    requests: int = 0

    def clock(self) -> datetime:
        """The present of the stand-in."""
        return NOW

    response_time = wall = clock

    async def response_to(
        self, vendor: str, verb: str, request: Request, ask: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """Answer, at first with what the stand-in says."""
        name = str(request)
        if self.replaced is None:
            self.bodies[name] = await ask()
            return self.bodies[name]
        self.requests += 1
        assert self.requests <= MOST_REQUESTS, "asks for page after page, without an end"
        odd_name, body = self.replaced
        if name == odd_name:
            return body
        if name in self.bodies:
            return self.bodies[name]
        if odd_name.startswith(request.path):  # a page that nobody asked for before
            return body
        raise VendorUnavailable(vendor, f"nobody asked for {name} before")


@pytest.fixture(scope="module")
def standin() -> Iterator[Sandbox]:
    with Sandbox(SimulatedSource(clock=lambda: NOW), enforce_limits=False) as sandbox:
        yield sandbox


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.name)
def test_a_hostile_response_is_a_sound_frame_or_a_named_error(endpoint: Endpoint, standin):
    tap = Recorded()
    with asyncio.Runner() as runner:
        client = Asking(standin.url, timeout_seconds=5, tap=tap).client(endpoint.vendor)
        runner.run(client.__aenter__())

        def asked() -> Any:
            return runner.run(endpoint.ask(client, MUCH))

        truth = answer_of(asked())["rows"]
        names = list(tap.bodies)
        really_sent = [
            path.read_bytes() for path in sorted((PAYLOADS / endpoint.vendor).glob("*.json"))
        ]

        @fuzzed(INPUTS)
        def fed(seed: int, steps: int) -> None:
            rng = source(seed)
            name = rng.choice(names)
            body = tap.bodies[name]
            if really_sent and rng.random() < OF_A_PAYLOAD:
                body = rng.choice(really_sent)
            try:
                hostile = hostile_json(rng, json.loads(body), steps=steps)
            except ValueError:  # a file of the archive
                hostile = hostile_bytes(rng, body)
            tap.replaced, tap.requests = (name, hostile), 0
            said = outcome(asked, hostile)
            if not isinstance(said, Exception):
                require_sound(answer_of(said)["rows"], truth)

        try:
            fed()
        finally:
            runner.run(client.__aexit__())
