"""Rows as a Markdown table, and bytes in words, for the places where a person looks."""

import polars as pl

ROWS = 8
MOST_CHARACTERS = 300
"""Of a cell: what a vendor names could be any text."""


def preview(frame: pl.DataFrame, *, rows: int = ROWS) -> str:
    """The newest rows of ``frame`` as Markdown; columns of our own bookkeeping left out."""
    if frame.is_empty():
        return "no rows"
    shown = frame.sort("ts", maintain_order=True).tail(rows) if "ts" in frame.columns else frame
    return markdown(shown.drop("available_at", "ingested_at", "source", "venue", strict=False))


def markdown(frame: pl.DataFrame) -> str:
    """All of ``frame`` as a Markdown table; ``none`` without rows."""
    if frame.is_empty():
        return "none"
    head = "| " + " | ".join(frame.columns) + " |"
    rule = "|" + "---|" * frame.width
    lines = ["| " + " | ".join(_cell(value) for value in row) + " |" for row in frame.iter_rows()]
    return "\n".join([head, rule, *lines])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    said = " ".join(str(value).replace("+00:00", "").split()).replace("|", "\\|")
    return said if len(said) <= MOST_CHARACTERS else f"{said[:MOST_CHARACTERS]}..."


def size(count: float) -> str:
    """Bytes in the largest unit that keeps a figure before the point."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
