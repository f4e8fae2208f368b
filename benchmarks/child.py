"""One measurement of one side, in a process of its own: prints one line of JSON.

Usage: ``python -m benchmarks.child CASE SIDE FOLDER``. The input is loaded, the computation is run
once to warm up and once on the clock. With ``--write-input`` as SIDE the input is written instead.
"""

import json
import resource
import sys
import time
from pathlib import Path

from benchmarks.cases import CASES

KIB_PER_MIB = 1024


def main() -> None:
    """Measure and print."""
    case, side, folder = sys.argv[1:4]
    if side == "--write-input":
        CASES[case].write_input(Path(folder))
        return
    run = CASES[case].sides[side](Path(folder))
    before = _peak_mib()
    run()
    begin, begin_cpu = time.perf_counter(), time.process_time()
    answer = run()
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - begin_cpu
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu_seconds": cpu_seconds,
                "peak_mib": _peak_mib(),
                "peak_mib_after_loading": before,
                "answer": answer,
            }
        )
    )


def _peak_mib() -> float:
    """Peak resident memory of this process so far; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / KIB_PER_MIB / (KIB_PER_MIB if sys.platform == "darwin" else 1)


if __name__ == "__main__":
    main()
