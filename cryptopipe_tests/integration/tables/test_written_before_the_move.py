"""What a user had before the modules moved goes on: tables, catalog, Dagster's home, .env."""

import json
import os
import subprocess
import sys
import tarfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dotenv import dotenv_values
from polars.testing import assert_frame_equal

from cryptopipe_assets.config.settings import Environment, Settings, read_config
from cryptopipe_assets.core.schema import Collected
from cryptopipe_assets.runtime.simulated_clock import SimulatedClock, simulated_world
from cryptopipe_assets.runtime.table_run import TableRun, instance
from cryptopipe_assets.storage.as_of import as_of
from cryptopipe_assets.storage.catalog.catalog import connect, rebuild
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_tests import command_line
from cryptopipe_tests.places import PAYLOADS

CLI = Path(sys.executable).with_name("cryptopipe")
TABLES = contracts()
REVISED = ("funding_rate", "open_interest")
EMPTY = {"data_gaps"}
FIRST, LAST = date(2026, 3, 4), date(2026, 3, 5)
ASKED_AT, ASKED_AGAIN_AT = (datetime(2026, 3, 5, hour, 30, 20, tzinfo=UTC) for hour in (9, 10))
BETWEEN = ASKED_AT + timedelta(minutes=30)
"""After the first question and before the second, which revised every row."""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The folder, for tests that only read."""
    return unpack(tmp_path_factory.mktemp("before"))


def unpack(into: Path) -> Path:
    with tarfile.open(PAYLOADS / "project_before_the_move" / "project.tar.xz") as archive:
        archive.extractall(into, filter="data")
    return into / "project"


def settings_of(project: Path) -> Settings:
    """Settings as they are read in that folder: from its .env and its cryptopipe.toml."""
    environment = Environment(_env_file=project / ".env").model_copy(
        update={"warehouse": project / "warehouse", "dagster_home": project / "dagster_home"}
    )
    return Settings(environment=environment, config=read_config(project / "cryptopipe.toml"))


def cli(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as in that folder, whose .env is the environment."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("CRYPTOPIPE_")}
    environment = {
        **clean,
        **{key: value for key, value in dotenv_values(project / ".env").items() if value},
        "CRYPTOPIPE_CONFIG": str(project / "cryptopipe.toml"),
        "CRYPTOPIPE_WAREHOUSE": str(project / "warehouse"),
        "CRYPTOPIPE_SANDBOX_URL": "http://127.0.0.1:9",
        "DAGSTER_HOME": str(project / "dagster_home"),
    }
    return command_line.run(*arguments, env=environment)


def stored(lake: Lake, table: str, folder: str | None = None) -> pl.DataFrame:
    """The rows of a table's files, as Polars reads them without us."""
    files = sorted((lake.root / (folder or table)).rglob("*.parquet"))
    return pl.concat(
        [pl.read_parquet(file, hive_partitioning=False) for file in files], how="vertical"
    )


def rows(lake: Lake, table: str) -> pl.DataFrame:
    """The rows of a table through the lake."""
    contract = TABLES[table]
    if contract.has_days():
        return lake.scan(contract, date.min, date.max).collect()
    return lake.read(contract)


def test_its_env_and_its_toml_are_read(unpacked):
    settings = settings_of(unpacked)
    key = settings.environment.coinalyze_api_key
    assert key is not None
    assert key.get_secret_value() == "not-a-key"
    assert settings.environment.coingecko_plan == "demo"
    assert list(settings.config.tiers) == ["hourly", "ranked"]
    assert settings.config.history.start == date(2026, 2, 24)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_table_is_read_as_it_was_written(unpacked, table):
    lake = Lake(unpacked / "warehouse")
    found = rows(lake, table)
    assert found.is_empty() is (table in EMPTY)
    if "derived_at" in found.columns:  # was not noted then
        assert found["derived_at"].null_count() == found.height
        found = found.drop("derived_at")
    assert_frame_equal(found, stored(lake, table).select(found.columns), check_exact=True)


@pytest.mark.parametrize("table", REVISED)
def test_revisions_of_then_are_read_and_undone(unpacked, table):
    lake, contract = Lake(unpacked / "warehouse"), TABLES[table]
    assert issubclass(contract, Collected)
    earlier = lake.read_revisions(contract, LAST)
    assert_frame_equal(
        earlier, stored(lake, table, f"{table}_revisions").select(earlier.columns), check_exact=True
    )
    key = contract.key()
    known = as_of(lake, contract, BETWEEN, clock="ingested_at").collect()
    now = rows(lake, table)
    assert set(now["ingested_at"]) == {ASKED_AT, ASKED_AGAIN_AT} | set(known["ingested_at"])
    undone = known.join(earlier, on=key, how="semi").sort(key)
    assert undone.height == earlier.height > 0
    assert_frame_equal(undone, earlier.sort(key).select(undone.columns), check_exact=True)
    assert now.join(earlier, on=now.columns, how="semi", nulls_equal=True).is_empty()


@pytest.mark.parametrize("anew", [False, True], ids=["as it was", "rebuilt"])
def test_the_catalog_shows_the_same_rows(tmp_path, monkeypatch, anew):
    lake = Lake(unpack(tmp_path) / "warehouse")
    if anew:
        rebuild(lake, list(TABLES.values()))
    else:  # DuckDB finds plain paths of its views in the current folder first: the project's
        monkeypatch.chdir(lake.root.parent)
    with connect(lake) as catalog:
        for table in TABLES:
            expected = rows(lake, table)
            if not anew:  # the views of then have the columns of then
                expected = expected.drop("derived_at", strict=False)
            shown = catalog.sql(f"SELECT {', '.join(expected.columns)} FROM {table}").pl()
            assert shown.columns == expected.columns
            assert shown.height == expected.height, table
        for table in REVISED:
            told = f"FROM {table}_as_of(TIMESTAMPTZ '{BETWEEN.isoformat()}', 'ingested_at')"
            [found] = catalog.sql(f"SELECT count(*) {told}").fetchall()
            known = as_of(lake, TABLES[table], BETWEEN, clock="ingested_at").collect()
            assert found == (known.height,)


def test_the_catalog_opens_without_us_from_the_folder_above(unpacked):
    code = (
        "import duckdb; c = duckdb.connect('warehouse/cryptopipe.duckdb', read_only=True);"
        "print(c.sql('SELECT count(*) FROM ohlcv_1m').fetchall()[0][0]); c.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=unpacked, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == rows(Lake(unpacked / "warehouse"), "ohlcv_1m").height


def test_status_and_doctor_know_the_folder(tmp_path):
    project = unpack(tmp_path)
    status = cli(project, "status", "--json")
    assert status.returncode == 2, status.stdout + status.stderr  # stale, nothing is missing
    states = {line["table"]: line["state"] for line in json.loads(status.stdout)["tables"]}
    assert states["ohlcv_1m"] == states["signals"] == "stale"
    assert "missing" not in states.values()
    doctor = cli(project, "doctor")
    assert "Traceback" not in doctor.stdout + doctor.stderr
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr


def test_a_run_goes_on_where_it_ended_and_dagster_knows_the_partitions_of_then(
    tmp_path, monkeypatch
):
    project = unpack(tmp_path)
    settings = settings_of(project)
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    lake = Lake(settings.warehouse)
    before = {table: rows(lake, table) for table in TABLES}
    tables = ["instruments", "funding_rate", "ohlcv_1m", "open_interest", "microstructure_1h"]
    with instance(settings, own=True) as home:
        ran_before = home.get_runs_count()
        assert home.get_dynamic_partitions("symbols") == ["DOGE-USDT-PERP"]
        for table in ("ohlcv_1m", "factors_1h", "signals"):
            filled = home.get_materialized_partitions(dg.AssetKey(table))
            assert {str(FIRST), str(LAST)} <= filled
    later = SimulatedClock(ASKED_AGAIN_AT + timedelta(hours=1))
    with simulated_world(settings, later) as world:
        run = TableRun(settings, keep=True, vendors=world.vendors)
        outcome = run.materialise(tables, LAST, LAST)
    assert outcome.rows_added > 0
    with instance(settings, own=True) as home:
        assert home.get_runs_count() == ran_before + 1
    for table, rows_before in before.items():
        key, after = TABLES[table].key(), rows(lake, table)
        assert rows_before.join(after, on=key, how="anti").is_empty(), table
        if table not in tables:
            assert_frame_equal(after, rows_before, check_exact=True)
    minutes = rows(lake, "ohlcv_1m").height - before["ohlcv_1m"].height
    assert minutes == 2 * 120  # two coins, from 09:30 to 11:30
    assert cli(project, "status").returncode == 2
    with connect(lake) as catalog:
        [shown] = catalog.sql("SELECT count(*) FROM ohlcv_1m").fetchall()
    assert shown == (rows(lake, "ohlcv_1m").height,)
