"""A true answer bent by faults of its content, be it JSON or a file of the archive."""

import json
from collections.abc import Callable
from typing import Any, Literal, cast, get_args

from aiohttp import web

from cryptopipe_assets.sandbox.endpoints import endpoint_of
from cryptopipe_assets.sandbox.faults.files import FileKind, bent_file, bent_rows
from cryptopipe_assets.sandbox.faults.payload_map import (
    ANATOMIES,
    Anatomy,
    follow,
    rows_of,
    with_rows,
)
from cryptopipe_assets.sandbox.faults.rows import RowKind, Rows, bend, drop_symbol
from cryptopipe_assets.sandbox.faults.wire import BodyKind, rewritten

ContentKind = RowKind | FileKind | BodyKind | Literal["drop_symbol", "checksum"]

_ZIP = "application/zip"
_JSON = "application/json"


def bent(
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
        response.body = _bent_archive(kind, request, _bytes(response), value)
    elif response.content_type == _JSON:
        # NaN and Infinity are no JSON, but what a careless vendor's encoder writes.
        answer = _bent_json(kind, request, json.loads(_bytes(response)), value)
        response.text = json.dumps(answer, separators=(",", ":"))
    return response


def _bent_json(kind: Any, request: web.Request, answer: Any, value: float | str | None) -> Any:
    anatomy = ANATOMIES.get(endpoint_of(request.path) or ("", ""))
    if kind == "drop_symbol":
        return _without(answer, anatomy, value)
    if anatomy is None or kind not in get_args(RowKind):
        return answer
    if kind in ("wrong_symbol", "extra_field") and anatomy.named is not None:
        named = bend(kind, rows_of(answer, anatomy.named), anatomy)
        return with_rows(answer, anatomy.named, named)
    try:
        rows = rows_of(answer, anatomy.rows)
    except (KeyError, IndexError, TypeError):  # an answer without rows has none to break
        return answer
    return with_rows(answer, anatomy.rows, bend(kind, rows, anatomy))


def _without(answer: Any, anatomy: Anatomy | None, value: float | str | None) -> Any:
    """Leave a symbol out, wherever the endpoint has its list of symbols."""
    name = None if value is None else str(value)
    if anatomy is None:
        return answer
    place = anatomy.rows if anatomy.named is None else anatomy.named
    held = answer if place is None else follow(answer, place)
    if isinstance(held, dict):
        left = {key: row for key, row in held.items() if key != (name or next(iter(held)))}
        return with_rows(answer, place, []) if not left else _replaced(answer, place, left)
    return with_rows(answer, place, drop_symbol(list(held), anatomy.symbol, name))


def _replaced(answer: Any, place: Any, left: dict[str, Any]) -> Any:
    if not place:
        return left
    follow(answer, place[:-1])[place[-1]] = left
    return answer


def _bent_archive(
    kind: Any, request: web.Request, archive: bytes, value: float | str | None
) -> bytes:
    endpoint = endpoint_of(request.path) or ("", "")
    anatomy = ANATOMIES[endpoint]
    if kind in get_args(FileKind):
        return bent_file(kind, archive, endpoint[1], anatomy)
    change: Callable[[Rows], Rows] = (
        (lambda rows: drop_symbol(rows, anatomy.symbol, None if value is None else str(value)))
        if kind == "drop_symbol"
        else (lambda rows: bend(kind, rows, anatomy))
    )
    return bent_rows(archive, endpoint[1], change)


def _bytes(response: web.Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b""
