"""Imports go down only. The contracts are in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

from cryptopipe_tests.places import ROOT


def test_the_import_contracts_hold():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout
