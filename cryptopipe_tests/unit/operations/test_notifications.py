"""Notifications: a real target on loopback, one that is not there, and none at all."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.operations.notifications import Told, check, targets, tell

pytestmark = pytest.mark.slow


@pytest.fixture
def target() -> Iterator[tuple[str, list[bytes]]]:
    """Address of a web hook, and what it was sent."""
    heard: list[bytes] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"json://127.0.0.1:{server.server_port}", heard
        server.shutdown()


def test_every_target_is_told_and_one_that_fails_is_named_without_its_address(target, caplog):
    address, heard = target
    secret = SecretStr(f"json://127.0.0.1:1/token {address}")
    told = tell(secret, title="late", body="ohlcv_1m is late")
    assert told.reached == 1
    [named] = told.failed
    assert "1" in named
    assert "token" not in named
    assert "token" not in caplog.text
    [message] = heard
    assert b"ohlcv_1m is late" in message


def test_nobody_is_told_where_no_target_is_set(caplog):
    assert tell(None, title="late", body="") == Told(0)
    assert tell(SecretStr(" , "), title="late", body="") == Told(0)
    assert caplog.text == ""


def test_targets_are_separated_by_commas_or_spaces():
    assert targets(SecretStr(" json://a, json://b\njson://c ")) == [f"json://{x}" for x in "abc"]
    assert targets(None) == []


def test_an_address_that_is_none_is_named_by_its_place(target):
    check(SecretStr(target[0]))
    with pytest.raises(ConfigError, match="2") as caught:
        check(SecretStr(f"{target[0]} nonsense"))
    assert "nonsense" not in str(caught.value)
