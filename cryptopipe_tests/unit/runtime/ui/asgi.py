"""A request to an ASGI application, byte by byte as a server would hand it over."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class Answer:
    """Status, headers by lower-case name (of several the last), and text."""

    status: int
    headers: Mapping[str, str]
    text: str


async def open_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers everybody, as Dagster does; says what body it got."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        return
    body = (await receive()).get("body", b"")
    await PlainTextResponse(f"let through {body.decode()}")(scope, receive, send)


def ask(
    app: ASGIApp,
    method: str = "GET",
    path: str = "/",
    *,
    query: str = "",
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    kind: str = "http",
    denial: bool = True,
    addressed: bool = True,
) -> Answer:
    """Send one request, addressed to localhost:3000 unless the headers say another host."""
    named = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    if addressed and not any(name.lower() == "host" for name, _ in named):
        named.append(("host", "localhost:3000"))
    scope: dict[str, Any] = {
        "type": kind,
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in named],
        "extensions": {"websocket.http.response": {}} if denial and kind == "websocket" else {},
    }
    if kind == "http":
        scope["method"] = method
    return asyncio.run(_asked(app, scope, body))


async def _asked(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
    sent: list[Message] = []
    first = {"type": "http.request", "body": body, "more_body": False}
    coming = [first if scope["type"] == "http" else {"type": "websocket.connect"}]

    async def receive() -> Message:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if sent[0]["type"] == "websocket.accept":
        return Answer(101, {}, "")
    if sent[0]["type"] == "websocket.close":
        return Answer(403, {}, "")
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    text = b"".join(message.get("body", b"") for message in sent[1:]).decode()
    return Answer(sent[0]["status"], headers, text)
