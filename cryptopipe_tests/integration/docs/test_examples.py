"""Every example answers on a warehouse of the simulated market, and what is shown of it is true."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.runtime.resources import warehouse as warehouse_of
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_assets.vendors.catalog import VENDORS
from cryptopipe_tests.places import ROOT
from cryptopipe_tests.reference import notebooks
from cryptopipe_tests.reference.example_warehouse import SAMPLES, example_platform, fill, sample

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "examples"
QUERIES = sorted((EXAMPLES / "sql").glob("*.sql"))
SCRIPTS = sorted((EXAMPLES / "python").glob("*.py"))
NOTEBOOKS = sorted((EXAMPLES / "notebooks").glob("*.ipynb"))


def by_name(path: Path) -> str:
    return path.stem


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Iterator:
    """A warehouse with rows in every table."""
    folder = tmp_path_factory.mktemp("examples")
    settings = load_settings().with_environment(
        vendors="sandbox", warehouse=folder / "warehouse", dagster_home=folder / "home"
    )
    with example_platform(settings) as platform:
        fill(platform)
        yield platform


@pytest.fixture
def environment(filled, monkeypatch) -> dict[str, str]:
    """The environment in which an example finds the warehouse as a user's finds theirs."""
    monkeypatch.setenv("CRYPTOPIPE_WAREHOUSE", str(filled.settings.warehouse))
    return dict(os.environ)


@pytest.mark.parametrize("path", QUERIES, ids=by_name)
def test_a_query_begins_with_its_question_and_has_an_answer(filled, path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("-- ")
    assert text.splitlines()[0].endswith("?")
    with warehouse_of(filled.settings).connect() as db:
        assert len(db.sql(text).fetchall()) > 0


def test_the_command_line_runs_a_query_as_its_page_says(environment):
    query = (EXAMPLES / "sql" / "most_leveraged_coins.sql").read_text(encoding="utf-8")
    cli = Path(sys.executable).with_name("cryptopipe")
    done = subprocess.run(
        [cli, "sql", "--", query], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "leverage_score" in done.stdout


@pytest.mark.parametrize("path", SCRIPTS, ids=by_name)
def test_a_script_says_what_it_answers_and_answers(environment, path, tmp_path):
    done = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_a_notebook_shows_what_its_cells_say(environment, path):
    kept = [cell["outputs"] for cell in notebooks.code_cells(notebooks.load(path))]
    assert any("image/png" in each.get("data", {}) for outputs in kept for each in outputs)
    said = [notebooks.texts(outputs) for outputs in notebooks.run(path)]
    assert said == [notebooks.texts(outputs) for outputs in kept], "run `make docs-samples`"


@pytest.mark.parametrize("name", contracts())
def test_the_sample_of_a_table_is_what_the_market_says(filled, name):
    stored = pl.read_csv(SAMPLES / f"{name}.csv", infer_schema=False)
    assert stored.columns == contracts()[name].columns(), "run `make docs-samples`"
    assert stored.height > 0
    assert stored.rows() == sample(filled.lake, name).rows(), "run `make docs-samples`"


def told_by_vendors() -> list[tuple[str, str]]:
    """Tables with days, and the vendors that tell them without being switched on."""
    return [
        (offer.table, name)
        for name, terms in VENDORS.items()
        for offer in terms.offers
        if offer.switch is None and contracts()[offer.table].has_days()
    ]


@pytest.mark.parametrize(("table", "vendor"), told_by_vendors())
def test_a_vendor_tells_all_columns_but_those_that_its_terms_say_it_does_not(filled, table, vendor):
    contract = contracts()[table]
    rows = filled.lake.scan(contract, date.min, date.max).filter(source=vendor).collect()
    if rows.is_empty():
        pytest.skip(f"without a key nobody asks {vendor} for {table}")
    untold = {name for name in contract.columns() if rows[name].null_count() == rows.height}
    offer = VENDORS[vendor].offer_of(table)
    assert offer is not None
    assert untold == set(offer.null)
