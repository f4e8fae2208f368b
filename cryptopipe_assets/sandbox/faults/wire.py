"""Faults of the wire: refusals, pages that are no answer, bodies that break on the way."""

import asyncio
import gzip
import json
from collections.abc import Mapping
from typing import Literal

from aiohttp import web

InsteadKind = Literal[
    "status", "html", "reset", "redirect", "envelope", "empty_body", "null_document", "empty_object"
]
BodyKind = Literal["empty", "cut_json", "byte_order_mark", "wrapped", "aged", "spaced_json"]
SendKind = Literal["truncate", "reset_body", "drip", "gzip_broken", "gzip_cut"]

DRIPS = 20
CODE_BODIES = {
    "bybit": '{{"retCode":{code},"retMsg":"no","result":{{}},"retExtInfo":{{}},"time":1}}',
    "okx": '{{"code":"{code}","msg":"no","data":[]}}',
    "coinmarketcap": '{{"status":{{"error_code":{code},"error_message":"no","credit_count":0}}}}',
    "coingecko": '{{"status":{{"error_code":{code},"error_message":"no"}}}}',
    "coinalyze": '{{"message":"no ({code})"}}',
    "hyperliquid": '{{"error":"no ({code})"}}',
    "binance": '{{"code":{code},"msg":"no"}}',
}
"""How each vendor writes a failure; an envelope comes with status 200."""

_HTML = "<html><head><title>Maintenance</title></head><body>Be right back</body></html>"
_JSON = "application/json"


def instead(
    kind: InsteadKind,
    request: web.Request,
    *,
    value: float | str | None,
    headers: Mapping[str, str],
    body: str | None,
) -> web.Response:
    """Build the answer that takes the place of the truth."""
    if kind == "reset":
        cut(request)
        return web.Response(status=500)  # goes nowhere: the connection is gone
    if kind == "html":
        return web.Response(text=_HTML, content_type="text/html")
    if kind == "redirect":
        return web.Response(status=302, headers={"Location": str(request.rel_url)})
    if kind == "status":
        status = int(value or 500)
        said = json.dumps({"code": -1000, "msg": f"HTTP {status}"}) if body is None else body
        return web.Response(status=status, text=said, content_type=_JSON, headers=headers)
    texts = {"empty_body": "", "null_document": "null", "empty_object": "{}"}
    return web.Response(
        text=_envelope(request, value) if kind == "envelope" else texts[kind], content_type=_JSON
    )


def _envelope(request: web.Request, code: float | str | None) -> str:
    vendor = request.path.split("/")[1].partition("-")[0]
    return CODE_BODIES.get(vendor, CODE_BODIES["binance"]).format(code=code)


def rewritten(kind: BodyKind, response: web.Response) -> web.Response:
    """Bend the whole body of a true answer."""
    body = response.body if isinstance(response.body, bytes) else b""
    if kind == "aged":
        response.headers["Age"] = "7200"
    elif kind == "empty":
        response.body = b"[]" if response.content_type == _JSON else b""
    elif kind == "cut_json":
        response.body = body[: len(body) * 2 // 3]
    elif kind == "byte_order_mark":
        response.body = b"\xef\xbb\xbf" + body
    elif kind == "wrapped" and response.content_type == _JSON:
        response.body = b'{"payload":' + body + b"}"
    elif kind == "spaced_json" and response.content_type == _JSON:
        response.text = json.dumps(json.loads(body), indent=1)
    return response


async def sent(
    kind: SendKind, request: web.Request, response: web.Response, *, value: float | None
) -> web.StreamResponse:
    """Send a true answer over a line that fails it."""
    body = response.body if isinstance(response.body, bytes) else b""
    if kind in ("gzip_broken", "gzip_cut"):
        packed = gzip.compress(body)
        # After the ten bytes of the header, 0xff begins a block of a kind that does not exist.
        broken = packed[: len(packed) // 2] if kind == "gzip_cut" else packed[:10] + b"\xff" * 50
        return web.Response(
            body=broken, headers={**_kept(response), "Content-Encoding": "gzip"}, status=200
        )
    partial = web.StreamResponse(status=response.status, headers=response.headers)
    partial.content_length = len(body)
    await partial.prepare(request)
    if kind == "drip":
        step = max(len(body) // DRIPS, 1)
        for first in range(0, len(body), step):
            await partial.write(body[first : first + step])
            await asyncio.sleep((value or 0.2) / DRIPS)
        return partial
    await partial.write(body[: int(len(body) * (0.5 if value is None else value))])
    if kind == "reset_body":
        await asyncio.sleep(0.01)  # or the part that was written would be lost with the line
        cut(request)
    elif request.transport is not None:
        request.transport.close()  # flushes what was written, unlike abort
    return partial


def _kept(response: web.Response) -> Mapping[str, str]:
    return {"Content-Type": response.headers.get("Content-Type", _JSON)}


def cut(request: web.Request) -> None:
    """End the connection at once; the client sees a reset or an unexpected end."""
    transport = request.transport
    if isinstance(transport, asyncio.Transport):
        transport.abort()
