"""`make setup` where no package index answers: one sentence instead of pip's tries."""

import os
import socket
import subprocess
import sys

import pytest

from cryptopipe_tests.places import ROOT

pytestmark = pytest.mark.slow

ADVICE = ("PIP_INDEX_URL", "PIP_NO_INDEX=1", "PIP_FIND_LINKS")


def without_an_index(**more: str) -> dict[str, str]:
    """An environment whose index is a port of this machine at which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return {
        **own,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_INDEX_URL": f"http://127.0.0.1:{port}/simple",
        "PIP_RETRIES": "0",
        **more,
    }


def told(run: subprocess.CompletedProcess[str], package: str) -> None:
    assert run.returncode != 0
    assert f"cannot install {package}: pip reached no package index that has it" in run.stderr
    assert all(each in run.stderr for each in ADVICE), run.stderr
    assert "Traceback" not in run.stderr + run.stdout
    assert "Retrying" not in run.stderr + run.stdout


@pytest.mark.parametrize("variable", [{}, {"PIP_NO_INDEX": "1"}], ids=["closed port", "no index"])
def test_a_package_that_no_index_has_is_named_with_what_to_do(tmp_path, variable):
    wanted = tmp_path / "wanted.lock"
    wanted.write_text("cryptopipe-is-not-there==1.0\n")
    pip = tmp_path / "pip"
    pip.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pip "$@"\n')
    pip.chmod(0o755)
    run = subprocess.run(
        [ROOT / ".ci" / "pip-install", pip, "--target", tmp_path / "there", "-r", wanted],
        env=without_an_index(**variable),
        capture_output=True,
        text=True,
    )
    told(run, "cryptopipe-is-not-there==1.0")


def test_what_pip_says_of_anything_else_is_passed_on(tmp_path):
    pip = tmp_path / "pip"
    pip.write_text("#!/bin/sh\necho 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES' >&2\nexit 1\n")
    pip.chmod(0o755)
    run = subprocess.run(
        [ROOT / ".ci" / "pip-install", pip, "-r", "requirements.lock"],
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (1, "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n")


def test_make_setup_without_an_index_says_what_is_missing(tmp_path):
    run = subprocess.run(
        ["make", "setup", f"VENV={tmp_path / 'venv'}", f"PYTHON={sys.executable}"],
        cwd=ROOT,
        env=without_an_index(),
        capture_output=True,
        text=True,
    )
    first = (ROOT / "requirements.lock").read_text().split()[0]
    told(run, first)
    assert not (tmp_path / "venv" / ".ready").exists()
