"""Commands of ``cryptopipe``, each in a process of its own that has imported everything already.

A command spends two seconds of a processor on imports, a suite of three hundred commands ten
minutes. One process imports them once and forks for each command: the command has its own process,
environment, folder, streams and exit code as from a shell. Tests of the start itself (help,
installation, encodings, kills) start the real script.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cryptopipe_tests.places import ROOT

PATIENCE_SECONDS = 240.0


def run(
    *arguments: object,
    env: Mapping[str, str],
    cwd: Path = ROOT,
    timeout: float = PATIENCE_SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run ``cryptopipe`` with these arguments.

    Raises
    ------
    TimeoutError
        If it takes longer; it is killed.
    """
    argv = ["cryptopipe", *map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        order = {
            "argv": argv,
            "env": dict(env),
            "cwd": str(cwd),
            "out": str(out),
            "err": str(err),
            "timeout": timeout,
        }
        server = _server()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(order) + "\n")
        server.stdin.flush()
        code = json.loads(server.stdout.readline())
        if code is None:
            raise TimeoutError(f"{argv} took longer than {timeout:.0f} s: {err.read_text()}")
        return subprocess.CompletedProcess(argv, code, out.read_text(), err.read_text())


@cache
def _server() -> "subprocess.Popen[str]":
    """The process that forks; it ends with ours."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CRYPTOPIPE_", "COV"))}
    server = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    )
    atexit.register(_end, server)
    return server


def _end(server: "subprocess.Popen[str]") -> None:
    with server:  # which closes what it reads: then it ends
        pass


def _serve() -> None:
    import importlib

    from cryptopipe_assets.cli.app import COMMANDS

    for module in COMMANDS.values():
        importlib.import_module(f"cryptopipe_assets.cli.{module}")
    importlib.import_module("cryptopipe_assets.runtime.assembly")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a module prints is no answer
    for line in sys.stdin:
        answers.write(json.dumps(_forked(json.loads(line))) + "\n")
        answers.flush()


def _forked(order: dict[str, Any]) -> int | None:
    """Exit code of the command; null if it was killed for taking too long."""
    child = os.fork()
    if not child:
        _become(order)
    deadline = time.monotonic() + order["timeout"]
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _become(order: dict[str, Any]) -> None:
    """Be the command, in the child; ends the process."""
    code = 1
    try:
        os.setsid()
        for path, stream in ((os.devnull, 0), (order["out"], 1), (order["err"], 2)):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), stream)
        os.environ.clear()
        os.environ.update(order["env"])
        os.chdir(order["cwd"])
        sys.argv = order["argv"]
        from cryptopipe_assets.cli.app import main

        try:
            main()
            code = 0
        except SystemExit as exc:
            code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
            if isinstance(exc.code, str):
                sys.stderr.write(exc.code)
        except BaseException:
            import traceback

            traceback.print_exc()
    finally:
        # As the interpreter ends: what was registered runs, and what was written is flushed.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
