"""Dagster's services as ``dagster dev`` lays them out, with our guard before the web server.

One process starts the code servers, a web server (and a second one that only shows), and the
daemon, and ends all when one of them ends. Run as a module by ``cryptopipe dev``.
"""

import argparse
import json
import logging
import signal
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import dagster as dg
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_shared.error import DagsterError
from sqlalchemy.exc import SQLAlchemyError

from cryptopipe_assets.defs.automation.orphans import end_orphans
from cryptopipe_assets.runtime.ui.lifeline import Child, hold

LOOK_SECONDS = 0.5
SWEEP_SECONDS = 15.0
CODE_SERVER_LOG_LEVEL = "warning"

log = logging.getLogger("cryptopipe.ui")


def run(workspace: Path, *, port: int, read_only_port: int | None) -> int:
    """Serve until interrupted; returns 0, or 1 if one of the services ended by itself."""
    stopped = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        stopped.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
    with ExitStack() as stack:
        instance = stack.enter_context(dg.DagsterInstance.get())
        servers = stack.enter_context(
            ProxyServerManager(
                instance, WorkspaceFileTarget([str(workspace)]), CODE_SERVER_LOG_LEVEL
            )
        )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cryptopipe-")))
        served = folder / "workspace.yaml"
        # JSON is YAML
        served.write_text(json.dumps({"load_from": servers.get_code_server_specs()}))
        children = _start(served, port=port, read_only_port=read_only_port)
        try:
            return _watch(children, stopped, instance)
        finally:
            for child in children.values():
                child.let_go()
            for child in children.values():
                child.end()


def _start(served: Path, *, port: int, read_only_port: int | None) -> dict[str, Child]:
    """The processes by what to call them."""

    def started(*arguments: str) -> Child:
        return Child("processes", *arguments, "--workspace", str(served))

    children = {"web server": started("webserver", "--port", str(port))}
    if read_only_port is not None:
        children["read-only web server"] = started(
            "webserver", "--port", str(read_only_port), "--read-only"
        )
    children["daemon"] = started("daemon")
    return children


def _watch(
    children: dict[str, Child], stopped: threading.Event, instance: dg.DagsterInstance
) -> int:
    """Look after the processes and, less often, after runs whose process is gone."""
    swept = -SWEEP_SECONDS
    while not stopped.wait(LOOK_SECONDS):
        for name, child in children.items():
            if child.ended is not None:
                log.error("Dagster's %s ended by itself (exit code %d)", name, child.ended)
                return 1
        if time.monotonic() - swept > SWEEP_SECONDS:
            swept = time.monotonic()
            _sweep(instance)
    return 0


def _sweep(instance: dg.DagsterInstance) -> None:
    try:
        for orphan in end_orphans(instance):
            log.warning("run %s of %s ended: %s", orphan.run_id, orphan.job, orphan.reason)
    except (SQLAlchemyError, DagsterError, OSError) as exc:
        log.warning("could not look for runs whose process is gone, will try again: %s", exc)


def main() -> int:
    """Entry point of the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--read-only-port", type=int)
    parser.add_argument("--lifeline", type=int, required=True)
    told = parser.parse_args()
    hold(told.lifeline)
    return run(told.workspace, port=told.port, read_only_port=told.read_only_port)


if __name__ == "__main__":
    sys.exit(main())
