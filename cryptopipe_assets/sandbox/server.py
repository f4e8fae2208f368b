"""The stand-in's server: real HTTP on loopback, in a thread of its own or in the foreground."""

import asyncio
import errno
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from types import FrameType
from typing import Self

from aiohttp import web

from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.core.time import utcnow
from cryptopipe_assets.sandbox.contents.source import Source
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.endpoints import apis, endpoint_of
from cryptopipe_assets.sandbox.faults.parameters import shift_ms
from cryptopipe_assets.sandbox.faults.plan import Answer, Fault, FaultPlan

LONGEST_WAIT_SECONDS = 1.0


class Sandbox:
    """A stand-in for the vendors, while its ``with`` block lasts.

    Parameters
    ----------
    source
        Where the content comes from.
    host, port
        Where to listen; port 0 takes a free one.
    clock
        The present of the served world. Left out, it is the source's.
    enforce_limits
        Whether to refuse an address that asks too much, as the vendors do.
    faults
        What goes wrong, on purpose.

    Attributes
    ----------
    url
        Where it listens, e.g. ``http://127.0.0.1:8799``; known once started.
    calls
        Requests answered by (vendor, endpoint), e.g. ``("binance", "klines")`` or
        ``("coingecko", "coins/markets")``. Checksums are counted apart:
        ``("binance-archive", "klines.CHECKSUM")``.
    """

    def __init__(
        self,
        source: Source,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], datetime] = utcnow,
        enforce_limits: bool = True,
        faults: FaultPlan | None = None,
    ) -> None:
        self._source = source
        self._address = (host, port)
        self._clock = source.clock if clock is utcnow else clock
        self._enforce = enforce_limits
        self._faults = faults or FaultPlan()
        self._thread: threading.Thread | None = None
        self._stop: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._runner: web.AppRunner | None = None
        self._listening = self._address
        self.url = ""
        self.calls: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> Self:
        """Listen, and answer in a thread of its own.

        Raises
        ------
        ConfigError
            The port is taken or the address cannot be listened on.
        """
        listener = _listen(*self._address)
        self._listening = listener.getsockname()[:2]
        self.url = "http://{}:{}".format(*self._listening)
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, ready)), name="sandbox", daemon=True
        )
        self._thread.start()
        ready.wait()
        if self._stop is None:
            self._thread.join()
            raise ConfigError(f"the sandbox did not start on {self.url}; see the error above")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop answering, close every connection and end the thread."""
        if self._stop is not None and self._thread is not None:
            loop, stop = self._stop
            loop.call_soon_threadsafe(stop.set)
            self._thread.join()
        self._stop = self._thread = None

    @contextmanager
    def suffering(self, *faults: Fault) -> Iterator[FaultPlan]:
        """Suffer other faults while the block lasts; requests under way keep theirs.

        At its end late requests of clients that gave up are waited for, for a second at most, so
        that they meet no fault of what comes next.
        """
        before, self._faults = self._faults, FaultPlan(faults)
        try:
            yield self._faults
        finally:
            self._wait_until_quiet()
            self._faults = before

    def _wait_until_quiet(self) -> None:
        """Return when every connection that was made before has ended, or after a second."""
        if self._stop is None:
            return
        loop, _ = self._stop
        # Connections are accepted in order: with this one here, all before it are.
        with socket.create_connection(self._listening) as last:
            quiet = self._only(last.getsockname())
            asyncio.run_coroutine_threadsafe(quiet, loop).result()

    async def _only(self, peer: tuple[str, int]) -> None:
        """Return when no connection but the one of ``peer`` is open."""
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        while time.monotonic() < deadline:
            server = self._runner.server if self._runner is not None else None
            open_now = [] if server is None else [each.transport for each in server.connections]
            peers = [each.get_extra_info("peername") for each in open_now if each is not None]
            if [tuple(each[:2]) for each in peers if each] == [peer[:2]]:
                return
            await asyncio.sleep(0.001)

    def serve_forever(self) -> None:
        """Serve until SIGINT or SIGTERM, starting first if need be. For the main thread."""
        if self._thread is None:
            with self:
                self.serve_forever()
            return
        asked_to_end = threading.Event()

        def end(signum: int, frame: FrameType | None) -> None:
            asked_to_end.set()

        before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            asked_to_end.wait()
        finally:
            for each, previous in before.items():
                signal.signal(each, previous)

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        loop.set_default_executor(ThreadPoolExecutor(2, thread_name_prefix="sandbox"))
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)
        try:
            await runner.setup()
            await web.SockSite(runner, listener).start()
            self._runner, self._stop = runner, (loop, stop)
            ready.set()
            await stop.wait()
        finally:
            ready.set()
            await runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._attend])
        for api in dict.fromkeys(apis().values()):
            content = api.content_of(self._source)
            serving = api(content, self._present, enforce_limits=self._enforce)
            app.add_routes(serving.routes())
        app.add_routes([web.get("/_sandbox", self._about)])
        return app

    @web.middleware
    async def _attend(self, request: web.Request, handler: Answer) -> web.StreamResponse:
        """Count every request to a vendor and let it suffer the faults that are due."""
        endpoint = endpoint_of(request.path)
        if endpoint is None:
            return await handler(request)
        self.calls[endpoint] += 1
        return await self._faults.answer(request, handler)

    async def _about(self, request: web.Request) -> web.Response:
        calls = {"/".join(endpoint): count for endpoint, count in sorted(self.calls.items())}
        return web.json_response(
            {
                "name": "cryptopipe sandbox",
                "source": self._source.name,
                "now": self._present(),
                "calls": calls,
            }
        )

    def _present(self) -> int:
        return stamp_of(self._clock()) + shift_ms()


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, or say in one line why there is none."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "is taken" if taken else f"cannot be opened ({error.strerror})"
        raise ConfigError(
            f"port {port} on {host} {why}; stop what listens there, or "
            "choose another port (0 takes a free one)"
        ) from error
