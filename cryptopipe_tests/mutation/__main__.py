"""Change the code in one place after the other and see whether a test notices: `make mutants`.

It runs in the environment of cosmic-ray and starts the tests in that of the project. All of it
happens in copies of the tree: a run that is killed leaves nothing in the checkout.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue

from cryptopipe_tests.mutation.equivalent import reason
from cryptopipe_tests.mutation.sample import SEED, Mutant, sample
from cryptopipe_tests.mutation.tests_of import stages
from cryptopipe_tests.places import ROOT

QUIET = ("-x", "-n0", "-p", "no:cacheprovider", "--no-header", "--timeout=60")
FAST = ("-m", "not slow and not realdata and not live")
NOTHING_COLLECTED = 5
"""Exit code of pytest where every test of the files is left out."""

RECORD = Path(__file__).with_name("last_run.json")

SOUND: set[str] = set()
"""Tests that were seen to pass on the unchanged code."""

LONGEST_SECONDS = 150.0
"""Of one stage. Unchanged, the slowest takes a third of it."""


def main() -> int:
    """Run what is left of the sample; 0 if every survivor is listed as equivalent."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--python", type=Path, required=True, help="interpreter of the project")
    parser.add_argument("--size", type=int, default=300)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--near", action="store_true", help="only the unit tests nearby")
    parser.add_argument("--only", default="", help="mutants with these words in their name")
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.name} for the docs")
    parser.add_argument("--results", type=Path, default=ROOT / ".mutants" / "results.jsonl")
    options = parser.parse_args()

    drawn = sample(ROOT, options.size, options.seed)
    listed = [each for each in drawn if reason(each)]
    known = _known(options.results)
    keys = {each: _key(each) for each in drawn}
    killed = [each for each in drawn if known.get(keys[each], {}).get("killed")]
    left = [each for each in drawn if each not in listed and each not in killed]
    left = [each for each in left if options.only in each.name]
    print(
        f"{len(drawn)} mutants of seed {options.seed}: {len(killed)} were killed before, "
        f"{len(listed)} are equivalent, {len(left)} are tried now",
        flush=True,
    )
    options.results.parent.mkdir(exist_ok=True)
    outcomes: Counter[str] = Counter()
    with _copies(options.processes) as copies, options.results.open("a", encoding="utf-8") as file:
        python = options.python.absolute()

        def tried(mutant: Mutant) -> dict[str, object]:
            copy = copies.get()
            try:
                return _tried(mutant, copy, python, near=options.near)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(options.processes) as pool:
            running = {pool.submit(tried, mutant): mutant for mutant in left}
            try:
                for future in as_completed(running):
                    mutant, result = running[future], future.result()
                    outcomes[str(result["killed"])] += 1
                    print(json.dumps({"key": keys[mutant], **result}), file=file, flush=True)
                    print(_line(mutant, result), flush=True)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
    if options.record:
        _record(drawn, _known(options.results), keys, seed=options.seed)
    survivors = outcomes["False"]
    print(f"{len(killed) + outcomes['True']} killed, {len(listed)} equivalent, {survivors} survive")
    return int(survivors > 0)


def _tried(mutant: Mutant, copy: Path, python: Path, *, near: bool) -> dict[str, object]:
    """Whether a test fails or hangs with the change, which, and after how many seconds."""
    file, began = copy / mutant.module, time.monotonic()
    sound = file.read_bytes()
    file.write_text(mutant.code(copy), encoding="utf-8")
    code, stage, said, tests = 0, 0, "", list[str]()
    try:
        for tests in stages(copy, mutant.module, near=near):
            stage += 1
            code, said = _run(tests, copy, python)
            if code not in (0, NOTHING_COLLECTED):
                break
        else:
            code = 0
    finally:
        file.write_bytes(sound)
    if code == -signal.SIGKILL and _run(tests, copy, python)[0] == code:
        code, said = 0, "these tests are too slow on this machine to tell"
    elif (test := said.removeprefix("FAILED ").partition(" - ")[0]).startswith("crypto"):
        _require_sound(test, copy, python)
    return {
        "killed": code != 0,
        "how": {0: "", -signal.SIGKILL: "timeout"}.get(code, "failed"),
        "stage": stage,
        "seconds": round(time.monotonic() - began, 1),
        "said": said,
    }


def _require_sound(test: str, copy: Path, python: Path) -> None:
    """Check that the test which failed passes without the change; each once."""
    if test not in SOUND:
        code, said = _run([test], copy, python)
        assert code == 0, f"a test fails without any change, so it tells nothing: {said}"
        SOUND.add(test)


def _run(tests: list[str], copy: Path, python: Path) -> tuple[int, str]:
    """Exit code of pytest, -9 after too long, and the line that names the failure."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",  # a change of the same size within a second would be missed
        "POLARS_MAX_THREADS": "1",
        "TMPDIR": str(copy.parent),
    }
    process = subprocess.Popen(
        [python, "-m", "pytest", *QUIET, *FAST, *tests],
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        output = ""
    finally:
        with suppress(ProcessLookupError):  # what a test started goes with it
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    failures = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    code = process.returncode
    return code, failures[0] if failures else "" if code == 0 else output[-200:]


@contextmanager
def _copies(number: int) -> Iterator["SimpleQueue[Path]"]:
    """Copies of what git knows or would take, compiled; gone afterwards."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    files = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    free: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="cryptopipe-mutants-") as folder:
        for index in range(number):
            copy = Path(folder, str(index), "tree")
            for name in files:
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
            free.put(copy)
        yield free


def _known(results: Path) -> dict[str, dict[str, object]]:
    if not results.is_file():
        return {}
    lines = map(json.loads, results.read_text(encoding="utf-8").splitlines())
    return {line["key"]: line for line in lines}


def _record(
    drawn: list[Mutant], known: dict[str, dict[str, object]], keys: dict[Mutant, str], *, seed: int
) -> None:
    """Write what is known of the sample: what was tried, killed, is equivalent, and survives."""
    listed = [each for each in drawn if reason(each)]
    tried = [each for each in drawn if keys[each] in known and each not in listed]
    killed = [each for each in tried if known[keys[each]]["killed"]]
    said = {
        "seed": seed,
        "tried": len(tried) + len(listed),
        "killed": len(killed),
        "timeouts": sum(known[keys[each]]["how"] == "timeout" for each in killed),
        "equivalent": len(listed),
        "survivors": [
            {"name": each.name, "before": each.before, "after": each.after}
            for each in tried
            if each not in killed
        ],
    }
    RECORD.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def _key(mutant: Mutant) -> str:
    """Name of the mutant and of the module's text: what is known of another text is not known."""
    text = (ROOT / mutant.module).read_bytes()
    return f"{mutant.name} {hashlib.sha256(text).hexdigest()[:12]}"


def _line(mutant: Mutant, result: dict[str, object]) -> str:
    if result["killed"]:
        return f"killed   {mutant.name} ({result['how']}, {result['seconds']} s)"
    return f"SURVIVES {mutant.name}\n    {mutant.before}\n    {mutant.after}"


if __name__ == "__main__":
    sys.exit(main())
