"""A writer that is killed at any moment leaves the old file or the new one."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from cryptopipe_assets.storage.lake import Lake
from cryptopipe_tests.places import ROOT
from cryptopipe_tests.reference.quotes import DAY, Quotes, quotes

SYMBOLS = 10

# Prices are the number of the turn plus noise that does not compress: writing takes a while. What
# is killed is a child, for which everything was imported before.
WRITER = """
import os, sys
from pathlib import Path
import numpy as np, polars as pl
from cryptopipe_tests.reference.quotes import DAY, Quotes, quotes
from cryptopipe_assets.storage.lake import Lake

def write(turn, told):
    lake = Lake(Path(sys.argv[1]))
    rows = pl.concat([quotes(1440, symbol=f"S{each:02}") for each in range(int(sys.argv[2]))])
    noise = pl.Series(np.random.default_rng(1).random(rows.height))
    for turn in range(turn, 1_000_000):
        stamp = pl.col("ingested_at") + pl.duration(seconds=turn)
        lake.upsert(Quotes, rows.with_columns(price=noise + turn, ingested_at=stamp), DAY.date())
        os.write(told, f"{turn}\\n".encode())

for line in sys.stdin:
    child = os.fork()
    if not child:
        write(int(line), sys.stdout.fileno())
    print("child", child, flush=True)
    os.waitpid(child, 0)
    print("dead", flush=True)
"""


@pytest.fixture
def writer(tmp_path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "warehouse"), str(SYMBOLS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as writer:
        yield writer


@pytest.mark.slow
@pytest.mark.parametrize("kills", [6, pytest.param(26, marks=pytest.mark.nightly)])
def test_kills_leave_only_whole_files_and_never_an_older_one(tmp_path, writer, kills):
    lake = Lake(tmp_path / "warehouse")
    path = lake.path("quotes", DAY.date())
    chance = random.Random(20260201)
    hit_a_write = 0
    turn = 1
    for kill in range(kills):
        # Every other kill waits for a write to begin, so that a busy machine hits some as well.
        in_a_write = path.parent if kill % 2 else None
        finished = _write_and_kill(
            writer, turn, after=chance.uniform(0.0, 0.12), watched=in_a_write
        )
        stored = pl.read_parquet(path, hive_partitioning=False)
        prices = stored["price"].floor().unique().to_list()
        assert stored.height == SYMBOLS * 1440
        assert len(prices) == 1, "rows of two turns: the file is neither the old nor the new one"
        # What was reported as done is there; the turn after it may have been renamed in time.
        assert prices[0] in {float(finished), float(finished + 1)}
        hit_a_write += bool(list(path.parent.glob(".*.tmp")))
        turn = int(prices[0]) + 1
    assert hit_a_write > 0, "no kill hit a write in the middle; the test shows nothing"
    lake.upsert(Quotes, quotes(1, price=float(turn), came=turn), DAY.date())
    assert [each.name for each in path.parent.iterdir()] == ["part-0.parquet"]


def _write_and_kill(
    writer: "subprocess.Popen[str]", turn: int, *, after: float, watched: Path | None
) -> int:
    """Start a writer, kill it some time after its first turn; return the last finished turn.

    With a folder to watch, it is killed as soon as a temporary file is seen there.
    """
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write(f"{turn}\n")
    writer.stdin.flush()
    child = int(writer.stdout.readline().removeprefix("child "))
    turns = [int(writer.stdout.readline())]
    time.sleep(after)
    if watched is not None:
        _wait_for_a_write(watched)
    os.kill(child, signal.SIGKILL)
    while (line := writer.stdout.readline()) != "dead\n":
        turns.append(int(line))
    return turns[-1]


def _wait_for_a_write(folder: Path) -> None:
    """Return when a file of the folder is being written, or after five seconds."""
    until = time.monotonic() + 5
    while time.monotonic() < until and not any(folder.glob(".*.tmp")):
        time.sleep(0.0005)
