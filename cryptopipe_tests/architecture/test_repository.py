"""What is in the repository: nothing large, no key, no path or address of one place."""

import ast
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from cryptopipe_assets.vendors.catalog import VENDORS
from cryptopipe_tests.places import ROOT

LARGEST_BYTES = 600_000
NOT_TEXT = {".gz", ".xz", ".zip", ".parquet"}
LONGEST_FILE = 400
SHORT_FILE = 40

FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.])/(?:home|root|Users|work|workspace)/\w+"),
    "an address of a package index": re.compile(r"https?://\S*(?:pypi|simple/|pythonhosted|npmjs)"),
    "a key": re.compile(r"CG-[A-Za-z0-9]{20,}|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-"),
}


def tracked() -> list[Path]:
    """Files of the repository as git sees them; without git, everything that is not generated."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(what):
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}"
        for path in tracked()
        if path.name != Path(__file__).name and path.suffix not in NOT_TEXT
        for hit in [FORBIDDEN[what].search(path.read_text(encoding="utf-8", errors="replace"))]
        if hit
    ]
    assert found == []


def test_no_file_is_large():
    assert [path.name for path in tracked() if path.stat().st_size > LARGEST_BYTES] == []


def test_nothing_that_runs_make_is_committed():
    made = re.compile(r"^(warehouse|dagster_home)/(?!README\.md|dagster\.yaml)")
    names = [str(path.relative_to(ROOT)) for path in tracked()]
    assert [name for name in names if made.match(name)] == []


def test_every_module_of_the_platform_is_short_and_says_what_it_is():
    long, mute = [], []
    for path in (ROOT / "cryptopipe_assets").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > LONGEST_FILE:
            long.append(path.name)
        if text.strip() and not text.startswith('"""'):
            mute.append(path.name)
    assert (long, mute) == ([], [])


DECLARED_ONE_A_FILE = (
    *("cli/", "tables/", "quant/strategies/", "quant/factors/"),
    *(f"vendors/{vendor}/" for vendor in (*VENDORS, "_template")),
)
"""Rooms in which a file is a command, a table, a vendor's part, a strategy, a family of factors."""


def test_a_short_module_is_used_by_two_others_or_is_one_of_many_of_its_kind():
    """What is shorter and used once is read more easily beside the one that uses it."""
    package = ROOT / "cryptopipe_assets"
    texts = {path: path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    users = Counter(
        name
        for text in texts.values()
        for name in {
            name
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ImportFrom) and node.module
            for name in (node.module, *(f"{node.module}.{each.name}" for each in node.names))
        }
    )
    fragments = [
        str(place)
        for path, text in texts.items()
        for place in [path.relative_to(package)]
        if text.count("\n") < SHORT_FILE and path.name not in {"__init__.py", "definitions.py"}
        if not str(place).startswith(DECLARED_ONE_A_FILE) and not path.stem.endswith("_set")
        if users[".".join(path.relative_to(ROOT).with_suffix("").parts)] < 2
    ]
    assert fragments == []


@pytest.mark.parametrize(
    ("lock", "least"),
    [
        ("requirements.lock", 50),
        ("requirements-docs.lock", 20),
        ("requirements-supply.lock", 20),
        ("requirements-mutants.lock", 20),
    ],
)
def test_a_lock_has_hashes_and_no_address(lock, least):
    text = (ROOT / lock).read_text()
    pinned = re.findall(r"^[A-Za-z0-9_.-]+==\S+", text, flags=re.MULTILINE)
    assert len(pinned) > least
    assert text.count("--hash=sha256:") >= len(pinned)
    assert "://" not in text
    assert "index" not in text.replace("--hash", "")


def test_only_the_settings_read_the_environment():
    readers = {
        path.name
        for path in (ROOT / "cryptopipe_assets").rglob("*.py")
        if re.search(r"os\.environ|os\.getenv", path.read_text(encoding="utf-8"))
    }
    assert readers == {"settings.py", "dagster_home.py"}
