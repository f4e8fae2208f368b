"""How commands speak to a person: one console, one way to fail, tables that look alike."""

import sys

import polars as pl
from rich.console import Console
from rich.table import Table as RichTable

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def fail(message: str) -> None:
    """Say what went wrong in one line on stderr."""
    err.print("[bold red]error:[/] ", end="")
    err.print(" ".join(message.split()), markup=False, soft_wrap=True)


def frame_table(frame: pl.DataFrame, *, title: str | None = None) -> RichTable:
    """A frame as a table for the terminal; numbers to the right, null as a dot."""
    table = RichTable(title=title, title_justify="left", title_style="bold", header_style="dim")
    for name, dtype in frame.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left", no_wrap=True)
    for row in frame.iter_rows():
        table.add_row(*(cell(value) for value in row))
    return table


def cell(value: object) -> str:
    """A value as a person reads it."""
    if value is None:
        return "·"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return str(value).replace("+00:00", "")


def size(count: float) -> str:
    """Bytes in the largest unit that keeps a figure before the point."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def is_interactive() -> bool:
    """Whether a person watches the output as it comes."""
    return sys.stdout.isatty()
