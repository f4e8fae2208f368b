"""cryptopipe: crypto derivatives data, collected, point-in-time correct, served from DuckDB.

``import cryptopipe_assets as cp; cp.open_warehouse()`` reads the tables; see ``api``. It is loaded
when it is first used, so that nothing else of the package waits for it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptopipe_assets.api import WarehouseReader, open_warehouse

__all__ = ["WarehouseReader", "open_warehouse"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from cryptopipe_assets import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
