"""How a case is run and judged: the fault is set, the question asked, the outcome compared."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.core.errors import PayloadChanged, VendorError
from cryptopipe_assets.sandbox.faults.plan import Fault
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_tests.chaos.behaviours import ERRORS, Behaviour
from cryptopipe_tests.chaos.content_behaviours import OF_THE_CHECKSUM
from cryptopipe_tests.chaos.questions import CANARY, Asking, answer_of
from cryptopipe_tests.chaos.wire_behaviours import ENVELOPES
from cryptopipe_tests.reference.endpoints import Endpoint

Frames = dict[str, pl.DataFrame]
PATIENT_SECONDS, HASTY_SECONDS = 20.0, 0.4
ARCHIVE = "binance-archive"


def ask(endpoint: Endpoint, asking: Asking) -> Frames:
    return answer_of(asyncio.run(asking.of(endpoint)))


def fault_of(behaviour: Behaviour, endpoint: Endpoint) -> Fault:
    """The fault, in the vendor's own codes; of a file or of its checksum."""
    fault = behaviour.fault(endpoint.match)
    if behaviour.kind == "envelope":
        codes = ENVELOPES.get(endpoint.vendor, {})
        fault = replace(fault, value=codes.get(int(behaviour.value or 0), behaviour.value))
    if endpoint.vendor == ARCHIVE:
        end = r"\.CHECKSUM$" if behaviour.name in OF_THE_CHECKSUM else "$"
        fault = replace(fault, match=f"{endpoint.match}{end}")
    return fault


def judge(
    behaviour: Behaviour,
    endpoint: Endpoint,
    standin: Sandbox,
    truth: Frames,
    caplog: pytest.LogCaptureFixture,
    state_folder: Path,
) -> None:
    """Assert that the case ends in the answer that came without the fault, or in its error."""
    expected = behaviour.outcome(endpoint.name)
    is_silent = behaviour.kind == "hang"
    timeout = HASTY_SECONDS if is_silent else PATIENT_SECONDS
    is_rejected = ERRORS.get(expected) is PayloadChanged
    folder = state_folder if is_rejected else None
    asking = Asking(standin.url, timeout_seconds=timeout, state_folder=folder)
    caplog.set_level(logging.DEBUG)
    with standin.suffering(fault_of(behaviour, endpoint)) as plan:
        if expected in ERRORS:
            with pytest.raises(VendorError) as caught:
                ask(endpoint, asking)
            assert isinstance(caught.value, ERRORS[expected]), repr(caught.value)
            _says_what_to_do(str(caught.value), endpoint)
            if is_rejected:
                _names_its_sample(str(caught.value), state_folder)
        else:
            _compare(expected, ask(endpoint, asking), truth)
    assert plan.met, "no request met the fault: the case shows nothing"
    if behaviour.sent is not None:
        assert max(plan.met.values()) == behaviour.sent, "so often was one question asked"
    assert CANARY not in caplog.text


def _says_what_to_do(said: str, endpoint: Endpoint) -> None:
    vendor = "binance-archive" if endpoint.vendor == ARCHIVE else endpoint.vendor
    assert said.startswith(f"{vendor}: ")
    assert "\n" not in said
    assert CANARY not in said


def _names_its_sample(said: str, state_folder: Path) -> None:
    """The error names the file of its sample, and no key is in any that was saved."""
    samples = {str(path): path.read_text() for path in (state_folder / "samples").rglob("*.txt")}
    sample = samples[said.partition("A sample of the response is in ")[2]]
    assert sample.startswith(f"rejected  {said.partition('. Nothing was written')[0]}\n")
    assert all(CANARY not in each for each in samples.values())


def _compare(expected: str, came: Frames, truth: Frames) -> None:
    if expected == "same":
        for name, frame in truth.items():
            assert_frame_equal(came[name], frame, check_exact=True)
        return
    new = came["rows"].join(truth["rows"], on=came["rows"].columns, how="anti", nulls_equal=True)
    lost = truth["rows"].join(came["rows"], on=came["rows"].columns, how="anti", nulls_equal=True)
    if expected == "less":
        assert new.is_empty(), "a row that is not true"
        assert not lost.is_empty()
        if "left_out" in truth:
            assert not came["left_out"].equals(truth["left_out"]), "nothing was counted"
    else:  # let be
        assert new.height <= 1
        assert lost.height <= 2  # Bybit's list is asked for twice, linear and inverse
