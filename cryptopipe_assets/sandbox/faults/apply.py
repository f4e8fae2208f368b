"""A true answer bent by faults of its content, be it JSON or a file of the archive."""

import json
from collections.abc import Callable
from typing import Any, Literal, cast, get_args

from aiohttp import web

from cryptopipe_assets.sandbox.endpoints import endpoint_of
from cryptopipe_assets.sandbox.faults.files import FileKind, altered_file, altered_rows
from cryptopipe_assets.sandbox.faults.payload_map import (
    ANATOMIES,
    PayloadMap,
    follow,
    rows_of,
    with_rows,
)
from cryptopipe_assets.sandbox.faults.rows import RowKind, Rows, bend, drop_symbol
from cryptopipe_assets.sandbox.faults.wire import BodyKind, rewritten

ContentKind = RowKind | FileKind | BodyKind | Literal["drop_symbol", "checksum"]

_ZIP = "application/zip"
_JSON = "application/json"


def altered(
    kind: ContentKind, request: web.Request, response: web.Response, *, value: float | str | None
) -> web.Response:
    """Return the answer with the fault in it; an error of the vendor's stays as it is."""
    if kind == "checksum":
        _, _, name = (response.text or "").partition("  ")
        response.text = f"{'0' * 64}  {name}"
    elif kind in get_args(BodyKind):
        return rewritten(cast(BodyKind, kind), response)
    elif response.status != 200:
        return response
    elif response.content_type == _ZIP:
        response.body = _altered_archive(kind, request, _bytes(response), value)
    elif response.content_type == _JSON:
        # NaN and Infinity are no JSON, but what a careless vendor's encoder writes.
        answer = _altered_json(kind, request, json.loads(_bytes(response)), value)
        response.text = json.dumps(answer, separators=(",", ":"))
    return response


def _altered_json(kind: Any, request: web.Request, answer: Any, value: float | str | None) -> Any:
    payload_map = ANATOMIES.get(endpoint_of(request.path) or ("", ""))
    if kind == "drop_symbol":
        return _without(answer, payload_map, value)
    if payload_map is None or kind not in get_args(RowKind):
        return answer
    if kind in ("wrong_symbol", "extra_field") and payload_map.named is not None:
        named = bend(kind, rows_of(answer, payload_map.named), payload_map)
        return with_rows(answer, payload_map.named, named)
    try:
        rows = rows_of(answer, payload_map.rows)
    except (KeyError, IndexError, TypeError):  # an answer without rows has none to break
        return answer
    return with_rows(answer, payload_map.rows, bend(kind, rows, payload_map))


def _without(answer: Any, payload_map: PayloadMap | None, value: float | str | None) -> Any:
    """Leave a symbol out, wherever the endpoint has its list of symbols."""
    name = None if value is None else str(value)
    if payload_map is None:
        return answer
    place = payload_map.rows if payload_map.named is None else payload_map.named
    held = answer if place is None else follow(answer, place)
    if isinstance(held, dict):
        left = {key: row for key, row in held.items() if key != (name or next(iter(held)))}
        return with_rows(answer, place, []) if not left else _replaced(answer, place, left)
    return with_rows(answer, place, drop_symbol(list(held), payload_map.symbol, name))


def _replaced(answer: Any, place: Any, left: dict[str, Any]) -> Any:
    if not place:
        return left
    follow(answer, place[:-1])[place[-1]] = left
    return answer


def _altered_archive(
    kind: Any, request: web.Request, archive: bytes, value: float | str | None
) -> bytes:
    endpoint = endpoint_of(request.path) or ("", "")
    payload_map = ANATOMIES[endpoint]
    if kind in get_args(FileKind):
        return altered_file(kind, archive, endpoint[1], payload_map)
    change: Callable[[Rows], Rows] = (
        (lambda rows: drop_symbol(rows, payload_map.symbol, None if value is None else str(value)))
        if kind == "drop_symbol"
        else (lambda rows: bend(kind, rows, payload_map))
    )
    return altered_rows(archive, endpoint[1], change)


def _bytes(response: web.Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b""
