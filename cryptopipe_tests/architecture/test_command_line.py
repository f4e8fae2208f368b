"""A command is a file of ``cli`` and a line of ``COMMANDS``, and is imported when asked for."""

import ast
import subprocess
import sys

import pytest

from cryptopipe_assets.cli.app import COMMANDS, help_of, loaded
from cryptopipe_tests.places import ROOT

CLI = ROOT / "cryptopipe_assets" / "cli"
HEAVY = {"dagster", "pandera", "duckdb", "httpx", "numpy"}


def imported_by(*statements: str) -> set[str]:
    """Heavy packages that a fresh Python has imported after the statements."""
    script = ";".join(("import sys", *statements, f"print(*{HEAVY} & set(sys.modules))"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_every_file_that_declares_a_command_is_in_the_table_once():
    declaring = {
        ".".join(path.relative_to(CLI).with_suffix("").parts)
        for path in CLI.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == "command"
    }
    assert sorted(COMMANDS.values()) == sorted(declaring)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_shows_the_help_that_the_command_shows(name):
    assert help_of(name) == loaded(name).help
    assert help_of(name)


@pytest.mark.slow
def test_the_list_of_commands_imports_none_of_them():
    show = "import cryptopipe_assets.cli.app as cli"
    assert imported_by(show, "cli.app(['--help'], standalone_mode=False)") == set()


@pytest.mark.slow
def test_the_status_does_not_import_what_it_has_no_time_for():
    assert imported_by("from cryptopipe_assets.cli.app import loaded", "loaded('status')") == set()


@pytest.mark.slow
def test_a_command_says_its_help_and_refuses_wrong_arguments_without_dagster():
    ask = "from cryptopipe_assets.cli.app import COMMANDS, loaded"
    assert "dagster" not in imported_by(ask, "list(map(loaded, COMMANDS))")
