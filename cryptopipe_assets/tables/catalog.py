"""Every table of the platform: one file a table, in the folder of its layer."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType

from cryptopipe_assets import tables
from cryptopipe_assets.core.schema import Table

LAYERS = ("collected", "features", "signals", "quality", "history")


@cache
def contracts() -> Mapping[str, type[Table]]:
    """Contract of every table by name, in the order of the layers."""
    return {
        contract.table_name(): contract
        for module in _modules()
        for _, contract in inspect.getmembers(module, inspect.isclass)
        if issubclass(contract, Table) and contract.__module__ == module.__name__
    }


def registries() -> frozenset[str]:
    """Names of the tables that have no days."""
    return frozenset(name for name, each in contracts().items() if not each.has_days())


def _modules() -> Iterator[ModuleType]:
    for layer in LAYERS:
        package = importlib.import_module(f"{tables.__name__}.{layer}")
        for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
            yield importlib.import_module(f"{package.__name__}.{found.name}")
