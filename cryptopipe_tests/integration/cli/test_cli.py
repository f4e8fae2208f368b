"""The command line as a user meets it: separate processes, exit codes, one-line errors."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cryptopipe_assets.core.time import DAY, utcnow
from cryptopipe_tests import command_line
from cryptopipe_tests.places import ROOT

CLI = Path(sys.executable).with_name("cryptopipe")
CANARY = "canary-5d1c9b"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user's environment: own warehouse, own Dagster home, and a key that must never show."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("CRYPTOPIPE_")}
    return {
        **clean,
        "CRYPTOPIPE_WAREHOUSE": str(tmp_path / "warehouse"),
        "CRYPTOPIPE_SANDBOX_URL": "http://127.0.0.1:9",
        "DAGSTER_HOME": str(tmp_path / "dagster_home"),
        "COINALYZE_API_KEY": CANARY,
    }


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    done = command_line.run(*arguments, env=environment)
    assert CANARY not in done.stdout + done.stderr
    return done


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of an error; anything else on stderr fails."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    return lines[0]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_help_names_every_command(environment):
    text = run(environment, "--help").stdout
    for command in (
        "init",
        "demo",
        "replay",
        "status",
        "sql",
        "catalog",
        "doctor",
        "sandbox",
        "dev",
        "refresh",
        "backup",
        "restore",
        "thin",
    ):
        assert command in text


def test_an_empty_warehouse_is_missing_everything_and_says_how_to_fill_it(environment):
    done = run(environment, "status")
    assert done.returncode == 3
    assert "cryptopipe demo" in done.stdout
    content = json.loads(run(environment, "status", "--json").stdout)
    assert {line["state"] for line in content["tables"]} == {"missing"}


def test_a_refresh_that_only_checks_changes_nothing_and_has_the_exit_code_of_the_status(
    environment, tmp_path
):
    done = run(environment, "refresh", "--check-only")
    assert done.returncode == 3
    assert "cryptopipe refresh" in done.stdout
    assert not (tmp_path / "warehouse").exists()


def test_a_backup_of_nothing_and_a_restoration_from_nothing_say_what_to_do(environment, tmp_path):
    there = str(tmp_path / "backup")
    assert "fill it first: cryptopipe demo" in refused(run(environment, "backup", there))
    assert f"cryptopipe backup {there}" in refused(run(environment, "restore", there))
    assert "--older-than DAYS" in refused(run(environment, "thin"))


def test_a_query_without_a_warehouse_says_how_to_fill_it(environment):
    assert "cryptopipe demo" in refused(run(environment, "sql", "SELECT 1"))


def test_the_doctor_finds_nothing_broken_on_a_fresh_machine_and_shows_no_key(environment):
    done = run(environment, "doctor")
    assert done.returncode == 0, done.stdout
    assert "COINALYZE_API_KEY" in done.stdout
    assert "nothing is broken" in done.stdout


def test_a_wrong_key_of_the_configuration_is_named(environment, tmp_path):
    config = tmp_path / "mine.toml"
    config.write_text((ROOT / "cryptopipe.toml").read_text().replace("port =", "prot ="))
    line = refused(run({**environment, "CRYPTOPIPE_CONFIG": str(config)}, "status"))
    assert "mine.toml: unknown key sandbox.prot" in line


def test_a_misspelt_variable_is_named_with_the_right_one(environment):
    line = refused(run({**environment, "CRYPTOPIPE_VENDOR": "live"}, "status"))
    assert "did you mean CRYPTOPIPE_VENDORS?" in line


def test_an_unknown_coin_is_named_and_takes_no_other_one_down(environment, tmp_path):
    config = tmp_path / "mine.toml"
    config.write_text(
        f"""
        [sandbox]
        port = {free_port()}
        [tiers.mine]
        every_minutes = 60
        coins = ["BTC", "AVAXX"]
        """
    )
    changed = {**environment, "CRYPTOPIPE_CONFIG": str(config)}
    del changed["CRYPTOPIPE_SANDBOX_URL"]
    day = f"{utcnow() - DAY:%Y-%m-%d}"
    arguments = ("--start", day, "--end", day, "--tables", "ohlcv_1m", "--yes")
    done = run(changed, "backfill", *arguments)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "the line coins of [tiers.mine] has AVAXX" in said
    assert "no USDT perpetual of coin AVAXX; similar: AVAX" in said
    bars = run(changed, "sql", "--csv", "SELECT symbol, count(*) AS n FROM ohlcv_1m GROUP BY 1")
    assert bars.stdout.split() == ["symbol,n", "BTC-USDT-PERP,1440"]


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-02-30", "2026-02-28", "--start: expected a day as YYYY-MM-DD, came '2026-02-30'"),
        ("2026-02-28", "2026-02-01", "ends .* before it starts"),
        ("2019-01-01", "2019-01-02", "before the first partition, 2020-01-01"),
        ("2026-02-01", "2999-01-01", "2999-01-01 is in the future"),
    ],
)
def test_a_wrong_date_is_refused(environment, tmp_path, start, end, said):
    done = run(environment, "replay", "--data", str(tmp_path), "--start", start, "--end", end)
    assert re.search(said, refused(done))


@pytest.mark.parametrize(
    ("table", "day", "said"),
    [
        ("factors_1h", "2026-02-28", "no collected table factors_1h with days; there are funding"),
        ("ohlcv_1m", "2026-02-30", "--day: expected a day as YYYY-MM-DD, came '2026-02-30'"),
        ("ohlcv_1m", "2026-02-28", "Responses are archived while collect.archive_raw = true"),
    ],
)
def test_a_day_that_cannot_be_rebuilt_is_refused_with_the_reason(environment, table, day, said):
    assert said in refused(run(environment, "rebuild", "--table", table, "--day", day))


def test_a_folder_without_recordings_is_refused_with_the_expected_layout(environment, tmp_path):
    done = run(
        environment,
        *("replay", "--data", str(tmp_path / "no"), "--start", "2026-02-01", "--end", "2026-02-02"),
    )
    assert "no" in refused(done)


def test_a_taken_port_is_named_with_another_choice(environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port}" in refused(run(environment, "sandbox", "--port", port))
        assert f"port {port} is taken" in refused(run(environment, "dev", "--port", port))


def test_a_warehouse_that_cannot_be_written_is_a_one_line_error(environment, tmp_path):
    (tmp_path / "file").write_text("in the way")
    place = {**environment, "CRYPTOPIPE_WAREHOUSE": str(tmp_path / "file" / "warehouse")}
    assert "a file stands where a folder is needed" in refused(run(place, "demo", "--days", "1"))
    assert run(place, "doctor").returncode == 1


def test_the_demo_refuses_to_run_against_the_real_vendors(environment):
    line = refused(run({**environment, "CRYPTOPIPE_VENDORS": "live"}, "demo"))
    assert "CRYPTOPIPE_VENDORS is live" in line


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    """A warehouse of two days: environment, what the demo said, folder."""
    folder = tmp_path_factory.mktemp("demo")
    clean = {key: value for key, value in os.environ.items() if key[:11] != "CRYPTOPIPE_"}
    environment = {
        **clean,
        "CRYPTOPIPE_WAREHOUSE": str(folder / "warehouse"),
        "CRYPTOPIPE_SANDBOX_URL": "http://127.0.0.1:9",
        "DAGSTER_HOME": str(folder / "dagster_home"),
        "COINALYZE_API_KEY": CANARY,
    }
    return environment, run(environment, "demo", "--days", "2"), folder / "warehouse"


def closed_days(warehouse: Path) -> dict[Path, bytes]:
    """Content of every file of a day before the newest."""
    paths = sorted(warehouse.glob("*/date=*/part-0.parquet"))
    newest = max(path.parent.name for path in paths)
    return {path: path.read_bytes() for path in paths if path.parent.name < newest}


@pytest.mark.slow
class TestAfterADemo:
    """A warehouse of two days, made once; what people do with it afterwards."""

    def test_it_fills_every_table_shows_queries_and_says_how_to_open_the_ui(self, made):
        environment, done, _ = made
        assert done.returncode == 0, done.stderr
        assert "make dev" in done.stdout
        assert "checks passed" in done.stdout
        status = json.loads(run(environment, "status", "--json").stdout)
        assert status["origin"] == "simulated"
        states = {line["table"]: line["state"] for line in status["tables"]}
        # Not one minute is missing, so the table of gaps may be called empty.
        assert states.pop("data_gaps") in {"empty", "fresh"}
        assert set(states.values()) == {"fresh"}, states

    def test_it_shows_the_ranking_the_diluters_and_the_book_of_every_strategy(self, made):
        environment, done, _ = made
        for part in ("Who is most and least leveraged?", "diluted fastest", "Current books on"):
            assert part in done.stdout
        assert "no book" not in done.stdout
        legs = (
            "SELECT strategy, sum(weight) FILTER (weight > 0) AS longs, "
            "count(*) FILTER (weight < 0) AS shorts, count(DISTINCT ts) AS days "
            "FROM signals GROUP BY strategy ORDER BY strategy"
        )
        held = json.loads(run(environment, "sql", legs, "--json").stdout)
        assert [each["strategy"] for each in held] == [
            "dilution",
            "ema_crossover",
            "leverage_inverted",
        ]
        for each in (held[0], held[2]):
            assert each["longs"] == pytest.approx(0.5 * each["days"])
            assert each["shorts"] == 10 * each["days"]

    @pytest.mark.nightly
    def test_a_second_demo_changes_no_byte_of_a_day_that_is_over(self, made):
        environment, _, warehouse = made
        before = closed_days(warehouse)
        assert run(environment, "demo", "--days", "2").returncode == 0
        assert len(before) > 150
        assert [path for path, held in closed_days(warehouse).items() if before[path] != held] == []

    def test_a_query_answers_as_table_json_and_csv(self, made):
        environment, *_ = made
        query = "SELECT symbol, count(*) AS n FROM ohlcv_1m GROUP BY symbol ORDER BY symbol LIMIT 1"
        assert "1000PEPE-USDT-PERP" in run(environment, "sql", query).stdout
        rows = json.loads(run(environment, "sql", query, "--json").stdout)
        assert rows[0]["symbol"] == "1000PEPE-USDT-PERP"
        assert run(environment, "sql", query, "--csv").stdout.startswith("symbol,n\n")
        assert "One minute of trading" in run(environment, "sql").stdout

    def test_a_wrong_query_is_a_one_line_error(self, made):
        environment, *_ = made
        assert "DuckDB refused the query" in refused(run(environment, "sql", "SELEC 1"))
        assert "does not exist" in refused(run(environment, "sql", "FROM nothing"))

    def test_a_catalog_open_elsewhere_is_a_one_line_error(self, made):
        environment, _, warehouse = made
        script = (
            "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True);"
            "sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script, str(warehouse / "cryptopipe.duckdb")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as other:
            other.stdout.readline()
            line = refused(run(environment, "sql", "SELECT 1"))
            assert "open for writing in another process" in line
            other.stdin.close()

    def test_dagsters_own_command_line_materialises_one_day(self, made):
        environment, _, warehouse = made
        day = sorted(path.name for path in (warehouse / "factors_1h").iterdir())[0][5:]
        done = subprocess.run(
            [
                *(CLI.with_name("dagster"), "asset", "materialize"),
                *("-m", "cryptopipe_assets.definitions"),
                *("--select", "factors_1h", "--partition", day),
            ],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert "RUN_SUCCESS" in done.stderr
        assert CANARY not in done.stdout + done.stderr

    def test_a_corrupt_file_stops_the_run_with_the_command_that_rebuilds_it(self, made):
        environment, _, warehouse = made
        path = sorted((warehouse / "ohlcv_1m").glob("date=*/part-0.parquet"))[-1]
        whole = path.read_bytes()
        path.write_bytes(whole[:5000])
        try:
            line = refused(run(environment, "demo", "--days", "2"))
            assert "Move the file away, then get it back from a backup" in line
            assert "dagster asset materialize" in line
            doctor = run(environment, "doctor")
            assert doctor.returncode == 1
            said = " ".join(doctor.stdout.split())
            assert "broken tables cannot read" in said
            assert "cryptopipe rebuild --table ohlcv_1m" in said
        finally:
            path.write_bytes(whole)

    def test_no_key_is_in_any_file_that_a_run_leaves_behind(self, made):
        environment, _, warehouse = made
        for folder in (warehouse, Path(environment["DAGSTER_HOME"])):
            for path in filter(Path.is_file, folder.rglob("*")):
                assert CANARY.encode() not in path.read_bytes(), path
