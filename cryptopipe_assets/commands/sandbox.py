"""The stand-in in the foreground, for other processes to ask."""

from cryptopipe_assets.commands.console import out
from cryptopipe_assets.definitions import simulated
from cryptopipe_assets.sandbox.recorded import RecordedSource
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.settings import Settings


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
        out.print(f"  {server.url}/binance          USD-M futures REST")
        out.print(f"  {server.url}/binance-archive  bulk archive")
        out.print("Ctrl-C ends it")
        server.serve_forever()
