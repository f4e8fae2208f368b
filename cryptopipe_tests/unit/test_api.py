"""The warehouse in Python: what it answers, in which form, and what is said of a wrong question."""

import json
import subprocess
import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

import cryptopipe_assets as cp
from cryptopipe_assets.core.errors import CorruptFile, RequestError, StorageError
from cryptopipe_assets.storage.as_of import as_of
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_assets.tables.signals.signals import Signals
from cryptopipe_tests.reference import daily_lake
from cryptopipe_tests.reference.daily_market import START, daily_market

pytestmark = pytest.mark.slow

COLLECTED_AT = START + timedelta(days=5, hours=12)
FIRST = START.date()
MULTIPLIED = "1000C003-USDT-PERP"


def signals(day: datetime) -> pl.DataFrame:
    """Two coins' scores of a day."""
    nothing = {
        name: pl.Series([None, None], dtype=Signals.polars_schema()[name])
        for name in ("weight", "leg", "confidence", "oi_asof", "market_cap_asof", "price_asof")
    }
    return Signals.conform(
        pl.DataFrame({"coin": ["C001", "C003"], "score": [1.0, -1.0], **nothing}).with_columns(
            ts=pl.lit(day).dt.cast_time_unit("ms"),
            available_at=pl.lit(day + timedelta(days=1)).dt.cast_time_unit("ms"),
            strategy=pl.lit("dilution"),
        )
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Five days of six coins as collected, a revision of two bars, and two days of signals."""
    found = tmp_path_factory.mktemp("away") / "warehouse"
    lake = Lake(found)
    daily_lake.fill(lake, daily_market(coins=6, days=6, holes=0.0), collected_at=COLLECTED_AT)
    bars = contracts()["ohlcv_1m"]
    revised = lake.read(bars, FIRST).filter(symbol="C000-USDT-PERP")
    lake.upsert(
        bars,
        revised.with_columns(
            close=pl.col("low"),
            trades=pl.lit(7, pl.Int64),
            ingested_at=pl.lit(COLLECTED_AT + timedelta(days=1)).dt.cast_time_unit("ms"),
        ),
        FIRST,
    )
    for days in (0, 1):
        day = START + timedelta(days=days)
        lake.replace(Signals, signals(day), day.date())
    return found


@pytest.fixture(scope="module")
def wh(root) -> cp.WarehouseReader:
    return cp.open_warehouse(root)


def test_what_is_read_is_what_the_lake_has(wh, root):
    for name in ("ohlcv_1m", "open_interest", "instruments", "signals"):
        contract = contracts()[name]
        lake = Lake(root)
        stored = (
            lake.scan(contract, date.min, date.max).collect()
            if contract.has_days()
            else lake.read(contract)
        )
        assert_frame_equal(wh.read(name), stored)


def test_every_form_has_the_same_rows(wh):
    rows = wh.read("ohlcv_1m", coins="C001")
    assert_frame_equal(wh.read("ohlcv_1m", coins="C001", as_="lazy").collect(), rows)
    frame = wh.read("ohlcv_1m", coins="C001", as_="pandas")
    assert isinstance(frame, pd.DataFrame)
    assert frame["close"].tolist() == rows["close"].to_list()
    assert str(frame["ts"].dt.tz) == "UTC"
    table = wh.read("ohlcv_1m", coins="C001", as_="arrow")
    assert isinstance(table, pa.Table)
    assert_frame_equal(pl.DataFrame(table), rows)
    relation = wh.read("ohlcv_1m", coins="C001", as_="duckdb")
    assert isinstance(relation, duckdb.DuckDBPyRelation)
    assert_frame_equal(pl.DataFrame(relation.pl()).cast(rows.schema), rows)
    assert "+00" in str(relation)


def test_a_window_is_half_open_and_in_any_spelling_of_an_instant(wh):
    start, end = START + timedelta(days=1), START + timedelta(days=2)
    expected = wh.read("ohlcv_1m").filter(pl.col("ts").is_between(start, end, closed="left"))
    assert expected.height > 0
    elsewhere = start.astimezone(datetime.strptime("+0530", "%z").tzinfo)
    for low, high in (
        (start, end),
        (start.date(), end.date()),
        (str(start.date()), end.isoformat()),
        (elsewhere, pd.Timestamp(end)),
    ):
        assert_frame_equal(wh.read("ohlcv_1m", start=low, end=high), expected)
    last = expected["ts"].max()
    assert wh.read("ohlcv_1m", start=last, end=end)["ts"].unique().to_list() == [last]
    assert wh.read("ohlcv_1m", start=start, end=last)["ts"].max() < last
    assert wh.read("ohlcv_1m", start=last + timedelta(microseconds=1), end=end).is_empty()


def test_a_window_without_rows_has_the_columns(wh):
    rows = wh.read("ohlcv_1m", start="2099-01-01", columns=["close", "ts"])
    assert (rows.height, rows.columns) == (0, ["close", "ts"])
    assert wh.read("ohlcv_1m", start="2099-01-01", as_="lazy").collect().is_empty()


def test_columns_come_in_the_order_that_was_asked_for(wh):
    rows = wh.read("ohlcv_1m", coins="C001", columns=["close", "ts"])
    assert rows.columns == ["close", "ts"]
    assert wh.read("ohlcv_1m", columns="close").columns == ["close"]


def test_coins_and_symbols_stand_for_each_other(wh):
    assert set(wh.read("ohlcv_1m", coins="c003")["symbol"]) == {MULTIPLIED}
    assert set(wh.read("signals", symbols=MULTIPLIED)["coin"]) == {"C003"}
    assert set(wh.read("market_cap", symbols=[MULTIPLIED])["coin"]) == {"C003"}
    both = wh.read("open_interest", coins=["C001", "C003"], symbols=[MULTIPLIED])
    assert set(both["coin"]) == {"C003"}
    assert wh.read("ohlcv_1m", coins="C001", symbols=MULTIPLIED).is_empty()


def test_a_coin_that_only_the_table_knows_is_found(wh, tmp_path):
    lake = Lake(tmp_path)
    lake.replace(Signals, signals(START), FIRST)
    alone = cp.open_warehouse(tmp_path)
    assert alone.read("signals", coins="C001", start="2099-01-01").is_empty()
    assert alone.read("signals", coins="C001").height == 1


def test_as_of_is_what_the_storage_says_of_every_instant_and_clock(wh, root):
    contract = contracts()["ohlcv_1m"]
    later = COLLECTED_AT + timedelta(days=1)
    for instant in (START + timedelta(days=1), COLLECTED_AT, later - timedelta(1e-6), later):
        for clock in ("available_at", "ingested_at"):
            expected = as_of(Lake(root), contract, instant, clock=clock).collect()
            assert_frame_equal(wh.read("ohlcv_1m", as_of=instant, clock=clock), expected)
            lazily = wh.read("ohlcv_1m", as_of=instant, clock=clock, as_="lazy")
            assert_frame_equal(lazily.collect(), expected)


def test_as_of_undoes_a_revision(wh):
    now = wh.read("ohlcv_1m", coins="C000", end=FIRST + timedelta(days=1))
    then = wh.read("ohlcv_1m", coins="C000", end=FIRST + timedelta(days=1), as_of=COLLECTED_AT)
    assert (set(now["trades"]), set(then["trades"])) == ({7}, {1})


def test_a_lazy_frame_reads_what_the_query_needs(wh):
    lazily = wh.read("ohlcv_1m", columns=["ts", "symbol", "close"], as_="lazy")
    assert lazily.collect_schema().names() == ["ts", "symbol", "close"]
    assert lazily.filter(symbol=MULTIPLIED).select("close").head(3).collect().shape == (3, 1)
    eager = wh.read("ohlcv_1m")
    assert_frame_equal(
        wh.read("ohlcv_1m", as_="lazy").group_by("symbol").agg(pl.sum("trades")).collect(),
        eager.group_by("symbol").agg(pl.sum("trades")),
        check_row_order=False,
    )
    assert_frame_equal(
        lazily.join(lazily, on=["ts", "symbol"]).collect(),
        eager.select("ts", "symbol", "close", pl.col("close").alias("close_right")),
        check_row_order=False,
    )


def test_a_lazy_frame_that_was_held_shows_what_was_committed_meanwhile(tmp_path):
    lake, wh = Lake(tmp_path), cp.open_warehouse(tmp_path)
    lake.replace(Signals, signals(START), FIRST)
    held = wh.read("signals", as_="lazy")
    assert held.collect().height == 2
    lake.replace(Signals, signals(START)[:1], FIRST)
    lake.replace(Signals, signals(START + timedelta(days=1)), FIRST + timedelta(days=1))
    assert held.collect().height == 3


def test_a_derived_table_says_what_it_said_before_a_recomputation(tmp_path):
    lake, wh = Lake(tmp_path), cp.open_warehouse(tmp_path)
    first, again = COLLECTED_AT, COLLECTED_AT + timedelta(days=1)
    lake.replace(Signals, signals(START), FIRST, at=first)
    turned = signals(START).with_columns(score=-pl.col("score"))
    lake.replace(Signals, turned, FIRST, at=again)
    before = wh.read("signals", as_of=again - timedelta(milliseconds=1))
    assert before["score"].to_list() == signals(START)["score"].to_list()
    assert wh.read("signals", as_of=again)["score"].to_list() == turned["score"].to_list()
    assert wh.read("signals")["score"].to_list() == turned["score"].to_list()
    early = first - timedelta(milliseconds=1)
    assert wh.read("signals", as_of=early, clock="ingested_at").is_empty()
    assert wh.read("signals", as_of=early).height == turned.height
    assert wh.sql(f"FROM signals_as_of(TIMESTAMPTZ '{first}')")["score"].to_list() == (
        before["score"].to_list()
    )


def test_sql_has_tables_views_revisions_and_as_of(wh):
    assert wh.sql("SELECT count(*) FROM ohlcv_1m").item() == wh.read("ohlcv_1m").height
    assert wh.sql("SELECT count(*) FROM ohlcv_1m_revisions").item() > 0
    then = f"FROM ohlcv_1m_as_of(TIMESTAMPTZ '{COLLECTED_AT}') WHERE trades = 7"
    assert wh.sql(then).is_empty()
    assert wh.sql("FROM leverage_weekly").is_empty()
    assert wh.sql("SELECT coin FROM signals WHERE score > $s", {"s": 0})["coin"].unique().item()
    assert wh.sql("SELECT ? AS x", [3], as_="pandas")["x"].tolist() == [3]
    assert wh.sql("FROM signals", as_="duckdb").count("*").fetchall() == [(4,)]
    assert wh.sql("SELECT min(ts)::VARCHAR FROM signals").item().endswith("+00")
    pivot = "PIVOT (SELECT coin, date, score FROM signals) ON coin USING sum(score) GROUP BY date"
    assert wh.sql(pivot).columns == ["date", "C001", "C003"]


def test_a_connection_of_ones_own_joins_the_tables_with_ones_own(wh):
    mine = pl.DataFrame({"coin": ["C003"], "mine": [1]})  # noqa: F841 - DuckDB finds it by name
    with wh.connect() as connection:
        assert connection.sql("SELECT count(*) FROM signals JOIN mine USING (coin)").fetchall() == [
            (2,)
        ]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"table": "ohlcv"}, "no table 'ohlcv'; did you mean ohlcv_1m"),
        ({"table": "leverage_weekly"}, r"derived view: wh\.sql\('FROM leverage_weekly'\)"),
        ({"columns": ["clsoe"]}, "ohlcv_1m has no column 'clsoe'; did you mean close"),
        ({"columns": []}, "columns: an empty list asks for nothing"),
        ({"symbols": []}, "symbols: an empty list asks for nothing"),
        ({"symbols": "c001-usdt"}, "no symbol 'c001-usdt'; did you mean C001-USDT-PERP"),
        ({"symbols": "C001"}, "C001 is a coin: coins='C001'"),
        ({"coins": MULTIPLIED}, f"{MULTIPLIED} is a symbol: symbols="),
        ({"coins": "C01"}, "no instrument has the coin 'C01'; did you mean C0"),
        ({"table": "signals", "coins": "C01"}, "signals has no coin 'C01'; did you mean C0"),
        ({"table": "signals", "symbols": "C001-USD"}, "is by coin.*did you mean C001-USDT-PERP"),
        ({"start": datetime(2026, 1, 1)}, "start: 2026-01-01T00:00:00 has no time zone"),  # noqa: DTZ001
        ({"as_of": "2026-01-01T12:00"}, "as_of: .* has no time zone; for UTC write"),
        ({"end": "yesterday"}, "end: expected a day as '2026-01-31'.*came 'yesterday'"),
        ({"end": 20260101}, "end: expected a datetime with a time zone.*came 20260101"),
        ({"start": "2026-02-02", "end": "2026-02-01"}, "start 2026-02-02 .* not before end"),
        ({"start": "2026-02-02", "end": "2026-02-02"}, "the end is not included"),
        ({"clock": "sundial"}, "clock: expected available_at or ingested_at, came 'sundial'"),
        ({"as_": "csv"}, "as_: expected one of polars, lazy, .* came 'csv'"),
    ],
)
def test_a_wrong_question_is_refused_with_what_would_be_right(wh, question, said):
    with pytest.raises(RequestError, match=said):
        wh.read(**{"table": "ohlcv_1m", **question})


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("FROM ohlcv_1", "refused the query: .*ohlcv_1 does not exist"),
        ("SELEC 1", "refused the query: .*syntax error"),
        ("SELECT 'x'::INT", "refused the query: .*'x'"),
        ("COPY signals TO 'x.csv'", "only reads, came COPY"),
        ("CREATE TABLE t AS SELECT 1", r"only reads, came CREATE.* wh\.connect\(\)"),
        ("SELECT 1; SELECT 2", "one query that only reads, came SELECT, SELECT"),
        ("", "came nothing"),
    ],
)
def test_a_query_that_is_wrong_or_no_question_is_refused(wh, query, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestError, match=said):
        wh.sql(query)
    assert list(tmp_path.iterdir()) == []


def test_an_absent_warehouse_is_named_with_what_fills_one(tmp_path):
    with pytest.raises(StorageError, match=r"no warehouse at .*absent; .*cryptopipe demo"):
        cp.open_warehouse(tmp_path / "absent")


def test_an_empty_warehouse_describes_its_tables_and_has_no_rows_of_any(tmp_path):
    empty = cp.open_warehouse(tmp_path)
    assert empty.origin is None
    assert set(empty.tables()["files"]) == {0}
    assert empty.describe("ohlcv_1m").newest is None
    assert empty.sql("SELECT count(*) FROM ohlcv_1m").item() == 0
    with pytest.raises(StorageError, match=r"ohlcv_1m has no file in .*cryptopipe refresh"):
        empty.read("ohlcv_1m")
    with pytest.raises(StorageError, match=r"symbol_history has no file in .*cryptopipe history"):
        empty.read("symbol_history")


def test_a_corrupt_file_is_named(tmp_path):
    lake = Lake(tmp_path)
    for days in range(3):
        day = START + timedelta(days=days)
        lake.replace(Signals, signals(day), day.date())
    path = lake.path("signals", FIRST + timedelta(days=1))
    path.write_bytes(b"PAR1 nothing PAR1")
    wh = cp.open_warehouse(tmp_path)
    with pytest.raises(CorruptFile, match=f"cannot read {path}"):
        wh.read("signals")
    with pytest.raises(CorruptFile, match=f"cannot read {path}"):
        wh.sql("FROM signals")


def test_without_pandas_its_form_says_what_to_install(wh, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(RequestError, match="pip install pandas"):
        wh.read("signals", as_="pandas")


def test_a_description_has_what_the_contract_and_the_files_say(wh):
    found = wh.describe("ohlcv_1m")
    contract = contracts()["ohlcv_1m"]
    assert found.columns["column"].to_list() == contract.columns()
    assert (
        dict(zip(found.columns["column"], found.columns["unit"], strict=True)) == contract.units()
    )
    assert found.columns.row(0)[1:4] == ("datetime[ms, UTC]", "UTC", False)
    assert (found.layer, found.key, found.sources) == (
        "collected",
        ("symbol", "ts", "venue"),
        ("simulated",),
    )
    assert found.made_from == ("instruments",)
    assert (found.first_day, found.files, found.answers_as_of) == (FIRST, 5, True)
    assert found.newest == wh.read("ohlcv_1m")["ts"].max()
    assert found.state is None  # no project folder says how often it is asked for
    text = str(found)
    for said in ("ohlcv_1m (collected)", "given by simulated", "[quote per base]  Last price."):
        assert said in text
    assert wh.describe("signals").answers_as_of


def test_every_table_can_be_described_and_is_listed_after_what_it_is_made_from(wh):
    listed = wh.tables()
    assert set(listed["table"]) == set(contracts())
    order = listed["table"].to_list()
    for name in order:
        found = wh.describe(name)
        assert str(found)
        assert all(order.index(each) < order.index(name) for each in found.made_from)
        assert (
            found.answers_as_of
            is listed.row(by_predicate=pl.col("table") == name, named=True)["as_of"]
        )


def test_in_a_project_folder_its_warehouse_is_opened_and_freshness_is_judged(
    root, tmp_path, monkeypatch
):
    for name in ("CRYPTOPIPE_HOME", "CRYPTOPIPE_WAREHOUSE", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    toml = "[tiers.all]\nevery_minutes = 60\ncoins = ['C001']\n"
    (tmp_path / "cryptopipe.toml").write_text(toml)
    (tmp_path / "warehouse").symlink_to(root)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    here = cp.open_warehouse()
    assert here.path == root
    assert here.describe("ohlcv_1m").state == "stale"
    monkeypatch.chdir("/")
    assert cp.open_warehouse(tmp_path).path == root
    monkeypatch.setenv("CRYPTOPIPE_HOME", str(tmp_path))
    assert cp.open_warehouse().path == root


def test_reading_writes_nothing_even_where_nothing_may_be_written(wh, root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = {str(path): path.stat().st_mtime_ns for path in root.rglob("*")}
    wh.tables()
    wh.describe("open_interest")
    wh.read("open_interest", coins="C001", as_of=COLLECTED_AT)
    wh.sql("FROM open_interest")
    assert {str(path): path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert list(tmp_path.iterdir()) == []


QUICK = """
import json, sys, time
before = set(sys.modules)
for name in [each for each in sys.modules if each.startswith("cryptopipe_assets")]:
    del sys.modules[name]
started = time.perf_counter()
import cryptopipe_assets as cp
assert cp.open_warehouse
seconds = time.perf_counter() - started
light = sorted({"polars", "pandera", "duckdb", "pyarrow", "pydantic"} & set(sys.modules))
wh = cp.open_warehouse(sys.argv[1])
wh.tables(), wh.describe("ohlcv_1m"), wh.read("ohlcv_1m", coins="C001"), wh.sql("FROM signals")
heavy = sorted({"dagster", "httpx", "matplotlib"} & set(sys.modules))
print(json.dumps({"seconds": seconds, "light": light, "heavy": heavy}))
"""


def test_the_import_is_quick_and_no_question_needs_dagster(root, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", QUICK, str(root)], cwd=tmp_path, capture_output=True, text=True
    )
    told = json.loads(done.stdout or done.stderr)
    assert told["seconds"] < 0.5
    assert (told["light"], told["heavy"]) == ([], [])


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    assert {"open_warehouse", "WarehouseReader"} <= set(dir(cp))
    with pytest.raises(AttributeError, match="open_warehuose"):
        cp.open_warehuose  # noqa: B018


WRITER = """
import random, sys
from datetime import timedelta
from pathlib import Path
import polars as pl
from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.parquet import writer
from cryptopipe_assets.tables.catalog import contracts

lake, contract = Lake(Path(sys.argv[1])), contracts()["ohlcv_1m"]
first = min(lake.days("ohlcv_1m"))
minute = lake.read(contract, first)[:1]

def version(minutes):
    rows = pl.concat([minute] * minutes).with_columns(
        ts=pl.col("ts").dt.truncate("1d") + pl.int_range(minutes) * timedelta(minutes=1),
        close=pl.int_range(1, minutes + 1) * random.random(),
        trades=pl.lit(minutes, pl.Int64),
    )
    return rows.select(contract.columns())

versions = [version(random.randrange(100, 1440)) for _ in range(40)]
print("writing", flush=True)
while True:
    rows = writer(random.choice(versions), "ohlcv_1m", first)
    write_atomically(lake.path("ohlcv_1m", first), rows)
"""


def test_what_is_read_beside_a_writer_is_one_version_as_a_whole(root, tmp_path):
    """Polars through paths, and DuckDB asked once, fail here within seconds."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(_copied(root, tmp_path))],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        wh = cp.open_warehouse(tmp_path / "warehouse")
        held = wh.read("ohlcv_1m", as_="lazy")
        window = {"end": FIRST + timedelta(days=1)}
        query = f"SELECT * FROM ohlcv_1m WHERE date = '{FIRST}'"
        until, heights = time.monotonic() + 8, set()
        while time.monotonic() < until:
            for rows in (
                wh.read("ohlcv_1m", **window),
                held.filter(pl.col("ts") < START + timedelta(days=1)).collect(),
                wh.sql(query),
            ):
                assert set(rows["trades"]) == {rows.height} or set(rows["trades"]) == {1, 7}
                assert rows["close"].is_sorted() or rows.height < 20
                heights.add(rows.height)
            wh.describe("ohlcv_1m")
        assert len(heights) > 5
    finally:
        writer.kill()
        writer.communicate()


def _copied(root: Path, to: Path) -> Path:
    """The bars and instruments of the warehouse, the first day in many more rows."""
    for name in ("ohlcv_1m", "instruments"):
        for path in (root / name).rglob("*.parquet"):
            target = to / "warehouse" / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return to / "warehouse"
