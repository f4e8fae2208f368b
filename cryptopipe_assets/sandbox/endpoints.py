"""How requests are counted: the vendor and its endpoint, read off the path."""

import re

_VENDORS = frozenset(
    {"bybit", "okx", "hyperliquid", "coinalyze", "coinmarketcap", "coingecko", "coinbase"}
)
_VERSION = re.compile(r"api|v\d+")


def endpoint_of(path: str) -> tuple[str, str] | None:
    """Return vendor and endpoint of a path, null for the sandbox's own pages.

    The endpoint is the path without version and without what it is asked about, e.g.
    ``("coingecko", "coins/market_chart")`` for any coin. Binance's is the last part of the path,
    the archive's the kind of file, checksums apart.
    """
    vendor, *rest = path.strip("/").split("/")
    if vendor == "binance" and rest:
        return vendor, rest[-1]
    if vendor == "binance-archive" and len(rest) > 4:
        return vendor, rest[4] + (".CHECKSUM" if path.endswith(".CHECKSUM") else "")
    vendor = vendor.removesuffix("-pro")
    if vendor not in _VENDORS:
        return None
    parts = [part for part in rest if not _VERSION.fullmatch(part)]
    if len(parts) == 3 and parts[0] in ("coins", "products"):
        del parts[1]
    return (vendor, "/".join(parts)) if parts else None
