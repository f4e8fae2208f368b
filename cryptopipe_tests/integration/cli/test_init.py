"""A new project folder, and a built wheel that works in it, away from the repository."""

import json
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from cryptopipe_assets.cli.init import init
from cryptopipe_assets.config.project import FILES, template
from cryptopipe_assets.core.errors import RequestError

ROOT = Path(__file__).resolve().parents[3]
CLI = Path(sys.executable).with_name("cryptopipe")
SOURCES = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "cryptopipe.toml",
    ".env.example",
    "workspace.yaml",
    "dagster_home/dagster.yaml",
)
"""Files beside the package that a wheel is made from."""

COINS = """
[tiers.all]
every_minutes = 60
coins = ["BTC", "ETH", "PEPE"]
"""


def clean(**more: str) -> dict[str, str]:
    """The environment of a user who has told cryptopipe and Dagster nothing."""
    told = ("CRYPTOPIPE_", "DAGSTER_", "PYTHON", "VIRTUAL_ENV")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(told)}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **more}


def below(folder: Path) -> dict[str, int]:
    """Every file below a folder and when it was written."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_a_new_folder_has_every_file_and_only_its_owner_may_read_the_keys(tmp_path, capsys):
    desk = tmp_path / "my-desk"
    init(desk)
    assert set(below(desk)) == set(FILES)
    assert (desk / "warehouse").is_dir()
    for name in FILES:
        assert (desk / name).read_bytes() == template(name).read_bytes()
    assert stat.S_IMODE((desk / ".env").stat().st_mode) == 0o600
    assert tomllib.loads((desk / "cryptopipe.toml").read_text())["tiers"]
    assert capsys.readouterr().out.split("Next\n")[1].split("\n  ") == [
        f"  cd {desk}",
        "cryptopipe demo\n",
    ]


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_overwritten_and_nothing_written_beside_it(tmp_path, name):
    taken = tmp_path / name
    taken.parent.mkdir(exist_ok=True)
    taken.write_text("mine")
    with pytest.raises(RequestError, match=f"has a {name} already, and nothing is overwritten"):
        init(tmp_path)
    assert taken.read_text() == "mine"
    assert set(below(tmp_path)) == {name}


def test_a_folder_that_holds_other_things_becomes_a_project_folder(tmp_path, monkeypatch, capsys):
    (tmp_path / "notes.md").write_text("mine")
    monkeypatch.chdir(tmp_path)
    init(Path())
    assert set(below(tmp_path)) == {"notes.md", *FILES}
    assert "cd " not in capsys.readouterr().out.split("Next")[1]


def test_a_file_in_the_folders_place_is_named(tmp_path):
    (tmp_path / "desk").write_text("a file")
    with pytest.raises(RequestError, match=r"cannot write .*desk"):
        init(tmp_path / "desk")


def test_the_command_needs_no_project_folder_and_says_an_error_in_one_line(tmp_path):
    where = {"cwd": tmp_path, "env": clean(), "capture_output": True, "text": True}
    first = subprocess.run([CLI, "init", "desk"], **where)
    assert (first.returncode, first.stderr) == (0, "")
    again = subprocess.run([CLI, "init", "desk"], **where)
    assert again.returncode == 1
    assert again.stderr.startswith("error: desk has a cryptopipe.toml already")
    assert len(again.stderr.strip().splitlines()) == 1


@dataclass(frozen=True)
class Installed:
    """A fresh environment with the built wheel, and what it says."""

    bin: Path
    packages: Path

    def run(self, *command: str, cwd: Path) -> str:
        done = subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd=cwd,
            env=clean(),
            capture_output=True,
            text=True,
            timeout=500,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Installed:
    """A wheel built from a copy of the sources, in an environment that sees the locked packages.

    It sees them by a path and not by their own ``.pth`` files, so not the editable checkout.
    """
    work = tmp_path_factory.mktemp("wheel")
    source = work / "source"
    shutil.copytree(
        ROOT / "cryptopipe_assets",
        source / "cryptopipe_assets",
        symlinks=True,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (source / "dagster_home").mkdir()
    for name in SOURCES:
        shutil.copy(ROOT / name, source / name)
    wanted = ["--no-deps", "--no-build-isolation", "--quiet"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", *wanted, "-w", work, source], env=clean(), check=True)
    (wheel,) = work.glob("*.whl")
    venv = work / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin" / "python"
    subprocess.run(
        [*pip, "--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel],
        env=clean(),
        check=True,
    )
    (packages,) = (venv / "lib").glob("python*/site-packages")
    (packages / "locked.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    dagster = venv / "bin" / "dagster"  # as pip would have written it
    dagster.write_text(f"#!{python}\nfrom dagster._cli import main\nmain()\n")
    dagster.chmod(0o755)
    return Installed(bin=venv / "bin", packages=packages)


@pytest.fixture(scope="module")
def desk(installed, tmp_path_factory) -> Path:
    """A project folder that the installed command made and filled, of three coins only."""
    above = tmp_path_factory.mktemp("user")
    told = installed.run("cryptopipe", "init", "my-desk", cwd=above)
    assert "cd my-desk\n  cryptopipe demo\n" in told
    found = above / "my-desk"
    config = (found / "cryptopipe.toml").read_text()
    before, rest = config.split("[tiers.", maxsplit=1)
    after = rest[rest.index("\n[schedules") :] if "\n[schedules" in rest else ""
    (found / "cryptopipe.toml").write_text(before + COINS + after)
    code, own = below(installed.packages / "cryptopipe_assets"), below(ROOT / "dagster_home")
    shown = installed.run("cryptopipe", "demo", "--days", "2", cwd=found)
    assert "factors_1h" in shown
    assert f"DAGSTER_HOME={found / 'dagster_home'} dagster" in shown
    assert below(installed.packages / "cryptopipe_assets") == code
    assert below(ROOT / "dagster_home") == own
    assert (found / "dagster_home" / "history").is_dir()
    return found


@pytest.mark.slow
def test_without_a_project_folder_an_installed_command_asks_for_one(installed, tmp_path):
    done = subprocess.run(
        [installed.bin / "cryptopipe", "status"],
        cwd=tmp_path, env=clean(), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: no project folder: ")
    assert "cryptopipe init my-desk" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_wheel_has_the_repositorys_files_as_templates(installed):
    for name in FILES:
        path = installed.packages / template(name).relative_to(ROOT)
        assert path.read_bytes() == template(name).read_bytes()
        assert not path.is_symlink()


@pytest.mark.slow
def test_an_installed_wheel_fills_a_project_folder_and_a_script_reads_it(installed, desk):
    script = (
        "import json, sys, cryptopipe_assets as cp; wh = cp.open_warehouse();"
        "rows = wh.read('factors_1h', coins='BTC');"
        "print(json.dumps([cp.__file__, str(wh.path), wh.origin, rows.height,"
        " wh.describe('factors_1h').state, 'dagster' in sys.modules]))"
    )
    deep = desk / "research"
    deep.mkdir(exist_ok=True)
    file, path, origin, rows, state, dagster = json.loads(
        installed.run("python", "-c", script, cwd=deep)
    )
    assert Path(file).is_relative_to(installed.packages)
    assert (path, origin, dagster) == (str(desk / "warehouse"), "simulated", False)
    assert rows > 0
    assert state in {"fresh", "late"}


@pytest.mark.slow
def test_every_cell_of_the_first_notebook_runs(installed, desk):
    cells = json.loads((desk / "first-look.ipynb").read_text())["cells"]
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    assert len(code) > 5
    (desk / "cells.py").write_text("\n".join("".join(lines) for lines in code))
    installed.run("python", "cells.py", cwd=desk)


@pytest.mark.slow
@pytest.mark.nightly
def test_dev_serves_the_ui_of_the_project_folder(installed, desk, unused_port):
    """The code location loads in the project folder, and its runs are those of the folder."""
    process = subprocess.Popen(
        [installed.bin / "cryptopipe", "dev", "--port", str(unused_port)],
        cwd=desk,
        env=clean(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        query = "{assetNodes{assetKey{path}} runsOrError{... on Runs{count}}}"
        found = _asked(f"http://127.0.0.1:{unused_port}/graphql", query)
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=60)
    assert found, said
    names = {node["assetKey"]["path"][0] for node in found["assetNodes"]}
    assert "leverage_ratios" in names
    assert found["runsOrError"]["count"] > 0


def _asked(address: str, query: str) -> dict:
    """The answer once the server is there and has loaded its assets; empty after four minutes."""
    body = json.dumps({"query": query}).encode()
    until = time.monotonic() + 240
    while time.monotonic() < until:
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                data = json.loads(answer.read())["data"]
        except OSError:
            data = None
        if data and data["assetNodes"]:
            return data
        time.sleep(0.5)
    return {}


@pytest.fixture
def unused_port() -> int:
    """A port that was free a moment ago."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
