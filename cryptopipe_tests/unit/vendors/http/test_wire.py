"""What leaves the session that all vendors share: keys, requests in flight, a real wire."""

import asyncio
import logging
import socket

import httpx
import pytest
from pydantic import SecretStr

from cryptopipe_assets.core.errors import PayloadChanged, VendorRejected, VendorUnavailable
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_tests.unit.vendors.conftest import answers
from cryptopipe_tests.unit.vendors.http.acme import Acme, acme, ask

KEY = "k3y-that-nobody-may-see"


class KeyInQuery(VendorClient):
    vendor = "acme"
    key_param = "api_key"


@pytest.mark.parametrize("kind", [Acme, KeyInQuery])
def test_the_key_reaches_the_vendor_and_nobody_else(kind, caplog):
    caplog.set_level(logging.DEBUG)
    asked: list[httpx.Request] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) == 1:
            return httpx.Response(503, text=f"your key {KEY} is busy")
        return httpx.Response(400, json={"error_message": f"The key {KEY} is not registered."})

    client = acme(vendor, kind=kind, api_key=SecretStr(KEY))
    with pytest.raises(VendorRejected, match=r"The key \*\*\* is not registered") as caught:
        ask(client)
    sent = asked[0].headers.get("X-Acme-Key"), asked[0].url.params.get("api_key")
    assert KEY in sent
    errors = [caught.value, caught.value.__context__, caught.value.__cause__]
    said = [repr(client), *map(repr, errors), *caplog.messages]
    said += [repr(record.__dict__) for record in caplog.records]
    assert any("HTTP Request" in each for each in said)
    assert not [each for each in said if KEY in each]


def test_the_key_is_blanked_out_before_a_long_answer_is_trimmed():
    body = "x" * 190 + KEY
    with pytest.raises(PayloadChanged) as caught:
        ask(acme(answers(httpx.Response(200, text=body)), api_key=SecretStr(KEY)))
    assert KEY[:5] not in str(caught.value)


def test_no_more_requests_are_in_flight_than_allowed():
    flying = most = 0

    async def vendor(request: httpx.Request) -> httpx.Response:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.01)
        flying -= 1
        return httpx.Response(200, json=1)

    async def ten(client: VendorClient) -> list[int]:
        return await all_or_nothing(client.get_json("/p", {}, family="x") for _ in range(10))

    assert sum(ask(acme(vendor, concurrency=3), ten)) == 10
    assert most == 3


def test_the_first_failure_cancels_the_rest_and_is_raised_itself():
    cancelled = []

    async def slow() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            cancelled.append("slow")
            raise

    async def fails() -> None:
        await asyncio.sleep(0)
        raise PayloadChanged("acme", "odd")

    with pytest.raises(PayloadChanged, match="acme: odd"):
        asyncio.run(all_or_nothing([slow(), fails()]))
    assert cancelled == ["slow"]


def test_a_closed_client_says_how_to_use_it():
    with pytest.raises(RuntimeError, match="inside `async with`"):
        asyncio.run(acme(answers(httpx.Response(200))).get_json("/p", {}, family="x"))


# A real wire


def test_a_refused_connection_on_loopback_asks_whether_the_stand_in_runs():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = Acme(base_url=f"http://127.0.0.1:{port}", attempts=2, backoff_seconds=0.001)
    with pytest.raises(VendorUnavailable, match="start it with `cryptopipe sandbox`"):
        ask(client)


def test_a_body_shorter_than_announced_is_asked_again_and_then_unavailable():
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,2]")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def run() -> VendorClient:
        async with await asyncio.start_server(cut, "127.0.0.1", 0) as server:
            address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with Acme(base_url=address, attempts=3, backoff_seconds=0.001) as client:
                with pytest.raises(VendorUnavailable, match=r"incomplete|without sending complete"):
                    await client.get_json("/p", {}, family="x")
                return client

    assert asyncio.run(run()).calls["/p"] == 3
