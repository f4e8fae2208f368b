"""The whole past of contracts, a run each: ``symbol_history``, partitioned by symbol."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import dagster as dg

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.defs.partitions import SYMBOLS
from cryptopipe_assets.runtime.resources import resources, warehouse
from cryptopipe_assets.runtime.table_run import instance, run_alone
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.store import Commit
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_assets.tables.history.symbol_history import SymbolHistory


class SymbolRuns:
    """Runs about one symbol each, over one warehouse."""

    def __init__(self, settings: Settings, found: dg.DagsterInstance) -> None:
        self._settings = settings
        self._instance = found
        self._resources = resources(settings)

    def list_contracts(self) -> None:
        """Bring ``instruments`` up to date."""
        table = Instruments.table_name()
        run_alone(self._settings, self._instance, table, resources=self._resources)

    def announce(self, symbols: Sequence[str]) -> None:
        """Tell Dagster of the symbols, each of which is a partition."""
        self._instance.add_dynamic_partitions(str(SYMBOLS.name), list(symbols))

    def fetch(self, symbol: str, *, on_commit: Callable[[Commit], None]) -> None:
        """Fetch the past of an announced symbol; goes on where it was ended.

        Parameters
        ----------
        on_commit
            Called after each file that was written.

        Raises
        ------
        CryptopipeError
            Whatever stood in the way; what was written stays.
        """
        lake = Lake(self._settings.warehouse, on_commit=on_commit)
        run_alone(
            self._settings,
            self._instance,
            SymbolHistory.table_name(),
            resources={**self._resources, "warehouse": warehouse(self._settings, lake)},
            symbol=symbol,
        )


@contextmanager
def symbol_runs(settings: Settings, *, own: bool) -> Iterator[SymbolRuns]:
    """Runs in the repo's Dagster instance if the warehouse is its own."""
    with instance(settings, own=own) as found:
        yield SymbolRuns(settings, found)
