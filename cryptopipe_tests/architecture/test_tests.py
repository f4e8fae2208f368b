"""The tests keep their own rules: they lie where their subject lies, and say what they were fed."""

import re

import pytest

from cryptopipe_tests.mutation.equivalent import listed
from cryptopipe_tests.mutation.tests_of import TOGETHER, stages
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


@pytest.mark.parametrize("room", TOGETHER)
def test_a_mutant_is_tried_against_tests_that_there_are(room):
    assert list(PACKAGE.glob(f"{room}*")), room
    assert [each for each in TOGETHER[room] if not (ROOT / each).exists()] == []


def test_the_nearest_tests_of_a_module_are_its_own_then_those_that_import_it():
    nearest, folder, together = stages(ROOT, "cryptopipe_assets/quant/math/daily_asof.py")
    assert nearest[0] == "cryptopipe_tests/unit/quant/math/test_daily_asof.py"
    assert "cryptopipe_tests/unit/quant/math/test_namesakes.py" in nearest
    assert "cryptopipe_tests/unit/quant/math/test_daily_grid.py" in folder
    assert "cryptopipe_tests/unit/quant/metrics" in together


@pytest.mark.parametrize(("module", "before", "after"), listed())
def test_a_mutant_that_is_listed_as_equivalent_is_one_of_a_line_that_there_is(
    module, before, after
):
    text = (ROOT / module).read_text(encoding="utf-8")
    assert before in " ".join(line.strip() for line in text.splitlines())
    assert before != after
    assert listed()[module, before, after].endswith(".")


def test_only_one_place_makes_a_transport_that_is_no_wire():
    makers = {
        str(file.relative_to(TESTS))
        for file in TESTS.rglob("*.py")
        if "MockTransport" in file.read_text(encoding="utf-8") and file.name != "test_tests.py"
    }
    assert makers == {"unit/vendors/conftest.py"}
