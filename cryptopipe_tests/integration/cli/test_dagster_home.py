"""Two commands at once on a new DAGSTER_HOME: one creates Dagster's databases, the other waits."""

import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.runtime import dagster_home
from cryptopipe_assets.runtime.dagster_home import LOCK, READY, export_dagster_home

OPEN = """
import sys
from pathlib import Path
from cryptopipe_assets.runtime.table_run import instance
from cryptopipe_assets.config.settings import load_settings

settings = load_settings().with_environment(dagster_home=Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
with instance(settings, own=True) as found:
    print(len(found.get_runs()), len(found.all_asset_keys()), len(found.all_instigator_state()))
"""


@pytest.mark.slow
def test_processes_that_start_together_on_a_new_home_all_find_a_whole_one(tmp_path):
    """Without the lock about one in three fails."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, str(tmp_path / "home")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    for each in started:
        assert each.stdout.readline() == "ready\n"
    for each in started:
        each.stdin.write("\n")
        each.stdin.flush()
    for each in started:
        said, complaint = each.communicate(timeout=120)
        assert (each.returncode, said) == (0, "0 0 0\n"), complaint


def test_a_home_that_another_process_never_ends_creating_is_an_error_with_advice(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(dagster_home, "LONGEST_WAIT_SECONDS", 0.05)
    monkeypatch.setenv("DAGSTER_HOME", "")
    settings = load_settings().with_environment(dagster_home=tmp_path)
    with (
        FileLock(tmp_path / LOCK),
        pytest.raises(ConfigError, match="another process has been creating"),
    ):
        export_dagster_home(settings)


def test_a_home_that_is_ready_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "")
    Path(tmp_path / READY).touch()
    settings = load_settings().with_environment(dagster_home=tmp_path)
    with FileLock(tmp_path / LOCK):
        export_dagster_home(settings)
    assert (tmp_path / "dagster.yaml").is_file()
