"""Commands at once on a new DAGSTER_HOME: one creates Dagster's databases, the others wait."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.runtime import dagster_home
from cryptopipe_assets.runtime.at_start import READY, is_dagsters
from cryptopipe_assets.runtime.dagster_home import AT_START, LOCK, export_dagster_home

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


@pytest.fixture
def as_set_up(tmp_path) -> dict[str, str]:
    """The environment of a process that starts as after ``make setup``, on a new home."""
    (tmp_path / "home").mkdir()
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(f"import os; exec({AT_START!r})")
    return {**os.environ, "PYTHONPATH": str(site), "DAGSTER_HOME": str(tmp_path / "home")}


@pytest.mark.slow
@pytest.mark.parametrize("of_each", [1, pytest.param(3, marks=pytest.mark.nightly)])
def test_processes_that_start_together_on_a_new_home_all_find_a_whole_one(
    tmp_path, as_set_up, of_each
):
    """Commands of ours and of Dagster's. Without the lock most fail."""
    dagster = Path(sys.executable).with_name("dagster")
    ours = [sys.executable, "-c", OPEN, str(tmp_path / "home")]
    theirs = [str(dagster), "run", "list"]
    started = [
        subprocess.Popen(
            command, env=as_set_up,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for command in (ours, theirs) * of_each
    ]  # fmt: skip
    for each in started:
        said, complaint = each.communicate("\n", timeout=180)
        assert each.returncode == 0, complaint
        assert "0 0 0" in said or said == "", said


@pytest.mark.parametrize(
    ("command", "is_theirs"),
    [
        (["python", "/venv/bin/dagster", "asset", "list"], True),
        (["python", "-B", "-m", "dagster._daemon", "run"], True),
        (["python", "-m", "dagster_webserver"], True),
        (["python", "-m", "cryptopipe_assets.runtime.dagster_home", "create"], False),
        (["python", "/venv/bin/cryptopipe", "dev"], False),
        (["python", "-c", "dagster"], False),
        (["python"], False),
        ([], False),
    ],
)
def test_what_is_a_command_of_dagsters(command, is_theirs):
    assert is_dagsters(command) is is_theirs


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
