"""Where the output goes: a terminal of ASCII, a full disk, a warehouse with odd folders."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
MAIN = "from cryptopipe_assets.cli.app import main; main()"


def run(tmp_path: Path, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "CRYPTOPIPE_WAREHOUSE": str(tmp_path / "w"),
        "DAGSTER_HOME": str(tmp_path / "d"),
        **options.pop("env", {}),
    }
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        env=environment,
        text=True,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
        **{"stdout": subprocess.PIPE, **options},
    )


@pytest.mark.slow
def test_a_terminal_of_ascii_shows_the_status(tmp_path):
    done = run(tmp_path, "status", env={"PYTHONIOENCODING": "ascii"})
    assert "Traceback" not in done.stderr
    assert "ohlcv_1m" in done.stdout
    assert done.stdout.isascii()


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["status", "--json"]])
def test_a_full_disk_behind_the_output_is_said_in_one_line(tmp_path, arguments):
    with FULL.open("w") as full:
        done = run(tmp_path, *arguments, stdout=full)
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot write the output: No space left on device")
    assert len(done.stderr.splitlines()) == 1
