"""Ingest speed against ccxt's ``fetch_ohlcv`` loop, on one server: ``python -m benchmarks.ingest``.

The stand-in serves three perpetuals' minutes of a month on loopback, without limits and without
latency. The sides take turns, each in a process of its own: once to warm up, once on the clock.
*Collected* is what the tables do (files of the archive, verified, and REST for what they lack);
*by REST* asks the endpoint that ccxt asks.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.cases import answers_agree
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

HERE = Path(__file__).resolve().parent
SYMBOLS = ("BTCUSDT", "ETHUSDT", "DOGEUSDT")
START, END = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 20, tzinfo=UTC)
GOAL = 5.0
OURS, THEIRS = "cryptopipe, collected", "ccxt fetch_ohlcv"


def main() -> None:
    """Measure, print, keep; the exit code says that the run worked, not that the goal is met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("--ccxt", default=str(HERE / ".venv-ccxt/bin/python"), help="its Python")
    parser.add_argument("--repetitions", type=int, default=5, help="per side (default 5)")
    chosen = parser.parse_args()
    if not Path(chosen.ccxt).exists():
        raise SystemExit(f"no ccxt at {chosen.ccxt}; run `make bench`, which installs it")
    own = [sys.executable, "-m", "benchmarks.ingest_ours"]
    commands = {
        OURS: [*own, "collected"],
        "cryptopipe, by REST": [*own, "rest"],
        THEIRS: [chosen.ccxt, str(HERE / "ingest_ccxt.py")],
    }
    load = os.getloadavg()
    with Sandbox(SimulatedSource(clock=lambda: NOW), enforce_limits=False) as standin:
        for command in commands.values():
            _measure(command, standin.url)  # the market is made up when it is first asked for
        runs: dict[str, list[dict[str, Any]]] = {side: [] for side in commands}
        for _ in range(chosen.repetitions):
            for side, command in commands.items():
                runs[side].append(_measure(command, standin.url))
    report = _report(runs, load)
    _show(report)
    path = HERE / "results" / f"{datetime.now(UTC):%Y-%m-%d}-ingest.json"
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    Console().print(f"Written to {path.relative_to(HERE.parent)}")


def _measure(command: list[str], address: str) -> dict[str, Any]:
    window = [str(round(each.timestamp() * 1000)) for each in (START, END)]
    said = subprocess.run(
        [*command, address, *window, *SYMBOLS],
        cwd=HERE.parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    measured: dict[str, Any] = json.loads(said.stdout)
    return measured


def _report(runs: dict[str, list[dict[str, Any]]], load: tuple[float, ...]) -> dict[str, Any]:
    """Summarise; refuse to compare the speed of different answers."""
    expected = runs[OURS][0]["answer"]
    for side, measured in runs.items():
        if not all(answers_agree(each["answer"], expected) for each in measured):
            raise SystemExit(f"{side} got {measured[0]['answer']}, {OURS} {expected}")
    medians = {
        side: statistics.median(each["seconds"] for each in measured)
        for side, measured in runs.items()
    }
    pairs = [b["seconds"] / a["seconds"] for a, b in zip(runs[OURS], runs[THEIRS], strict=True)]
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "bars": expected["rows"],
        "ccxt": runs[THEIRS][0]["version"],
        "seconds": {side: [each["seconds"] for each in runs[side]] for side in runs},
        "median_seconds": medians,
        "bars_per_second": {side: expected["rows"] / each for side, each in medians.items()},
        "ratio": medians[THEIRS] / medians[OURS],
        "ratio_min_max": [min(pairs), max(pairs)],
        "goal": GOAL,
        "goal_met": medians[THEIRS] / medians[OURS] >= GOAL,
        "cpus": os.cpu_count(),
        "load_average_before": load,
        "load_average_after": os.getloadavg(),
    }


def _show(report: dict[str, Any]) -> None:
    table = Table("side", "median s", "bars per second", "min..max s")
    for side, seconds in report["seconds"].items():
        table.add_row(
            side,
            f"{report['median_seconds'][side]:.3f}",
            f"{report['bars_per_second'][side]:,.0f}",
            f"{min(seconds):.3f}..{max(seconds):.3f}",
        )
    verdict = "met" if report["goal_met"] else "NOT met"
    low, high = report["ratio_min_max"]
    console = Console()
    console.print(
        f"[bold]Ingest of {report['bars']:,} bars[/bold]: {report['ratio']:.2f}x ccxt "
        f"{report['ccxt']} ({low:.2f}..{high:.2f}), goal {report['goal']:g}x: {verdict}",
        table,
        sep="\n",
    )
    before, after = report["load_average_before"][0], report["load_average_after"][0]
    console.print(f"{report['cpus']} CPUs, load average {before:.1f} before, {after:.1f} after")


if __name__ == "__main__":
    main()
