"""The live check, asked of the stand-in: what it says of the well, the changed and the absent."""

import os
import socket
import subprocess
import sys

import pytest

from cryptopipe_assets.sandbox.faults.plan import Fault
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.vendors.binance.overlap import COMPARISONS
from cryptopipe_tests.live.questions import QUESTIONS
from cryptopipe_tests.places import ROOT

ENDPOINTS = len(QUESTIONS) + len(COMPARISONS)
"""And the comparisons of two ways of one vendor, which have a line each."""


def check(address: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-n0", "-m", "live", "cryptopipe_tests/live"]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "LIVE_CHECK_STANDIN": address},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_an_endpoint_that_changed_is_the_one_that_is_named_and_the_exit_code_is_1():
    with Sandbox(SimulatedSource(), enforce_limits=False) as standin:
        with standin.suffering(Fault(match="okx/.*open-interest", kind="renamed_field")):
            said = check(standin.url)
        lines = said.stdout.partition("live check")[2].splitlines()
        assert said.returncode == 1, said.stdout
        assert [line.split()[1:3] for line in lines if line.startswith("CHANGED")] == [
            ["okx", "open-interest"]
        ]
        assert f"{ENDPOINTS} endpoints: {ENDPOINTS - 1} ok, 1 CHANGED" in said.stdout
        assert "Traceback" not in said.stdout


@pytest.mark.slow
@pytest.mark.nightly
def test_where_all_is_well_the_exit_code_is_0():
    with Sandbox(SimulatedSource(), enforce_limits=False) as standin:
        well = check(standin.url)
    assert well.returncode == 0, well.stdout
    assert f"{ENDPOINTS} endpoints: {ENDPOINTS} ok" in well.stdout


@pytest.mark.slow
@pytest.mark.nightly
def test_without_a_network_every_endpoint_is_unreachable_in_one_line_and_the_exit_code_is_3():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    said = check(nobody)
    lines = said.stdout.partition("live check")[2].splitlines()
    assert said.returncode == 3, said.stdout
    assert sum(line.startswith("unreachable") for line in lines) == ENDPOINTS
    assert "Traceback" not in said.stdout
