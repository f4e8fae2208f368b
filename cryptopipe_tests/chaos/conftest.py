"""One stand-in for all cases, whose clock stands still."""

from collections.abc import Iterator

import pytest

from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_tests.chaos.cases import PATIENT_SECONDS, Frames, ask
from cryptopipe_tests.chaos.questions import NOW, Asking
from cryptopipe_tests.reference.endpoints import ENDPOINTS


@pytest.fixture(scope="package")
def standin() -> Iterator[Sandbox]:
    """Without limits: hundreds of questions a second are no fault here."""
    with Sandbox(SimulatedSource(clock=lambda: NOW), enforce_limits=False) as sandbox:
        yield sandbox


@pytest.fixture(scope="package")
def truths(standin) -> dict[str, Frames]:
    """What every endpoint answers when nothing goes wrong."""
    patient = Asking(standin.url, timeout_seconds=PATIENT_SECONDS)
    return {each.name: ask(each, patient) for each in ENDPOINTS}
