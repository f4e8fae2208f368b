"""A circuit that several processes share, against a real server."""

import asyncio
import json
import subprocess
import sys
import threading
import time

import pytest
from aiohttp import web

from cryptopipe_assets.core.errors import VendorUnavailable
from cryptopipe_assets.vendors.http.circuit import read_circuits
from cryptopipe_assets.vendors.http.client import VendorClient

pytestmark = pytest.mark.slow

ASK = """
import asyncio, json, sys
from datetime import timedelta
from pathlib import Path
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.core.time import utcnow

class Acme(VendorClient):
    vendor = "acme"

async def four():
    address, folder = sys.argv[1:]
    later = lambda: utcnow() + timedelta(seconds=61)
    async with Acme(base_url=address, state_folder=Path(folder), clock=later, attempts=1) as client:
        print("ready", flush=True)
        sys.stdin.readline()
        asked = (client.get_json("/p", {}, family="x") for _ in range(4))
        print(json.dumps(await all_or_nothing(asked)))

asyncio.run(four())
"""


class Acme(VendorClient):
    vendor = "acme"


class Server:
    """Breaks down until told otherwise, and notes how many requests it had at once."""

    def __init__(self) -> None:
        self.is_down = True
        self.arrivals: list[int] = []
        self._at_once = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self.url = ""

    async def _answer(self, request: web.Request) -> web.Response:
        self._at_once += 1
        self.arrivals.append(self._at_once)
        try:
            if self.is_down:
                return web.Response(status=503)
            await asyncio.sleep(0.3)
            return web.json_response(1)
        finally:
            self._at_once -= 1

    async def _start(self) -> web.AppRunner:
        app = web.Application()
        app.add_routes([web.get("/p", self._answer)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    def _serve(self) -> None:
        runner = self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def __enter__(self) -> "Server":
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def fail_once(url: str, folder) -> None:
    async def run() -> None:
        async with Acme(base_url=url, state_folder=folder, attempts=1) as client:
            await client.get_json("/p", {}, family="x")

    with pytest.raises(VendorUnavailable):
        asyncio.run(run())


def test_of_two_processes_one_question_probes_and_then_all_are_answered(tmp_path):
    with Server() as server:
        for _ in range(5):
            fail_once(server.url, tmp_path)
        fail_once(server.url, tmp_path)
        assert len(server.arrivals) == 5  # the sixth was refused without being sent
        [circuit] = read_circuits(tmp_path)
        assert circuit.state(time.time()) == "OPEN"
        server.is_down = False
        server.arrivals.clear()
        command = [sys.executable, "-W", "error", "-c", ASK, server.url, str(tmp_path)]
        two = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for each in two:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in two:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        answers = [json.loads(each.communicate(timeout=30)[0]) for each in two]
    assert answers == [[1] * 4] * 2
    assert len(server.arrivals) == 8
    # While the probe was in flight nobody else was: the second arrived after it was answered.
    assert server.arrivals[:2] == [1, 1]
    assert max(server.arrivals) > 1
    assert read_circuits(tmp_path) == []
