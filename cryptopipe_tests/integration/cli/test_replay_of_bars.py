"""Recorded bars through the command: every row arrives, or the command says which does not."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

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
    return subprocess.run(
        [
            *(CLI, "replay", "--data", folder / "data", "--warehouse", folder / "warehouse"),
            *("--start", "2025-10-01", "--end", "2025-10-03", "--tables", tables),
        ],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
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
