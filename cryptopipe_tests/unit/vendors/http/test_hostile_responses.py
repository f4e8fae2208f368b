"""Responses that are too large, too deep, too patient or nonsense: one error of ours each."""

import gzip
import json
import tracemalloc
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from cryptopipe_assets.core.errors import CryptopipeError, PayloadChanged, RateLimited
from cryptopipe_assets.vendors.http.ban import read_bans
from cryptopipe_assets.vendors.parsing.bounds import OF_JSON
from cryptopipe_tests.unit.vendors.conftest import answers
from cryptopipe_tests.unit.vendors.http.acme import acme, ask

pytestmark = pytest.mark.slow

NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
MB = 1024**2


class Pieces(httpx.AsyncByteStream):
    """A body that is sent piece by piece, and counts how much of it was taken."""

    def __init__(self, piece: bytes, count: int) -> None:
        self.piece, self.count, self.taken = piece, count, 0

    async def __aiter__(self):
        for _ in range(self.count):
            self.taken += len(self.piece)
            yield self.piece


def test_a_response_that_does_not_end_is_left_when_it_is_too_large():
    stream = Pieces(b"[1234567]," * 6_554, 10_000)
    client = acme(answers(httpx.Response(200, stream=stream)))
    with pytest.raises(PayloadChanged, match="expected at most 64 MB, got more"):
        ask(client)
    assert stream.taken <= OF_JSON.unpacked_bytes + 2 * len(stream.piece)
    assert client.calls["/prices"] == 1, "the same would come again"


def test_a_small_response_that_unpacks_to_a_large_one_takes_no_memory():
    bomb = gzip.compress(b"0" * (2_000 * MB // 4), 9)
    pieces = [bomb[n : n + 16_384] for n in range(0, len(bomb), 16_384)]

    class Bomb(httpx.AsyncByteStream):
        async def __aiter__(self):
            for piece in pieces:
                yield piece

    client = acme(answers(httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Bomb())))
    tracemalloc.start()
    try:
        with pytest.raises(PayloadChanged, match="expected at most 64 MB, got more"):
            ask(client)
        assert tracemalloc.get_traced_memory()[1] < 300 * MB
    finally:
        tracemalloc.stop()


def test_what_is_packed_twice_is_not_unpacked():
    twice = gzip.compress(gzip.compress(b"[1]"))
    headers = {"Content-Encoding": "gzip, gzip"}
    client = acme(answers(httpx.Response(200, headers=headers, stream=Pieces(twice, 1))))
    with pytest.raises(PayloadChanged, match="packed once"):
        ask(client)


def test_a_packed_response_is_read_as_before():
    packed = gzip.compress(json.dumps({"price": "1.5"}).encode())
    headers = {"Content-Encoding": "gzip", "X-Mbx-Used-Weight-1m": "7"}
    client = acme(answers(httpx.Response(200, headers=headers, stream=Pieces(packed, 1))))
    assert ask(client) == {"price": "1.5"}


@pytest.mark.parametrize("opened", [b"[", b'{"a":', b'[{"a":'])
def test_a_response_of_a_hundred_thousand_levels_is_an_error_of_ours(opened):
    closing = {b"[": b"]", b'{"a":': b"}", b'[{"a":': b"}]"}[opened]
    body = opened * 100_000 + b"1" + closing * 100_000
    with pytest.raises(PayloadChanged, match=r"at most 32 levels, got [12]00,000 levels"):
        ask(acme(answers(httpx.Response(200, content=body))))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"msg": ' + b"9" * 5_000 + b"}",
        b'{"code": 1e999, "msg": ',
        b"\xff\xfe\x00",
        b"",
    ],
    ids=["deep", "many digits", "cut and infinite", "no text", "empty"],
)
@pytest.mark.parametrize("status", [200, 302, 400, 403, 418, 429, 500])
@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "hex", "zlib", "rot13", "nonsense"])
def test_odd_bodies_in_any_charset_are_errors_of_ours(body, status, charset):
    headers = {"Content-Type": f"application/json; charset={charset}"}
    client = acme(answers(httpx.Response(status, headers=headers, content=body)), attempts=1)
    with pytest.raises(CryptopipeError):
        ask(client)


@pytest.mark.parametrize(
    "header",
    [
        "9" * 400,
        "1e999",
        "253402300799",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Mon, 99 Foo 99999 99:99:99 GMT",
        "Thu, 01 Jan 0000 00:00:00 +9999",
        "-5",
        "٣٠٠",
        "\u00b2",
    ],
)
def test_no_retry_after_silences_a_vendor_for_longer_than_a_day(header, tmp_path):
    raw = [(b"Retry-After", header.encode("utf-8"))]
    client = acme(
        answers(httpx.Response(429, headers=raw)),
        attempts=1,
        clock=lambda: NOW,
        state_folder=tmp_path,
    )
    with pytest.raises(RateLimited):
        ask(client)
    until = [each.until for each in read_bans(tmp_path, now=NOW).values()]
    assert all(each <= NOW + timedelta(days=1) for each in until)


def test_a_ban_until_the_year_2286_is_looked_at_again_after_a_day(tmp_path):
    said = "banned until 9999999999999. Please use the websocket"
    client = acme(
        answers(httpx.Response(418, json={"code": -1003, "msg": said})),
        clock=lambda: NOW,
        state_folder=tmp_path,
    )
    with pytest.raises(RateLimited):
        ask(client)
    [ban] = read_bans(tmp_path, now=NOW).values()
    assert ban.until == NOW + timedelta(days=1)


@pytest.mark.parametrize("age", ["9" * 5_000, "٣" * 4, "1e9", "-1"])
def test_an_odd_age_is_none(age):
    response = httpx.Response(200, headers=[(b"Age", age.encode("utf-8"))], json=[1])
    assert ask(acme(answers(response))) == [1]
