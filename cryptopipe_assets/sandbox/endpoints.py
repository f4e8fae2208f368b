"""Which vendors the stand-in speaks for, and how their requests are counted.

Every file in ``routes`` that has an API is found; there is no list of vendors to keep.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from cryptopipe_assets.sandbox import routes
from cryptopipe_assets.sandbox.routes.base import StandInApi

Api = type[StandInApi[Any]]


@cache
def apis() -> dict[str, Api]:
    """Return the API behind the first part of a path: ``bybit``, ``coingecko-pro``."""
    return {host: each for each in _found() for host in each.hosts}


def _found() -> Iterator[Api]:
    """Yield the APIs that the modules of ``routes`` define, by name of module."""
    for module in walk_packages(routes.__path__, f"{routes.__name__}."):
        for each in vars(import_module(module.name)).values():
            defined_here = getattr(each, "__module__", "") == module.name
            if defined_here and isinstance(each, type) and hasattr(each, "vendor"):
                yield each


def endpoint_of(path: str) -> tuple[str, str] | None:
    """Return vendor and endpoint of a path, null for the sandbox's own pages.

    The endpoint is named as the vendor's API counts it, mostly by the path without version and
    without what it is asked about: ``("coingecko", "coins/market_chart")`` for any coin.
    """
    host, *parts = path.strip("/").split("/")
    api = apis().get(host)
    if api is None or not parts:
        return None
    counted = api.counted_as(parts)
    return (api.vendor, counted) if counted else None
