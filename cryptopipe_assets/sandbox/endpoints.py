"""How requests are counted: the vendor and its endpoint, read off the path."""

import re

_VERSION = re.compile(r"api|v\d+")


def endpoint_of(path: str) -> tuple[str, str] | None:
    """Return vendor and endpoint of a path, null for the sandbox's own pages and for none.

    The endpoint is the path without version and without what it is asked about, e.g.
    ``("coingecko", "coins/market_chart")`` for any coin. Binance's is the last part of the path,
    the archive's the kind of file, checksums apart.
    """
    vendor, *rest = path.strip("/").split("/")
    if vendor.startswith("_"):
        return None
    if vendor == "binance" and rest:
        return vendor, rest[-1]
    if vendor == "binance-archive":
        kind = rest[4] + (".CHECKSUM" if path.endswith(".CHECKSUM") else "") if rest[4:] else ""
        return (vendor, kind) if kind else None
    vendor = vendor.removesuffix("-pro")
    parts = [part for part in rest if not _VERSION.fullmatch(part)]
    if len(parts) == 3 and parts[0] in ("coins", "products"):
        del parts[1]
    return (vendor, "/".join(parts)) if parts else None
