"""The stand-in in the foreground, for other processes to ask."""

from typing import Annotated

import typer

from cryptopipe_assets.cli.console import out
from cryptopipe_assets.cli.options import settings_for
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.runtime.resources import simulated
from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.sandbox.server import Sandbox

VENDORS = {
    "binance": "Binance USD-M futures REST",
    "binance-archive": "Binance bulk archive",
    "bybit": "Bybit v5",
    "okx": "OKX v5",
    "hyperliquid": "Hyperliquid info",
    "coinalyze": "Coinalyze v1",
    "coinmarketcap": "CoinMarketCap",
    "coingecko": "CoinGecko, keyless and demo",
    "coingecko-pro": "CoinGecko, pro",
    "coinbase": "Coinbase candles",
}
"""Address and name of every vendor that the stand-in plays."""


def command(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Default: sandbox.port; 0 takes a free one."),
    ] = None,
) -> None:
    """Serve the stand-in for the vendors on loopback until interrupted."""
    settings = settings_for(None)
    sandbox(settings, settings.config.sandbox.port if port is None else port)


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
        for path, what in VENDORS.items():
            out.print(f"  {server.url}/{path:<16} {what}")
        out.print("Ctrl-C ends it")
        server.serve_forever()
