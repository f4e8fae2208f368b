"""The Dagster UI with its daemon, and the stand-in beside it where the profile wants one."""

import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.text import Text

from cryptopipe_assets.cli.console import out, printable
from cryptopipe_assets.cli.options import settings_for
from cryptopipe_assets.config.project import template
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.operations.budget.remaining import refusals
from cryptopipe_assets.runtime.dagster_home import export_dagster_home, service_environment
from cryptopipe_assets.runtime.resources import simulated
from cryptopipe_assets.sandbox.on_demand import serves
from cryptopipe_assets.sandbox.server import Sandbox


def command(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Dagster UI.")] = 3000,
) -> None:
    """Open the Dagster UI with its daemon, and the stand-in where the profile wants it."""
    raise typer.Exit(dev(settings_for(None), port))


def dev(settings: Settings, port: int) -> int:
    """Run until interrupted; returns Dagster's exit code.

    Raises
    ------
    ConfigError
        If a port is taken, or Dagster is not installed beside this interpreter.
    """
    _require_free(port)
    command = [str(_dagster()), "dev", "-w", str(_workspace(settings)), "-p", str(port)]
    export_dagster_home(settings)
    with ExitStack() as stack:
        if settings.environment.vendors == "sandbox" and serves(settings.sandbox_url) is None:
            server = Sandbox(simulated(settings), port=settings.config.sandbox.port)
            stack.enter_context(server)
            out.print(f"stand-in for the vendors at [bold]{server.url}[/]")
        for sentence in refusals(settings):
            out.print(Text(printable(sentence), style="red"))
        out.print(f"Dagster at [bold]http://127.0.0.1:{port}[/]; Ctrl-C ends both")
        environment = service_environment(settings)
        process = subprocess.Popen(command, cwd=settings.home, env=environment)  # noqa: S603
        return _wait(process)


def _workspace(settings: Settings) -> Path:
    """The project folder's workspace.yaml, or the one that a new folder would have."""
    own = settings.home / "workspace.yaml"
    return own if own.is_file() else template("workspace.yaml")


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Pass our signals on, so that no service outlives us."""

    def forward(signum: int, frame: FrameType | None) -> None:
        process.send_signal(signum)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, forward)
    return process.wait()


def _dagster() -> Path:
    beside = Path(sys.executable).with_name("dagster")
    found = beside if beside.is_file() else shutil.which("dagster")
    if not found:
        raise ConfigError("no `dagster` beside this Python; install cryptopipe again")
    return Path(found)


def _require_free(port: int) -> None:
    try:
        with socket.create_server(("127.0.0.1", port)):
            pass
    except OSError:
        raise ConfigError(
            f"port {port} is taken, perhaps by another `cryptopipe dev`; stop it or choose "
            f"another: cryptopipe dev --port {port + 1}"
        ) from None
