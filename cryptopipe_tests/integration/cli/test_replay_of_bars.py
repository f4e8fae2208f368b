"""Recorded bars through the command: every row arrives, or the command says which does not."""

import gzip
import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl
import pytest

from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.features.microstructure_1h import Microstructure1h
from cryptopipe_assets.tables.quality.data_gaps import DataGaps
from cryptopipe_tests import command_line

CLI = Path(sys.executable).with_name("cryptopipe")
OCTOBER = 1_759_276_800_000  # 2025-10-01 00:00 UTC
MINUTES = 3 * 1440
MONTH = "FILUSDT-1m-2025-10.csv"


def bars(places: Iterable[int]) -> str:
    opens = [OCTOBER + 60_000 * at for at in places]
    return "".join(f"{t},1.5,1.6,1.4,1.5,10,{t + 59_999},15,3,4,6,0\n" for t in opens)


def put(folder: Path, name: str, text: str) -> None:
    path = folder / "data" / "binance" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


def replay(folder: Path, tables: str = "ohlcv_1m") -> "subprocess.CompletedProcess[str]":
    environment = {key: value for key, value in os.environ.items() if key[:11] != "CRYPTOPIPE_"}
    return command_line.run(
        *("replay", "--data", folder / "data", "--warehouse", folder / "warehouse"),
        *("--start", "2025-10-01", "--end", "2025-10-03", "--tables", tables),
        env=environment,
        cwd=folder,
    )


def counted(stdout: str, table: str) -> list[str]:
    """Recorded and stored rows of the summary."""
    found = re.search(rf"{table} +binance +([\d,]+) +([\d,]+)", stdout)
    assert found, stdout
    return list(found.groups())


def test_bars_in_descending_order_are_all_stored(tmp_path):
    put(tmp_path, f"um-klines-1m/{MONTH}", bars(range(MINUTES - 1, -1, -1)))
    done = replay(tmp_path)
    assert done.returncode == 0, done.stderr
    assert counted(done.stdout, "ohlcv_1m") == ["4,320", "4,320"]
    assert "not stored" not in done.stdout


def test_a_difference_between_the_folder_and_the_table_is_said(tmp_path):
    put(tmp_path, f"um-klines-1m/{MONTH}", bars(range(MINUTES)))
    assert replay(tmp_path).returncode == 0
    put(tmp_path, f"um-klines-1m/{MONTH}", bars(range(MINUTES - 1440)))
    done = replay(tmp_path)
    assert counted(done.stdout, "ohlcv_1m") == ["2,880", "4,320"]
    assert "1,440 rows of binance were stored that the folder does not hold" in done.stdout
    assert "FIL-USDT-PERP" in done.stdout


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("um-klines-1m/FILUSDT-2025-10.csv", "files here are named binance/um-klines-1m/<SYM>-1m-"),
        ("klines/FILUSDT-1m-2025-10.csv", "nothing is read from this folder"),
        ("um-klines-1m/FILUSDT-1m-2025-10.csv.gz.part", f"{MONTH} is read in its place"),
    ],
)
def test_a_file_that_nothing_reads_is_named_with_the_reason(tmp_path, name, reason):
    put(tmp_path, f"um-klines-1m/{MONTH}", bars(range(MINUTES)))
    put(tmp_path, name, bars(range(1440)))
    done = replay(tmp_path)
    assert done.returncode == 0, done.stderr
    [line] = [each for each in done.stdout.splitlines() if each.startswith("passed over: ")]
    assert f"binance/{name}: " in line
    assert reason in line


def frame() -> pl.DataFrame:
    """Bars as other collectors keep them: instants, and nothing of the takers."""
    places = range(MINUTES)
    return pl.DataFrame(
        {
            "date": pl.Series([OCTOBER + 60_000 * at for at in places]).cast(
                pl.Datetime("ms", "UTC")
            ),
            "open": [1.5 + at % 7 / 100 for at in places],
            "high": [1.7] * MINUTES,
            "low": [1.4] * MINUTES,
            "close": [1.5 + (at + 1) % 7 / 100 for at in places],
            "volume": [10.0] * MINUTES,
            "quote_volume": [15.0] * MINUTES,
            "trades": [3] * MINUTES,
        }
    )


def csv_of(bars: pl.DataFrame, *, unit: Literal["ms", "us"] = "ms") -> bytes:
    return bars.with_columns(pl.col("date").dt.epoch(unit)).write_csv().encode()


def zipped(content: bytes) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("bars.csv", content)
    return body.getvalue()


def columnar(bars: pl.DataFrame, *, feather: bool) -> bytes:
    body = io.BytesIO()
    if feather:
        bars.write_ipc(body)
    else:
        bars.write_parquet(body)
    return body.getvalue()


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("csv", lambda: csv_of(frame())),
        ("csv.gz", lambda: gzip.compress(csv_of(frame(), unit="us"))),
        ("zip", lambda: zipped(csv_of(frame()))),
        ("parquet", lambda: columnar(frame(), feather=False)),
        ("feather", lambda: columnar(frame(), feather=True)),
    ],
)
def test_bars_without_takers_of_any_format_have_null_takers_and_honest_features(
    tmp_path, suffix, content
):
    path = tmp_path / "data" / "binance" / "um-klines-1m" / f"FILUSDT-1m-2025-10.{suffix}"
    path.parent.mkdir(parents=True)
    path.write_bytes(content())
    done = replay(tmp_path, "microstructure_1h")
    assert done.returncode == 0, done.stderr
    assert counted(done.stdout, "ohlcv_1m") == ["4,320", "4,320"]
    assert "microstructure_1h: microstructure_1h_has_taker_volume" in done.stdout
    lake = Lake(tmp_path / "warehouse")
    days = (date(2025, 10, 1), date(2025, 10, 3))
    stored = lake.scan(Ohlcv1m, *days).collect().sort("ts")
    assert stored["ts"].to_list() == frame()["date"].to_list()
    assert stored["close"].to_list() == frame()["close"].to_list()
    assert stored["taker_buy_base"].null_count() == stored["taker_buy_quote"].null_count() == 4320
    hours = lake.scan(Microstructure1h, *days).collect()
    assert hours.height == 72
    assert hours["volume_base"].to_list() == [600.0] * 72
    assert hours["taker_buy_base"].null_count() == hours["taker_buy_ratio"].null_count() == 72
    assert hours["vwap"].null_count() == hours["realized_vol"].null_count() == 0


def test_files_of_single_days_are_read_and_those_of_a_month_that_lies_beside_are_named(tmp_path):
    for day in (1, 2, 3):
        first = 1440 * (day - 1)
        put(
            tmp_path,
            f"um-klines-1m/FILUSDT-1m-2025-10-0{day}.csv",
            bars(range(first, first + 1440)),
        )
    assert counted(replay(tmp_path).stdout, "ohlcv_1m") == ["4,320", "4,320"]
    put(tmp_path, f"um-klines-1m/{MONTH}", bars(range(MINUTES)))
    done = replay(tmp_path)
    assert counted(done.stdout, "ohlcv_1m") == ["4,320", "4,320"]
    assert f"-03.csv: binance/um-klines-1m/{MONTH} is read in its place" in done.stdout


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("1759276920000,1.5,x,1.4,1.5,10,1759276979999,15,3,4,6,0", "column high: .*found 'x'"),
        ("1759276920000,1.5,1.6,1.4,1.5,10,1759276979999,15,3.5,4,6,0", "column count: .*whole"),
        ("1759276920000,1.5,1.6", "it has 3"),
        ("2025-10-01,1.5,1.6,1.4,1.5,10,1759276979999,15,3,4,6,0", "milliseconds"),
    ],
)
def test_a_damaged_row_is_named_by_file_line_and_column_before_anything_is_stored(
    tmp_path, line, fault
):
    put(tmp_path, f"um-klines-1m/{MONTH}", bars(range(2)) + line + "\n" + bars(range(3, MINUTES)))
    done = replay(tmp_path)
    assert done.returncode == 1
    assert re.search(rf"um-klines-1m/{re.escape(MONTH)}.*line 3: .*{fault}", done.stderr)
    assert "HTTP 500" not in done.stderr
    assert not list((tmp_path / "warehouse").rglob("*.parquet"))


def test_a_column_that_cannot_be_done_without_is_named(tmp_path):
    put(
        tmp_path,
        f"um-klines-1m/{MONTH}",
        "date,open,high,low,close,volume_24h\n1759276800000,1.5,1.6,1.4,1.5,10\n",
    )
    done = replay(tmp_path)
    assert done.returncode == 1
    assert f"um-klines-1m/{MONTH}" in done.stderr
    assert "lacks volume" in " ".join(done.stderr.split())


def test_gaps_are_looked_for_in_bars_where_nothing_of_funding_was_recorded(tmp_path):
    put(tmp_path, f"um-klines-1m/{MONTH}", bars([*range(100), *range(110, MINUTES)]))
    done = replay(tmp_path, "data_gaps")
    assert done.returncode == 0, done.stderr
    gaps = Lake(tmp_path / "warehouse").read(DataGaps)
    assert set(gaps["dataset"]) == {"ohlcv_1m"}
    assert 10 in gaps["minutes"].to_list()
