"""Where the project folder is looked for, and what is said if there is none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cryptopipe_assets.config import project
from cryptopipe_assets.config.project import FILES, checkout, default_dagster_home, find_home
from cryptopipe_assets.config.settings import Environment, Settings, read_config, read_settings
from cryptopipe_assets.core.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder in which the process is, whose process was told nothing else."""
    for name in ("CRYPTOPIPE_HOME", "CRYPTOPIPE_WAREHOUSE", "DAGSTER_HOME", "CRYPTOPIPE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "desk"
    home.mkdir()
    (home / "cryptopipe.toml").write_bytes((ROOT / "cryptopipe.toml").read_bytes())
    monkeypatch.chdir(home)
    return home


def test_the_nearest_folder_above_with_a_configuration_is_the_project_folder(desk):
    deep = desk / "notebooks" / "today"
    deep.mkdir(parents=True)
    assert find_home(None, deep) == desk
    (desk / "notebooks" / "cryptopipe.toml").touch()
    assert find_home(None, deep) == desk / "notebooks"


def test_what_the_variable_says_counts_before_the_current_folder(desk, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    assert find_home(str(other), desk) == other


def test_a_variable_that_names_no_folder_is_refused_with_what_makes_one(tmp_path):
    with pytest.raises(ConfigError, match=r"CRYPTOPIPE_HOME: .*absent is not a folder.*init"):
        find_home(str(tmp_path / "absent"))


def test_outside_of_every_project_folder_the_checkout_that_holds_the_code_is_it(tmp_path):
    assert find_home(None, tmp_path) == ROOT == checkout()


def test_without_a_checkout_a_folder_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "__file__", str(tmp_path / "lib" / "config" / "project.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"no project folder: .*cryptopipe init my-desk"):
        find_home(None, tmp_path)
    assert default_dagster_home(None) == ""


def test_a_current_folder_that_was_deleted_is_named_as_such(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ConfigError, match="the current folder was deleted"):
        find_home(None)
    monkeypatch.undo()


def test_every_path_is_in_the_project_folder_unless_it_is_said_otherwise(desk):
    found = read_settings()
    assert found.home == desk
    assert found.warehouse == desk / "warehouse"
    assert found.has_own_warehouse
    assert found.dagster_home == desk / "dagster_home"
    assert found.environment.config == desk / "cryptopipe.toml"
    assert found.environment.realdata == desk.parent / "shared" / "data"


def test_the_keys_file_is_the_project_folders(desk):
    (desk / ".env").write_text("CRYPTOPIPE_WAREHOUSE=elsewhere\nCOINALYZE_API_KEY=canary-9\n")
    found = read_settings()
    assert found.warehouse == desk / "elsewhere"
    assert not found.has_own_warehouse
    assert found.environment.coinalyze_api_key is not None


def test_the_keys_file_may_not_say_where_it_is_looked_for(desk):
    (desk / ".env").write_text("CRYPTOPIPE_HOME=elsewhere\n")
    with pytest.raises(ConfigError, match=r"\.env sets CRYPTOPIPE_HOME.*looked for in the project"):
        read_settings()


def test_a_misspelt_variable_of_the_keys_file_is_refused(desk):
    (desk / ".env").write_text("CRYPTOPIPE_VENDOR=live\n")
    with pytest.raises(ConfigError, match="did you mean CRYPTOPIPE_VENDORS"):
        read_settings()


def test_a_warehouse_on_another_disk_is_still_the_project_folders_own(desk, tmp_path):
    (tmp_path / "disk").mkdir()
    (desk / "warehouse").symlink_to(tmp_path / "disk")
    assert read_settings().has_own_warehouse


def test_a_relative_home_is_of_the_current_folder(desk, monkeypatch):
    monkeypatch.chdir(desk.parent)
    monkeypatch.setenv("CRYPTOPIPE_HOME", "desk")
    assert read_settings().warehouse == desk / "warehouse"


def test_settings_may_be_made_without_reading_a_keys_file(desk):
    (desk / ".env").write_text("CRYPTOPIPE_VENDORS=live\n")
    made = Settings(environment=Environment(), config=read_config(desk / "cryptopipe.toml"))
    assert (made.environment.vendors, made.home) == ("sandbox", desk)


def test_importing_the_settings_decides_nothing(tmp_path):
    """In a folder that is deleted, the import still works; only the question is refused."""
    script = (
        "import os, sys; gone = sys.argv[1]; os.mkdir(gone); os.chdir(gone); os.rmdir(gone);"
        "import cryptopipe_assets.config.settings as settings;"
        "print('imported', settings.load_settings.cache_info().currsize)"
    )
    # -P as for an installed command: with the folder on its path, Python 3.13 itself cannot import.
    command = [sys.executable, "-P", "-c", script, str(tmp_path / "gone")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "imported 0\n", done.stderr


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("cryptopipe.toml", "cryptopipe.toml"),
        (".env", ".env.example"),
        ("workspace.yaml", "workspace.yaml"),
        ("dagster_home/dagster.yaml", "dagster_home/dagster.yaml"),
    ],
)
def test_what_a_new_folder_begins_with_is_the_repositorys_own_file(name, own):
    assert project.template(name).samefile(ROOT / own)


def test_every_template_is_used_and_is_there():
    used = set(FILES.values())
    assert used == {path.name for path in project.TEMPLATES.iterdir()}
    assert all(project.template(name).is_file() for name in FILES)


def test_every_line_of_the_keys_file_is_a_comment():
    lines = project.template(".env").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_dagster_of_the_checkouts_environment_finds_the_home_of_the_folder_it_starts_in(desk):
    environment = {key: value for key, value in os.environ.items() if key != "DAGSTER_HOME"}
    asked = [sys.executable, "-c", "import os; print(os.environ.get('DAGSTER_HOME'))"]
    found = [
        subprocess.run(asked, cwd=each, env=environment, capture_output=True, text=True).stdout
        for each in (desk, desk.parent)
    ]
    assert found == [f"{desk / 'dagster_home'}\n", f"{ROOT / 'dagster_home'}\n"]
