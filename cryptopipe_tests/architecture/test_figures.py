"""The figures of docs/reliability.md are those of the tests that are collected, and of the mutants.

They are counted in the run itself: where not all tests are collected, there is nothing to compare.
"""

import inspect
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from cryptopipe_tests.places import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
TESTS = ROOT / "cryptopipe_tests"
ROWS = re.findall(r"^\| (\S.*?) \| (`.*?`) \| ([\d,]+) \|$", PAGE, flags=re.MULTILINE)
LAST_RUN = json.loads((TESTS / "mutation" / "last_run.json").read_text(encoding="utf-8"))


def number(said: str) -> int:
    return int(said.replace(",", ""))


def stated(pattern: str) -> list[int]:
    """Numbers that the page states in the place of the groups of a pattern."""
    (found,) = re.findall(pattern, PAGE)
    return [number(each) for each in ([found] if isinstance(found, str) else found)]


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> Counter[str]:
    """How many cases each file of tests has; of fuzz tests, how many inputs."""
    options = request.config.option
    if options.markexpr or options.keyword:
        pytest.skip("some tests are left out of this run, so none are counted")
    counts: Counter[str] = Counter()
    for item in request.session.items:
        file = str(Path(item.path).relative_to(TESTS))
        counts[file] += inputs(item)
    return counts


def inputs(item: pytest.Item) -> int:
    """How many hostile inputs a test is given; one case otherwise."""
    source = inspect.getsource(item.function) if "fuzz" in item.path.parts else ""
    given = re.findall(r"@fuzzed\((\w+)\)", source)
    numbers = (item.module.__dict__.get(each, each) for each in given)
    return sum(int(each) for each in numbers) or 1


@pytest.mark.parametrize(("family", "files", "said"), ROWS, ids=[row[0] for row in ROWS])
def test_a_family_of_faults_has_as_many_cases_as_the_page_says(cases, family, files, said):
    wanted = re.findall(r"`([^`]+)`", files)
    found = {file: count for file, count in cases.items() if any(map(Path(file).match, wanted))}
    absent = [each for each in wanted if not any(Path(file).match(each) for file in found)]
    if absent:
        pytest.skip(f"{', '.join(absent)} is not in this run, so it is not counted")
    assert sum(found.values()) == number(said)


def test_the_total_is_the_sum_of_the_families():
    assert len(ROWS) > 8
    assert stated(r"([\d,]+) cases of faults in each run") == [sum(number(row[2]) for row in ROWS)]


def test_the_page_has_the_figures_of_the_last_run_of_the_mutants():
    tried, seed, killed, equivalent, survive = stated(
        r"([\d,]+) mutants of seed ([\d,]+): ([\d,]+) killed, ([\d,]+) equivalent, ([\d,]+) survive"
    )
    assert (tried, seed) == (LAST_RUN["tried"], LAST_RUN["seed"])
    assert (killed, equivalent) == (LAST_RUN["killed"], LAST_RUN["equivalent"])
    assert survive == len(LAST_RUN["survivors"]) == tried - killed - equivalent
