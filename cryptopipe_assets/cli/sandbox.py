"""The stand-in in the foreground, for other processes to ask."""

import inspect
from typing import Annotated

import typer

from cryptopipe_assets.cli.console import out
from cryptopipe_assets.cli.options import settings_for
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.runtime.resources import simulated
from cryptopipe_assets.sandbox.endpoints import Api, apis
from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.sandbox.server import Sandbox


def command(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Default: sandbox.port; 0 takes a free one."),
    ] = None,
) -> None:
    """Serve the stand-in for the vendors on loopback until interrupted."""
    settings = settings_for(None)
    sandbox(settings, settings.config.sandbox.port if port is None else port)


def _what(api: Api) -> str:
    """What a stand-in API serves, as its file says it."""
    return str(inspect.getmodule(api).__doc__).partition(".\n")[0].splitlines()[0].rstrip(".")


def sandbox(settings: Settings, port: int) -> None:
    """Serve until interrupted.

    Raises
    ------
    ConfigError
        If the port is taken.
    """
    environment = settings.environment
    recorded = environment.vendors == "recorded"
    source = RecordedSource(environment.realdata) if recorded else simulated(settings)
    with Sandbox(source, port=port) as server:
        out.print(f"stand-in for the vendors, {source.name}, at [bold]{server.url}[/]")
        for path, api in apis().items():
            out.print(f"  {server.url}/{path:<16} {_what(api)}")
        out.print("Ctrl-C ends it")
        server.serve_forever()
