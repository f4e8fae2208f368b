"""The DuckDB catalog: views over the files, replaceable at any time, readable from anywhere."""

import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from cryptopipe_assets.core.errors import CorruptFile, StorageError
from cryptopipe_assets.core.schema import Registry, column
from cryptopipe_assets.storage.catalog import catalog
from cryptopipe_assets.storage.catalog.catalog import (
    CATALOG,
    connect,
    in_memory,
    rebuild,
    refresh,
    write_catalog,
)
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_tests.reference.quotes import DAY, Means, Quotes, quotes

pytestmark = pytest.mark.slow

TABLES = (Quotes, Means)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "house" / "warehouse")
    lake.upsert(Quotes, quotes(3), DAY.date())
    rebuild(lake, TABLES)
    return lake


def test_a_view_has_the_rows_of_all_days_and_the_day_as_a_column(lake):
    with connect(lake) as connection:
        answer = connection.sql("SELECT count(*), min(date), max(ts) FROM quotes").fetchall()[0]
    assert answer[:2] == (3, date(2026, 2, 1))
    assert str(answer[2]) == "2026-02-01 00:02:00+00:00"


def test_a_table_without_files_is_an_empty_view_with_its_columns(lake):
    with connect(lake) as connection:
        relation = connection.sql("FROM means")
        assert relation.fetchall() == []
        columns = dict(zip(relation.columns, map(str, relation.types), strict=True))
    assert columns["ts"] == "TIMESTAMP WITH TIME ZONE"
    assert list(columns) == [*Means.columns(), "date"]


def test_columns_carry_their_sentence_and_unit_also_with_an_apostrophe(lake):
    query = "SELECT comment FROM duckdb_columns() WHERE table_name = 'quotes' AND column_name = "
    with connect(lake) as connection:
        assert connection.sql(query + "'price'").fetchall()[0] == (
            "Price, it's in quote. [quote per base]",
        )


def test_the_file_knows_no_absolute_path_and_can_be_moved_with_its_folder(lake, tmp_path):
    assert str(tmp_path).encode() not in (lake.root / CATALOG).read_bytes()
    moved = (tmp_path / "house").rename(tmp_path / "elsewhere")
    with connect(Lake(moved / "warehouse")) as connection:
        assert connection.sql("SELECT count(*) FROM quotes").fetchall()[0] == (3,)


ODD = ("date=2026-11-99", "date=2026-02-31", "date=2026-00-10", "date=2026-02-01 (copy)", "date=")


@pytest.mark.parametrize("opened", ["from the file", "in memory"])
def test_views_read_no_folder_that_is_of_no_day(lake, opened):
    whole = lake.path("quotes", DAY.date())
    for name in ODD:
        (lake.root / "quotes" / name).mkdir()
        shutil.copy(whole, lake.root / "quotes" / name)
    query = "SELECT count(*), min(date), max(date) FROM quotes WHERE date >= DATE '2026-01-01'"
    with connect(lake) if opened == "from the file" else in_memory(lake, TABLES) as connection:
        answer = connection.sql(query).fetchall()
        assert answer == [(3, date(2026, 2, 1), date(2026, 2, 1))]
        assert (
            dict(
                connection.sql("SELECT column_name, column_type FROM (DESCRIBE quotes)").fetchall()
            )["date"]
            == "DATE"
        )


def test_a_filter_by_day_opens_the_files_of_that_day_only(lake):
    for number in range(2, 12):
        lake.upsert(Quotes, quotes(1), date(2026, 2, number))
    query = "EXPLAIN ANALYZE SELECT count(*) FROM quotes WHERE date = DATE '2026-02-07'"
    with connect(lake) as connection:
        [(_, plan)] = connection.sql(query).fetchall()
    assert re.search(r"Total Files Read: 1\b", plan), plan


def test_a_person_beside_the_warehouse_opens_the_file_as_it_is(lake):
    script = (
        "import duckdb; c = duckdb.connect('warehouse/cryptopipe.duckdb', read_only=True);"
        "print(c.sql('SELECT count(*) FROM quotes').fetchall()[0][0])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=lake.root.parent, capture_output=True, text=True
    )
    assert run.stdout.strip() == "3", run.stderr


def test_a_copy_with_absolute_paths_works_from_anywhere(lake, tmp_path):
    target = write_catalog(lake, TABLES, tmp_path / "bi" / "copy.duckdb", absolute=True)
    with duckdb.connect(str(target), read_only=True) as connection:
        assert connection.sql("SELECT count(*) FROM quotes").fetchall()[0] == (3,)


def test_new_days_appear_without_a_rebuild_and_a_new_table_with_one(lake):
    tomorrow = quotes(2).with_columns(_shift("ts"), _shift("available_at"))
    lake.upsert(Quotes, tomorrow, date(2026, 2, 2))
    assert not refresh(lake, TABLES)
    means = quotes(1).select("ts", "available_at", "symbol", mean="price")
    lake.replace(Means, means, DAY.date())
    assert refresh(lake, TABLES)
    with connect(lake) as connection:
        assert connection.sql("SELECT count(*) FROM quotes").fetchall()[0] == (5,)
        assert connection.sql("SELECT count(*) FROM means").fetchall()[0] == (1,)


def _shift(name: str):
    import polars as pl

    return pl.col(name).dt.offset_by("1d")


def test_a_deleted_catalog_comes_back(lake):
    (lake.root / CATALOG).unlink()
    assert refresh(lake, TABLES)
    with connect(lake) as connection:
        assert connection.sql("SELECT count(*) FROM quotes").fetchall()[0] == (3,)


def test_a_reader_with_the_old_catalog_open_is_not_disturbed_by_a_rebuild(lake):
    with connect(lake) as connection:
        rebuild(lake, TABLES)
        assert connection.sql("SELECT count(*) FROM quotes").fetchall()[0] == (3,)


def test_without_a_catalog_the_error_says_how_to_get_one(tmp_path):
    with pytest.raises(StorageError, match=r"no catalog at .*cryptopipe demo"):
        connect(Lake(tmp_path / "warehouse"))


def test_a_catalog_open_for_writing_elsewhere_is_an_error_for_readers_but_not_for_the_rebuild(lake):
    script = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True);"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(lake.root / CATALOG)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout.readline().strip() == b"open"
        with pytest.raises(StorageError, match="open for writing in another process; close it"):
            connect(lake)
        rebuild(lake, TABLES)
        with connect(lake) as connection:
            assert connection.sql("SELECT count(*) FROM quotes").fetchall()[0] == (3,)
        other.stdin.close()


def test_a_file_that_is_no_database_is_named_with_what_to_do(lake):
    (lake.root / CATALOG).write_bytes(b"not a database, surely" * 1000)
    with pytest.raises(CorruptFile, match=r"delete it and run `cryptopipe catalog`"):
        connect(lake)


class Versions(Registry):
    """A table without days."""

    symbol: str = column("Instrument.", unit="id")
    price: float = column("Price.", unit="quote per base")

    class Config:
        name = "versions"
        unique = ["symbol", "ts"]  # noqa: RUF012


def test_a_warehouse_of_the_same_name_in_the_current_folder_is_not_read_instead(
    tmp_path, monkeypatch
):
    for folder, minutes in (("asked", 3), ("here", 2)):
        lake = Lake(tmp_path / folder / "warehouse")
        lake.upsert(Quotes, quotes(minutes), DAY.date())
        lake.upsert(Versions, quotes(minutes))
        rebuild(lake, (Quotes, Versions))
    monkeypatch.chdir(tmp_path / "here")
    with connect(Lake(tmp_path / "asked" / "warehouse")) as connection:
        counted = [connection.sql(f"FROM {name}").fetchall() for name in ("quotes", "versions")]
    assert [len(rows) for rows in counted] == [3, 3]


@pytest.mark.parametrize("name", ["w[ab]", "w*", "[w]"])
def test_a_folder_whose_name_looks_like_a_pattern_is_read_and_no_other(name, tmp_path):
    for other in ("wa", "wb", "w"):
        Lake(tmp_path / other).upsert(Quotes, quotes(1), DAY.date())
    lake = Lake(tmp_path / name)
    lake.upsert(Quotes, quotes(3), DAY.date())
    rebuild(lake, TABLES)
    query = "SELECT count(*) FROM quotes"
    for connection in (connect(lake), in_memory(lake, TABLES)):
        with connection:
            assert connection.sql(query).fetchall() == [(3,)]
    assert lake.read(Quotes, DAY.date()).height == 3
    assert lake.scan(Quotes, DAY.date(), DAY.date()).collect().height == 3


def test_a_folder_that_duckdb_cannot_open_is_named(tmp_path):
    lake = Lake(tmp_path / "what?" / "w")
    lake.upsert(Quotes, quotes(1), DAY.date())
    with pytest.raises(StorageError, match="question mark"):
        rebuild(lake, TABLES)


def test_a_copied_warehouse_does_not_show_the_rows_of_the_original(lake):
    copied = Lake(lake.root.parent / "copy")
    shutil.copytree(lake.root, copied.root)
    with pytest.raises(StorageError, match=r"'warehouse' and lies in 'copy'.*cryptopipe catalog"):
        connect(copied)
    copied.upsert(Quotes, quotes(5), DAY.date())
    rebuild(copied, TABLES)
    with connect(copied) as ours, connect(lake) as theirs:
        query = "SELECT count(*) FROM quotes"
        assert ours.sql(query).fetchall() == [(5,)]
        assert theirs.sql(query).fetchall() == [(3,)]


def test_a_catalog_of_an_earlier_version_that_does_not_say_its_folder_is_read(lake):
    path = lake.root / CATALOG
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP MACRO catalog_folder")
    with connect(lake) as connection:
        assert connection.sql("SELECT count(*) FROM quotes").fetchall() == [(3,)]


def test_a_first_file_puts_the_statements_of_its_table_again_and_no_others(lake):
    with duckdb.connect(str(lake.root / CATALOG)) as connection:
        connection.execute("COMMENT ON VIEW quotes IS 'a note of a user'")
    means = quotes(1).select("ts", "available_at", "symbol", mean="price")
    lake.replace(Means, means, DAY.date())
    assert refresh(lake, TABLES)
    with connect(lake) as connection:
        comments = dict(
            connection.sql("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal")
            .fetchall()
        )  # fmt: skip
        assert connection.sql("SELECT symbol FROM means").fetchall() == [("A",)]
        [(described,)] = connection.sql(
            "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'means' AND comment <> ''"
        ).fetchall()
    assert comments["quotes"] == "a note of a user"
    assert comments["means"] == "A mean of prices."
    assert described == len(Means.columns())
    assert not refresh(lake, TABLES)


@pytest.mark.parametrize("stored", ["", "{", "0" * 64, "[]", '"quotes"', "{}"])
def test_where_nobody_knows_what_the_catalog_says_it_is_written_anew(lake, stored):
    (lake.root / ".catalog").write_text(stored)
    assert refresh(lake, TABLES)
    assert not refresh(lake, TABLES)


def test_a_catalog_that_is_no_database_is_written_anew_with_the_next_table(lake):
    (lake.root / CATALOG).write_bytes(b"no database")
    lake.replace(Means, quotes(1).select("ts", "available_at", "symbol", mean="price"), DAY.date())
    assert refresh(lake, TABLES)
    with connect(lake) as connection:
        assert connection.sql("SELECT count(*) FROM quotes").fetchall()[0] == (3,)


def test_the_same_catalog_for_another_warehouse_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "_kept", {})
    contents = []
    for folder in ("one", "two"):
        lake = Lake(tmp_path / folder / "warehouse")
        lake.upsert(Quotes, quotes(3), DAY.date())
        rebuild(lake, TABLES)
        contents.append((lake.root / CATALOG).read_bytes())
        with connect(lake) as connection:
            assert connection.sql("SELECT count(*) FROM quotes").fetchall() == [(3,)]
    assert list(catalog._kept.values()) == [contents[0]]
    assert contents[0] == contents[1]


def test_a_catalog_of_the_same_words_and_other_types_is_another(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "_kept", {})
    for numeric in (float, int):

        class Price(Registry):
            """Prices."""

            price: numeric = column("Price.", unit="quote")  # type: ignore[valid-type]

            class Config:
                """Without days."""

                name = "price"
                unique = ["price"]  # noqa: RUF012

        rebuild(Lake(tmp_path / numeric.__name__ / "warehouse"), [Price])
    assert len(catalog._kept) == 2
