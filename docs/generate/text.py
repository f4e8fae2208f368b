"""Small pieces of Markdown: tables, sentences out of docstrings, links between pages."""

import inspect
import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; a cell's pipes and line ends do not break it."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell(each) for each in row) + " |" for row in rows]
    return "\n".join(lines)


def cell(value: object) -> str:
    """Return a value as the cell of a table."""
    return " ".join(str(value).split()).replace("|", "\\|")


def code(text: object) -> str:
    """Return text as code."""
    return f"`{text}`"


def prose(docstring: str | None) -> str:
    """Return a docstring as Markdown: RST's double backticks become single ones."""
    return inspect.cleandoc(docstring or "").replace("``", "`")


def paragraphs(docstring: str | None) -> list[str]:
    """Return the paragraphs of a docstring, as Markdown."""
    return [each for each in prose(docstring).split("\n\n") if each]


def first_sentence(docstring: str | None) -> str:
    """Return the first paragraph of a docstring on one line."""
    found = paragraphs(docstring)
    return " ".join(found[0].split()) if found else ""


def linked(text: str) -> str:
    """Return text with its bare addresses as links."""
    return re.sub(r"(?<![(<\[])\bhttps?://[^\s;,)]+", lambda found: f"<{found[0]}>", text)
