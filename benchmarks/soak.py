"""Days of ticks at the default schedules: ``python -m benchmarks.soak [--hours N]``.

Prints what ``cryptopipe_tests.reference.soak`` measured: runs, calls, and how much Dagster's
instance grew in the last 24 hours. Fails if the end state is not whole.
"""

import argparse
import tempfile
import time
from pathlib import Path

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_tests.reference.soak import MB, Soak, soak

GOAL_MB_A_DAY = 20.0


def show(done: Soak, home: Path) -> None:
    """Print runs, calls, sizes and the verdict."""
    seconds: dict[str, list[float]] = {}
    for each in done.ran:
        seconds.setdefault(each.by, []).append(each.seconds)
    for by, took in sorted(seconds.items()):
        print(f"{by}: {len(took)} runs, {sum(took) / len(took):.1f} s, at most {max(took):.1f} s")
    for (vendor, endpoint), count in sorted(done.calls.items()):
        print(f"{vendor} {endpoint}: {count} calls")
    print("MB each hour:", " ".join(f"{each / MB:.1f}" for each in done.sizes))
    files = sorted(
        ((each.stat().st_size, each.name) for each in home.rglob("*") if each.is_file()),
        reverse=True,
    )
    for bytes_, name in files[:4]:
        print(f"{bytes_ / MB:.2f} MB {name}")
    verdict = "met" if done.mb_a_day <= GOAL_MB_A_DAY else "NOT met"
    print(f"instance: {done.mb_a_day:.1f} MB a day, goal {GOAL_MB_A_DAY:.0f}: {verdict}")
    print(*(done.faults or ["the end state is whole"]), sep="\n")


def main() -> None:
    """Soak, print what it found, and end with 1 if the end state is not whole."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--hours", type=int, default=50, help="from 23:00; 50 has two closings")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        done = soak(load_settings(), Path(folder), hours=asked.hours)
        show(done, Path(folder) / "instance")
        print(f"{asked.hours} simulated hours in {time.monotonic() - began:.0f} s")
    raise SystemExit(1 if done.faults else 0)


if __name__ == "__main__":
    main()
