"""Queries of other people's: what they may read, and that they change nothing."""

from pathlib import Path

import duckdb
import pytest

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.storage.catalog.catalog import rebuild
from cryptopipe_assets.storage.catalog.confined import confined
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_tests.reference.quotes import DAY, Means, Quotes, quotes

pytestmark = pytest.mark.slow


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "my [house]" / "warehouse")
    lake.upsert(Quotes, quotes(3), DAY.date())
    rebuild(lake, (Quotes, Means))
    (tmp_path / "secret.csv").write_text("key\nsesame\n")
    return lake


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def answer(lake: Lake, query: str) -> list[tuple[object, ...]]:
    with confined(lake, query) as connection:
        relation = connection.sql(query)
        return [] if relation is None else relation.fetchall()


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT count(*) FROM quotes", [(3,)]),
        ("WITH a AS (FROM quotes) SELECT count(*) FROM a", [(3,)]),
        ("PIVOT (SELECT 1 AS a, 'x' AS b) ON b USING sum(a)", [(1,)]),
        ("CREATE TEMP TABLE t AS FROM quotes; SELECT count(*) FROM t", [(3,)]),
        ("SELECT count(*) FROM 'warehouse/quotes/date=*/part-0.parquet'", [(3,)]),
        ("SELECT 'COPY me, and DELETE me' AS words", [("COPY me, and DELETE me",)]),
    ],
)
def test_a_query_reads_the_warehouse_from_any_folder(lake, query, rows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert answer(lake, query) == rows
    assert Path.cwd() == tmp_path


def test_a_plan_is_explained_and_carried_out(lake):
    [(_, plan)] = answer(lake, "EXPLAIN ANALYZE FROM quotes -- no COPY")
    assert "3 rows" in plan


@pytest.mark.parametrize(
    "query",
    [
        "COPY (FROM quotes) TO '{lake}/quotes/date=2026-02-01/part-0.parquet' (FORMAT parquet)",
        "COPY (SELECT 1) TO '{above}/new.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{lake}/new.csv'",
        "EXPLAIN /* to look */ (ANALYZE, FORMAT JSON) COPY (SELECT 1) TO '{lake}/new.csv'",
        "PREPARE p AS COPY (SELECT 1) TO '{lake}/new.csv'; EXECUTE p",
        "SELECT 1; COPY (SELECT 1) TO '{lake}/new.csv'",
        "EXPORT DATABASE '{lake}/all'",
        "ATTACH '{lake}/other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "DROP VIEW quotes",
        "INSERT INTO quotes SELECT * FROM quotes",
    ],
)
def test_a_query_that_does_more_than_read_is_not_run(lake, query, tmp_path):
    before = files(tmp_path)
    with pytest.raises(RequestError, match=r"It was not run; add --unsafe"):
        answer(lake, query.format(lake=lake.root, above=tmp_path))
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    "query",
    [
        "FROM read_csv('/etc/passwd')",
        "FROM read_csv('{above}/secret.csv')",
        "FROM read_text('warehouse/../../secret.csv')",
        "FROM read_text('{lake}/../../secret.csv')",
        "FROM glob('{above}/*')",
        "FROM read_parquet('http://127.0.0.1:1/x.parquet')",
        "SELECT * FROM query('FROM read_csv(''{above}/secret.csv'')')",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "PRAGMA profiling_output = '{lake}/profile.json'",
        "IMPORT DATABASE '{above}'",
    ],
)
def test_what_lies_elsewhere_is_not_read_and_no_setting_opens_it(lake, query, tmp_path):
    before = files(tmp_path)
    with pytest.raises(duckdb.Error, match=r"disabled by configuration|has been locked"):
        answer(lake, query.format(lake=lake.root, above=tmp_path))
    assert files(tmp_path) == before


def test_what_cannot_be_parsed_is_left_to_duckdb(lake):
    with pytest.raises(duckdb.ParserException):
        answer(lake, "SELEC 1")
