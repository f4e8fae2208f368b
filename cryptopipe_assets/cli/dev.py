"""The Dagster UI with its daemon, and the stand-in beside it where the profile wants one."""

import signal
import socket
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
from cryptopipe_assets.runtime.ui.lifeline import Child
from cryptopipe_assets.runtime.ui.login import Login
from cryptopipe_assets.sandbox.on_demand import serves
from cryptopipe_assets.sandbox.server import Sandbox


def command(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Dagster UI.")] = 3000,
) -> None:
    """Open the Dagster UI with its daemon, and the stand-in where the profile wants it."""
    raise typer.Exit(dev(settings_for(None), port))


def dev(settings: Settings, port: int) -> int:
    """Run until interrupted; returns the services' exit code.

    Raises
    ------
    ConfigError
        If a port is taken, or the token of the UI can be guessed.
    """
    read_only = settings.config.ui.read_only_port
    for each in [port] if read_only is None else [port, read_only]:
        _require_free(each)
    if token := settings.environment.ui_token:
        Login(token, port=port)
    arguments = ["--workspace", str(_workspace(settings)), "--port", str(port)]
    if read_only is not None:
        arguments += ["--read-only-port", str(read_only)]
    export_dagster_home(settings)
    with ExitStack() as stack:
        if settings.environment.vendors == "sandbox" and serves(settings.sandbox_url) is None:
            server = Sandbox(simulated(settings), port=settings.config.sandbox.port)
            stack.enter_context(server)
            out.print(f"stand-in for the vendors at [bold]{server.url}[/]")
        for sentence in refusals(settings):
            out.print(Text(printable(sentence), style="red"))
        out.print(f"Dagster at [bold]http://127.0.0.1:{port}[/]; Ctrl-C ends both")
        if read_only is not None:
            out.print(f"for looking only at [bold]http://127.0.0.1:{read_only}[/]")
        services = Child(
            "service",
            *arguments,
            environment=service_environment(settings),
            folder=settings.home,
        )
        return _wait(services)


def _workspace(settings: Settings) -> Path:
    """The project folder's workspace.yaml, or the one that a new folder would have."""
    own = settings.home / "workspace.yaml"
    return own if own.is_file() else template("workspace.yaml")


def _wait(services: Child) -> int:
    """Wait for the end, which a signal to us brings about."""

    def stop(signum: int, frame: FrameType | None) -> None:
        services.let_go()

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, stop)
    return services.wait()


def _require_free(port: int) -> None:
    try:
        with socket.create_server(("127.0.0.1", port)):
            pass
    except OSError:
        raise ConfigError(
            f"port {port} is taken, perhaps by another `cryptopipe dev`; stop it or choose "
            f"another: cryptopipe dev --port {port + 1}"
        ) from None
