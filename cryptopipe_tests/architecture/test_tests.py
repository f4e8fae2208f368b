"""The tests keep their own rules: they lie where their subject lies, and say what they were fed."""

import re

import pytest

from cryptopipe_tests.places import PAYLOADS, ROOT

PACKAGE, TESTS = ROOT / "cryptopipe_assets", ROOT / "cryptopipe_tests"
FED_FROM = sorted(folder for folder in PAYLOADS.iterdir() if folder.is_dir())


def test_the_unit_tests_mirror_the_package():
    files = sorted((TESTS / "unit").rglob("test_*.py"))
    assert len(files) > 50
    folders = {file.parent.relative_to(TESTS / "unit") for file in files}
    assert [str(each) for each in sorted(folders) if not (PACKAGE / each).is_dir()] == []


@pytest.mark.parametrize("kind", ["unit", "integration"])
def test_no_test_lies_outside_a_room(kind):
    loose = [file.name for file in (TESTS / kind).glob("test_*.py")]
    modules = {f"test_{file.name}" for file in (ROOT / "cryptopipe_assets").glob("*.py")}
    assert [name for name in loose if name not in modules] == []


@pytest.mark.parametrize("folder", FED_FROM, ids=lambda each: each.name)
def test_every_payload_says_where_it_was_learnt_and_what_was_altered(folder):
    text = (folder / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `([^`]+)` \| \S.* \| \S.* \|$", text, flags=re.MULTILINE)
    files = sorted(file.name for file in folder.iterdir() if file.name != "README.md")
    assert sorted(told) == files


def test_only_one_place_makes_a_transport_that_is_no_wire():
    makers = {
        str(file.relative_to(TESTS))
        for file in TESTS.rglob("*.py")
        if "MockTransport" in file.read_text(encoding="utf-8") and file.name != "test_tests.py"
    }
    assert makers == {"unit/vendors/conftest.py"}
