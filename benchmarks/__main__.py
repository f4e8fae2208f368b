"""Run the benchmarks, print a table, keep the numbers: ``python -m benchmarks``."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.cases import CASES, answers_agree

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).resolve().parent / "results"
PACKAGES = ("polars", "pandas", "numpy", "pyarrow")


def main() -> None:
    """Measure the chosen cases; the exit code says that the run worked, not that goals are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", help="default: all")
    parser.add_argument("--repetitions", type=int, default=5, help="per side (default 5)")
    chosen = parser.parse_args()
    console = Console()
    report = _machine() | {
        "cases": {
            name: _measure(name, chosen.repetitions, console) for name in chosen.cases or CASES
        }
    }
    report["load_average_after"] = os.getloadavg()
    _show(report, console)
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}.json"
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    console.print(f"Written to {path.relative_to(ROOT)}")


def _machine() -> dict[str, Any]:
    """Say what the numbers depend on."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "load_average_before": os.getloadavg(),
    }


def _measure(name: str, repetitions: int, console: Console) -> dict[str, Any]:
    """Let the sides of a case take turns on the same input."""
    case = CASES[name]
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in case.sides}
    with tempfile.TemporaryDirectory() as folder, Progress(console=console) as progress:
        task = progress.add_task(case.title, total=repetitions * len(runs))
        # In a child as well: a process inherits the peak memory of the one that starts it.
        _run([name, "--write-input", folder])
        for _ in range(repetitions):
            for side, measured in runs.items():
                measured.append(_run_child(name, side, folder))
                progress.advance(task)
    _require_agreement(name, runs)
    sides = {side: _summary(measured) for side, measured in runs.items()}
    against = {side: _ratio(sides["polars"], sides[side]) for side in sides if side != "polars"}
    ratio = min(each["of_medians"] for each in against.values())
    return {
        "title": case.title,
        "goal": case.goal,
        "ratio_to_fastest": ratio,
        "goal_met": ratio >= case.goal,
        "sides": sides,
        "ratios": against,
        "answer": runs["polars"][0]["answer"],
    }


def _run_child(case: str, side: str, folder: str) -> dict[str, Any]:
    measured: dict[str, Any] = json.loads(_run([case, side, folder]))
    return measured


def _run(arguments: list[str]) -> str:
    command = [sys.executable, "-m", "benchmarks.child", *arguments]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def _require_agreement(case: str, runs: dict[str, list[dict[str, Any]]]) -> None:
    """Refuse to compare the speed of different computations."""
    expected = runs["polars"][0]["answer"]
    for side, measured in runs.items():
        for each in measured:
            if not answers_agree(each["answer"], expected):
                raise SystemExit(
                    f"{case}: {side} computed {each['answer']}, polars {expected}; "
                    "the sides must compute the same before their speed means anything"
                )


def _summary(measured: list[dict[str, Any]]) -> dict[str, Any]:
    seconds = [each["seconds"] for each in measured]
    return {
        "seconds": seconds,
        "median_seconds": statistics.median(seconds),
        "median_cpu_seconds": statistics.median(each["cpu_seconds"] for each in measured),
        "peak_mib": max(each["peak_mib"] for each in measured),
        "peak_mib_after_loading": max(each["peak_mib_after_loading"] for each in measured),
    }


def _ratio(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float]:
    """How many times faster we are: of the medians, and over the neighbouring pairs of runs."""
    pairs = [b / a for a, b in zip(ours["seconds"], theirs["seconds"], strict=True)]
    medians = theirs["median_seconds"] / ours["median_seconds"]
    return {"of_medians": medians, "min": min(pairs), "max": max(pairs)}


def _show(report: dict[str, Any], console: Console) -> None:
    for case in report["cases"].values():
        verdict = "met" if case["goal_met"] else "NOT met"
        reached = f"{case['ratio_to_fastest']:.2f}x, goal {case['goal']:g}x: {verdict}"
        table = Table(
            *("side", "median s", "min..max s", "CPU s", "peak MiB", "of it loaded"),
            "times slower (min..max)",
        )
        for side, each in case["sides"].items():
            memory = f"{each['peak_mib']:.0f}", f"{each['peak_mib_after_loading']:.0f}"
            slower = _slower(case["ratios"].get(side))
            spread = f"{min(each['seconds']):.3f}..{max(each['seconds']):.3f}"
            times = f"{each['median_seconds']:.3f}", spread, f"{each['median_cpu_seconds']:.3f}"
            table.add_row(side, *times, *memory, slower)
        console.print(f"\n[bold]{case['title']}[/bold]: {reached}", table, sep="\n")
    before, after = report["load_average_before"][0], report["load_average_after"][0]
    console.print(f"{report['cpus']} CPUs, load average {before:.1f} before, {after:.1f} after")


def _slower(ratio: dict[str, float] | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio['of_medians']:.2f} ({ratio['min']:.2f}..{ratio['max']:.2f})"


if __name__ == "__main__":
    main()
