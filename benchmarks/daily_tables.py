"""Daily tables on the clock: 640 coins x 6 years, ours against pandas, each in its own process."""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.cases import answers_agree
from cryptopipe_tests.reference.daily_market import daily_market

ROOT = Path(__file__).resolve().parents[1]
COINS, DAYS = 640, 6 * 365 + 1
KIB_PER_MIB = 1024
OURS = "polars"

Answer = dict[str, float]
"""A few numbers that both sides must agree on."""

Load = Callable[[Path], Callable[[], Answer]]
"""Load the input from a folder and return the call that is timed."""


@dataclass(frozen=True)
class DailyTable:
    """A table that is computed from a daily market, by two sides."""

    title: str
    module: str
    """Where it is started from, so that a child process can be."""
    goal_seconds: float
    polars: Load
    pandas: Load


def main(table: DailyTable) -> None:
    """Measure and print; the exit code says that the run worked, not that the goal is met."""
    parser = argparse.ArgumentParser(prog=f"python -m {table.module}", description=table.title)
    parser.add_argument("--repetitions", type=int, default=5, help="per side (default 5)")
    parser.add_argument("--child", nargs=2, metavar=("SIDE", "FOLDER"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        _measure(table, chosen.child[0], Path(chosen.child[1]))
        return
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        _child(table, "input", folder)
        runs: dict[str, list[dict[str, Any]]] = {OURS: [], "pandas": []}
        for _ in range(chosen.repetitions):
            for side, measured in runs.items():
                measured.append(json.loads(_child(table, side, folder)))
    _require_agreement(runs)
    _show(table, runs, before)


def _measure(table: DailyTable, side: str, folder: Path) -> None:
    """Write the input, or warm up and compute once on the clock; print one line of JSON."""
    if side == "input":
        for name, frame in daily_market(coins=COINS, days=DAYS, holes=0.01).inputs().items():
            frame.write_parquet(folder / f"{name}.parquet")
        return
    run = (table.polars if side == OURS else table.pandas)(folder)
    loaded = _peak_mib()
    run()
    begin = time.perf_counter()
    answer = run()
    seconds = time.perf_counter() - begin
    measured = {"seconds": seconds, "peak_mib": _peak_mib(), "loaded_mib": loaded}
    print(json.dumps({**measured, "answer": answer}))


def sums(frame: Any, columns: tuple[str, ...]) -> Answer:
    """Rows and sums of a frame of either library."""
    return {"rows": len(frame), **{name: float(frame[name].sum()) for name in columns}}


def read(folder: Path, name: str) -> pl.DataFrame:
    """Load an input of the market into memory in one piece."""
    return pl.read_parquet(folder / f"{name}.parquet").rechunk()


def _child(table: DailyTable, side: str, folder: str) -> str:
    command = [sys.executable, "-m", table.module, "--child", side, folder]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB


def _require_agreement(runs: dict[str, list[dict[str, Any]]]) -> None:
    expected = runs[OURS][0]["answer"]
    for side, measured in runs.items():
        for each in measured:
            if not answers_agree(each["answer"], expected):
                raise SystemExit(
                    f"{side} computed {each['answer']}, {OURS} {expected}: they must compute the "
                    "same before their speed means anything"
                )


def _show(table: DailyTable, runs: dict[str, list[dict[str, Any]]], load: float) -> None:
    rows = runs[OURS][0]["answer"]["rows"]
    shown = Table("side", "median s", "min..max s", "peak MiB", "of it loaded")
    medians = {}
    for side, measured in runs.items():
        seconds = [each["seconds"] for each in measured]
        medians[side] = statistics.median(seconds)
        shown.add_row(
            side,
            f"{medians[side]:.3f}",
            f"{min(seconds):.3f}..{max(seconds):.3f}",
            *(f"{max(each[name] for each in measured):.0f}" for name in ("peak_mib", "loaded_mib")),
        )
    verdict = "met" if medians[OURS] < table.goal_seconds else "NOT met"
    faster = medians["pandas"] / medians[OURS]
    console = Console()
    console.print(f"[bold]{table.title}[/bold]: {rows:,} rows, {COINS} coins x {DAYS} days")
    console.print(f"under {table.goal_seconds:g} s: {verdict}; {faster:.1f} times pandas", shown)
    console.print(f"{os.cpu_count()} CPUs, load average {load:.1f} before")
