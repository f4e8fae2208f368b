"""Documents made hostile: a real one, changed in its structure or in its bytes.

Everything is decided by a ``random.Random``, so that a number is an input and the same one always.
"""

import json
import math
import random
import re
from collections.abc import Callable
from typing import Any

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    "",
    " ",
    "NaN",
    "nan",
    "Infinity",
    "-inf",
    "-1",
    "1e400",
    "1_000",
    "0x10",
    "٣",
    "9" * 400,
    "9" * 5000,
    "\x00",
    "\ud800",
    "\N{COLLISION SYMBOL}",
    "[/oops]",
    "\x1b[2J",
    "../../etc",
    "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2031-01-01T00:00:00Z",
    0,
    -1,
    -0.0,
    1e-320,
    1e308,
    -1e308,
    float("nan"),
    float("inf"),
    float("-inf"),
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63),
    -(2**63) - 1,
    2**64,
    10**40,
    10**400,
    253_402_300_800_000,
    10**14,
    1_924_992_000_000,
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"code": "0"},
)
"""What somebody may write where something else was promised."""

ODD_BYTES = (
    b"\x00",
    b"\xff\xfe",
    b"\xc3\x28",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b'"',
    b",",
    b";",
    b"\x1b[31m",
    b"[",
    b"}",
    b"NaN",
    b"-",
    b"9" * 400,
    b"\xed\xa0\x80",
)
DEEP = (2, 20, 900, 5_000, 100_000)
DESCENDS = 0.75

Change = Callable[[random.Random, Any], Any]


def hostile_json(rng: random.Random, document: Any, *, steps: int) -> bytes:
    """Return a JSON document that was changed ``steps`` times, mostly in its structure."""
    for _ in range(steps):
        document = _changed(rng, document, document)
    body = json.dumps(document).encode()
    kind = rng.random()
    if kind < 0.05:
        return _with_a_key_twice(rng, body)
    if kind < 0.08:
        return _deepened(rng, body)
    return hostile_bytes(rng, body) if kind < 0.2 else body


def hostile_bytes(rng: random.Random, content: bytes) -> bytes:
    """Return bytes of which some were lost, turned, repeated or put in."""
    place = rng.randrange(len(content) + 1)
    length = min(int(rng.expovariate(0.1)) + 1, len(content))
    kind = rng.randrange(8)
    if kind == 0 and place < len(content):
        turned = content[place] ^ (1 << rng.randrange(8))
        return content[:place] + bytes([turned]) + content[place + 1 :]
    if kind == 1:
        return content[:place] + content[place + length :]
    if kind == 2:
        return content[:place]
    if kind == 3:
        return content[:place] + content[place : place + length] + content[place:]
    if kind == 4:
        return content[:place] + rng.randbytes(length) + content[place + length :]
    if kind == 5:
        return content.decode("latin-1").encode(rng.choice(("utf-16", "utf-8-sig", "utf-32")))
    return content[:place] + rng.choice(ODD_BYTES) + content[place + (kind == 7) :]


def hostile_lines(rng: random.Random, content: bytes, *, steps: int) -> bytes:
    """Return lines of comma-separated fields of which some are others."""
    lines = content.split(b"\n")
    for _ in range(steps):
        place = rng.randrange(len(lines))
        fields = lines[place].split(b",")
        at = rng.randrange(len(fields))
        kind = rng.randrange(8)
        if kind == 0:
            lines.insert(place, lines[rng.randrange(len(lines))])
        elif kind == 1:
            del fields[at]
        elif kind == 2:
            fields.insert(at, fields[rng.randrange(len(fields))])
        elif kind == 3:
            lines[place] = hostile_bytes(rng, lines[place])
            continue
        else:
            odd = rng.choice(ODD_VALUES)
            said = odd if isinstance(odd, str) else json.dumps(odd)
            fields[at] = said.encode("utf-8", "surrogatepass")
        lines[place] = b",".join(fields)
    return b"\n".join(lines)


def _changed(rng: random.Random, node: Any, root: Any) -> Any:
    """Return a document with one place changed; what is beside the way there is shared."""
    if isinstance(node, dict) and node and rng.random() < DESCENDS:
        key = rng.choice(list(node))
        kind = rng.random()
        if kind < 0.1:
            return {name: each for name, each in node.items() if name != key}
        if kind < 0.15:
            return {f"{name}x" if name == key else name: each for name, each in node.items()}
        return {**node, key: _changed(rng, node[key], root)}
    if isinstance(node, list) and node and rng.random() < 0.95:
        place = rng.randrange(len(node))
        kind = rng.random()
        if kind < 0.05:
            return [*node[:place], *node[place + 1 :]]
        if kind < 0.1:
            return [*node[:place], node[place], *node[place:]]
        if kind < 0.13:
            return list(reversed(node))
        if kind < 0.16:
            return node[:place]
        return [*node[:place], _changed(rng, node[place], root), *node[place + 1 :]]
    return rng.choice(_REPLACEMENTS)(rng, node, root)


def _odd(rng: random.Random, _node: Any, _root: Any) -> Any:
    return rng.choice(ODD_VALUES)


def _elsewhere(rng: random.Random, _node: Any, root: Any) -> Any:
    """Something that stands at another place of the document."""
    found = root
    while isinstance(found, dict | list) and found and rng.random() < DESCENDS:
        found = rng.choice(list(found.values()) if isinstance(found, dict) else found)
    return found


def _wrapped(rng: random.Random, node: Any, _root: Any) -> Any:
    return [node] if rng.random() < 0.5 else {"value": node}


def _another_number(rng: random.Random, node: Any, _root: Any) -> Any:
    """A number a little or a lot beside, or in another kind of writing."""
    try:
        number = float(node)
    except (TypeError, ValueError, OverflowError):
        return rng.choice(ODD_VALUES)
    if not math.isfinite(number):
        return rng.choice(ODD_VALUES)
    another = rng.choice((-number, number * 1000, number / 1000, number + 1, number * 1e12, number))
    if isinstance(node, str):
        return str(another)
    return another if rng.random() < 0.3 or not math.isfinite(another) else int(another)


_REPLACEMENTS = (_odd, _odd, _another_number, _another_number, _elsewhere, _wrapped)


def _with_a_key_twice(rng: random.Random, body: bytes) -> bytes:
    keys = list(re.finditer(rb'"\w+": ', body))
    if not keys:
        return body
    key = rng.choice(keys)
    odd = json.dumps(rng.choice(ODD_VALUES)).encode()
    return body[: key.start()] + key[0] + odd + b", " + body[key.start() :]


def _deepened(rng: random.Random, body: bytes) -> bytes:
    """A value at the bottom of a deep well."""
    values = list(re.finditer(rb'(?<=: )[^,\[\]{}"]+', body))
    depth = rng.choice(DEEP)
    opened, closed = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
    start, end = rng.choice(values).span() if values else (0, len(body))
    return body[:start] + opened * depth + body[start:end] + closed * depth + body[end:]


def hostile_toml(rng: random.Random, content: bytes, *, steps: int) -> bytes:
    """Return lines of ``key = value`` of which some say something else."""
    lines = content.split(b"\n")
    told = [place for place, line in enumerate(lines) if re.match(rb"\w+ = |\[", line)]
    for _ in range(steps):
        place = rng.choice(told)
        key, equals, _ = lines[place].partition(b" = ")
        kind = rng.randrange(6)
        if kind == 0:
            lines[place] = b""
        elif kind == 1:
            lines[place] = hostile_bytes(rng, lines[place])
        elif kind == 2:
            lines[place] += b"\n" + lines[place]
        elif equals:
            lines[place] = key + equals + rng.choice(_ODD_TOML)
    return b"\n".join(lines)


_ODD_TOML = (
    b"-1",
    b"0",
    b"1",
    b"9" * 400,
    b"9" * 5000,
    b"1e400",
    b"nan",
    b"inf",
    b"1e-300",
    b"true",
    b'""',
    b'"\\u0000"',
    b"2999-01-01",
    b"0001-01-01",
    b"2026-02-31",
    b"25:61:00",
    b"[]",
    b'[["BTC"]]',
    b'["BTC", "BTC", "[/oops]"]',
    b"{ a = 1 }",
    b"[" * 3_000 + b"]" * 3_000,
)
