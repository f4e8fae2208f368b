"""Names under which a service may be addressed: the ``name:port`` of Host and Origin headers.

Whoever resolves a name of his own to 127.0.0.1 (DNS rebinding) reaches a service that listens there
only, but cannot make a browser send another name than his own.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

STANDARD_PORTS = {"http": 80, "https": 443}
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
NAME = r"\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?"
AUTHORITY = re.compile(rf"(?P<name>{NAME})(?::(?P<port>[0-9]{{1,5}}))?")
ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<authority>.+)")


@dataclass(frozen=True)
class Authority:
    """A host and its port, as ``localhost:3000``; the port is null where none was said."""

    name: str
    port: int | None

    def __str__(self) -> str:
        return self.name if self.port is None else f"{self.name}:{self.port}"


def authority(text: str) -> Authority | None:
    """Read ``name`` or ``name:port``, whatever its case; null if it is neither."""
    found = AUTHORITY.fullmatch(text.lower())
    if found is None:
        return None
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        return None
    return Authority(found["name"], port)


@dataclass(frozen=True)
class Allowed:
    """What a request may say of whom it is for, and of whose page has sent it.

    Parameters
    ----------
    port
        On which the service listens.
    names
        Of ``ui.allowed_hosts``: a name with a port allows that one; without, the standard ports
        and the service's own.
    """

    port: int
    names: Collection[str] = ()

    def host(self, header: str) -> bool:
        """Whether a Host header names this service."""
        read = authority(header)
        return read is not None and self._allows(read, implied=(80, 443))

    def origin(self, header: str, *, host: str) -> bool:
        """Whether a page of this origin may drive the service that it addressed as ``host``.

        ``null``, which sandboxed pages and local files send, is nobody's.
        """
        found = ORIGIN.fullmatch(header.lower())
        read = authority(found["authority"]) if found else None
        if found is None or read is None:
            return False
        standard = STANDARD_PORTS[found["scheme"]]
        addressed = authority(host)
        if addressed is not None and addressed.name == read.name:
            return (addressed.port or standard) == (read.port or standard)
        return self._allows(read, implied=(standard,))

    def _allows(self, said: Authority, *, implied: tuple[int, ...]) -> bool:
        ports = implied if said.port is None else (said.port,)
        if said.name in LOOPBACK and self.port in ports:
            return True
        for each in map(authority, self.names):
            if each is None or each.name != said.name:
                continue
            wanted = (80, 443, self.port) if each.port is None else (each.port,)
            if set(ports) & set(wanted):
                return True
        return False
