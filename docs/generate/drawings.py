"""Two pictures as SVG, drawn from the code: the layers of the package and the graph of the tables.

They take the colours of the page from its style sheet, so they suit light and dark alike.
"""

import importlib
import textwrap
import tomllib
from collections.abc import Sequence
from html import escape

import facts
from text import prose

WIDTH = 1000
PACKAGE = "cryptopipe_assets"


def layers() -> str:
    """Return the layers as the import contracts state them, each room with its own rule."""
    rows = _layers()
    gap, left, height = 10, 36, 0
    drawn = []
    for number, rooms in zip(range(len(rows), 0, -1), rows, strict=True):
        width = (WIDTH - left - gap * (len(rooms) - 1)) / len(rooms)
        texts = [textwrap.wrap(_rule(room), max(12, int(width / 6.3))) for room in rooms]
        tall = 34 + 15 * max(map(len, texts))
        drawn.append(f'<text class="dim" x="8" y="{height + 24}" font-size="15">{number}</text>')
        for i, (room, lines) in enumerate(zip(rooms, texts, strict=True)):
            x = left + i * (width + gap)
            drawn.append(
                f'<rect class="box" x="{x:.0f}" y="{height}" width="{width:.0f}" height="{tall}" '
                f'rx="5"/><text x="{x + 11:.0f}" y="{height + 21}" font-size="14" '
                f'font-weight="600">{room}</text>'
            )
            for n, line in enumerate(lines):
                y = height + 39 + 15 * n
                drawn.append(
                    f'<text class="dim" x="{x + 11:.0f}" y="{y}" font-size="11.5">'
                    f"{escape(line)}</text>"
                )
        height += tall + gap
    return _svg(drawn, height, "The layers of the package; imports go down only")


def rooms() -> list[tuple[str, str]]:
    """Return every room, from the top, with its rule."""
    return [(room, _rule(room)) for row in _layers() for room in row]


def _layers() -> list[list[str]]:
    with (facts.ROOT / "pyproject.toml").open("rb") as file:
        linter = tomllib.load(file)["tool"]["importlinter"]
    found = next(each for each in linter["contracts"] if each["type"] == "layers")
    return [
        [room.strip().removeprefix(f"{PACKAGE}.") for room in row.replace(":", "|").split("|")]
        for row in found["layers"]
    ]


def _rule(room: str) -> str:
    doc = prose(importlib.import_module(f"{PACKAGE}.{room}").__doc__)
    return " ".join(doc.replace("`", "").split())


def graph(prefix: str) -> str:
    """Return the graph of the tables: each right of all that it is made from.

    Parameters
    ----------
    prefix
        From the page to the folder of the tables' pages.
    """
    tables = facts.tables()
    depth: dict[str, int] = {}
    for name, each in tables.items():
        depth[name] = 1 + max((depth[other] for other in each.inputs), default=-1)
    columns = [[n for n in tables if depth[n] == d] for d in range(max(depth.values()) + 1)]
    columns = _untangled(columns)
    wide, tall, gap = 168, 40, 26
    height = max(map(len, columns)) * (tall + gap)
    step = (WIDTH - wide) / (len(columns) - 1)
    place = {
        name: (d * step, (height - len(column) * (tall + gap)) / 2 + i * (tall + gap) + gap / 2)
        for d, column in enumerate(columns)
        for i, name in enumerate(column)
    }
    drawn = [
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>'
    ]
    for name, each in tables.items():
        for other in each.inputs:
            (x1, y1), (x2, y2) = place[other], place[name]
            x1 += wide
            y1 += tall * _share(other, tables[other].outputs, name, place)
            y2 += tall * _share(name, each.inputs, other, place)
            bend = max(30, (x2 - x1) / 2)
            drawn.append(
                f'<path class="arrow" marker-end="url(#head)" d="M{x1:.0f} {y1:.0f}'
                f'C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2 - 2:.0f} {y2:.0f}"/>'
            )
    for name, (x, y) in place.items():
        layer = tables[name].layer
        drawn.append(
            f'<a href="{prefix}{name}.html"><rect class="box" x="{x:.0f}" y="{y:.0f}" '
            f'width="{wide}" height="{tall}" rx="5"/><rect class="{layer}" x="{x:.0f}" y="{y:.0f}" '
            f'width="5" height="{tall}" rx="2"/><text x="{x + 14:.0f}" y="{y + 18:.0f}" '
            f'font-size="13" font-weight="600">{name}</text><text class="dim" x="{x + 14:.0f}" '
            f'y="{y + 32:.0f}" font-size="10.5">{layer}</text></a>'
        )
    return _svg(drawn, height, "The graph of the tables")


def _share(
    name: str, others: Sequence[str], other: str, place: dict[str, tuple[float, float]]
) -> float:
    """Where on a box's side an arrow ends, from 0 to 1: in the order in which they arrive."""
    x, y = place[name]

    def slope(end: str) -> float:
        return (place[end][1] - y) / abs(place[end][0] - x)

    ordered = sorted(others, key=slope)
    return (ordered.index(other) + 1) / (len(ordered) + 1)


def _untangled(columns: list[list[str]]) -> list[list[str]]:
    """Order each column by where its neighbours are, so that fewer arrows cross."""
    tables = facts.tables()
    for _ in range(8):
        row = {name: (i + 0.5) / len(each) for each in columns for i, name in enumerate(each)}

        def middle(name: str, row: dict[str, float] = row) -> float:
            near = [row[other] for other in (*tables[name].inputs, *tables[name].outputs)]
            return sum(near) / len(near) if near else row[name]

        columns = [sorted(each, key=middle) for each in columns]
    return columns


def _svg(drawn: list[str], height: float, title: str) -> str:
    return (
        f'<div class="drawing"><svg viewBox="-2 -2 {WIDTH + 4} {height + 4:.0f}" role="img" '
        f'aria-label="{title}" xmlns="http://www.w3.org/2000/svg">{"".join(drawn)}</svg></div>'
    )
