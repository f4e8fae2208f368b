"""The stand-in when somebody needs it: the one that is running, or else one of our own."""

import atexit
import http.client
import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptopipe_assets.sandbox.contents.source import Source

if TYPE_CHECKING:
    from cryptopipe_assets.sandbox.server import Sandbox

KNOCK_SECONDS = 2.0


class OnDemandSandbox:
    """Address of a stand-in with the wanted source, found or started when first asked for.

    Parameters
    ----------
    url
        Where one may be running already, as ``make dev`` does; None to always start our own.
    source_name
        ``simulated`` or ``recorded``; a running one that serves something else is left alone.
    make_source
        Makes the source of our own server. It listens on a free port and ends with this process.
    """

    def __init__(
        self, url: str | None, source_name: str, make_source: Callable[[], Source]
    ) -> None:
        self._configured = url
        self._source_name = source_name
        self._make_source = make_source
        self._own: Sandbox | None = None
        self._starting = threading.Lock()

    def __call__(self) -> str:
        """Address without a path."""
        if self._own is not None:
            return self._own.url
        if self._configured and serves(self._configured) == self._source_name:
            return self._configured
        with self._starting:
            if self._own is None:
                # A web server takes 0.3 s to import; most runs, and all real ones, need none.
                from cryptopipe_assets.sandbox.server import Sandbox

                own = Sandbox(self._make_source())
                own.__enter__()
                atexit.register(self.close)
                self._own = own
        return self._own.url

    def close(self) -> None:
        """End our own server, if there is one."""
        own, self._own = self._own, None
        if own is not None:
            own.__exit__(None, None, None)
            atexit.unregister(self.close)


def serves(url: str) -> str | None:
    """Name of the source that a stand-in at ``url`` serves; None if there is none."""
    address = urlsplit(url)
    if address.hostname is None:
        return None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=KNOCK_SECONDS)
    try:
        connection.request("GET", "/_sandbox")
        about = json.loads(connection.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    if isinstance(about, dict) and about.get("name") == "cryptopipe sandbox":
        return str(about.get("source"))
    return None
