"""How commands speak to a person: one console, one way to fail, tables that look alike."""

import sys
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

if TYPE_CHECKING:
    import polars as pl

PIPED_WIDTH = 160
"""Width where nobody's terminal says otherwise; a log should not cut figures short."""


def _console(*, stderr: bool) -> Console:
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, highlight=False, width=None if terminal else PIPED_WIDTH)


out = _console(stderr=False)
err = _console(stderr=True)


def _nothing() -> str:
    try:
        "·".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "-"
    return "·"


NOTHING = _nothing()
"""Null in a table: a dot, if the terminal has it."""


def fail(message: str) -> None:
    """Say what went wrong in one line on stderr."""
    err.print("[bold red]error:[/] ", end="")
    err.print(printable(" ".join(message.split())), markup=False, soft_wrap=True)


def printable(text: str) -> str:
    """Text without what steers a terminal: control and invisible characters are spelled out.

    Names and values come from vendors, files and the user's own SQL; an escape sequence in them
    could recolour, overwrite or retitle the terminal that shows them.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in text
    )


def literal(value: object) -> str:
    """A value to be put into what the console prints: its brackets are no markup."""
    return escape(printable(str(value)))


def frame_table(frame: "pl.DataFrame", *, title: str | None = None) -> RichTable:
    """A frame as a table for the terminal; numbers to the right, null as a dot."""
    table = plain_table(title=title)
    for name, dtype in frame.schema.items():
        table.add_column(
            literal(name), justify="right" if dtype.is_numeric() else "left", no_wrap=True
        )
    for row in frame.iter_rows():
        table.add_row(*(literal(cell(value)) for value in row))
    return table


def plain_table(*, title: str | None = None) -> RichTable:
    """An empty table in the house's style: a rule below the head, and nothing else."""
    return RichTable(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )


def cell(value: object) -> str:
    """A value as a person reads it."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        value += 0.0  # minus nothing is nothing
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return str(value).replace("+00:00", "")
