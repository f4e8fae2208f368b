"""Strings of other people's in a terminal: values, names of columns, messages, paths."""

import io

import polars as pl
import pytest
from rich.console import Console

from cryptopipe_assets.cli.console import err, fail, frame_table, literal, printable

HOSTILE = [
    "[/oops]",
    "[bold red]not bold[/]",
    "[link=http://127.0.0.1/]click[/link]",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;a title\x07",
    "back\bspace and \rreturn",
    "turned \u202eround",
    "c1 \x9b31m",
    "a trailing backslash \\",
    "币安人生",
    "[/",
]


def shown(renderable: object, **options: bool) -> str:
    file = io.StringIO()
    Console(file=file, width=200, force_terminal=True, color_system=None).print(
        renderable, **options
    )
    return file.getvalue()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_is_shown_as_it_is_and_steers_no_terminal(text):
    table = shown(frame_table(pl.DataFrame({"coin": [text]})))
    assert not any(each in table for each in "\x1b\x07\x08\r\x9b\u202e")
    assert printable(text) in table


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_of_a_column_and_a_part_of_a_sentence_are_shown_as_they_are(text):
    assert printable(text) in shown(frame_table(pl.DataFrame({text: [1]})))
    assert printable(text) in shown(f"[bold]warehouse:[/] {literal(text)} is here")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_message_of_an_error_steers_no_terminal(text, monkeypatch):
    file = io.StringIO()
    monkeypatch.setattr(err, "file", file)
    fail(f"no such coin: {text}")
    said = file.getvalue()
    assert not any(each in said for each in "\x1b\x07\x08\r\x9b\u202e")
    assert "no such coin" in said


def test_what_is_not_printable_is_spelled_out():
    assert printable("a\x1b[31mb\u200bc") == r"a\x1b[31mb\u200bc"
    assert printable("two\nlines") == "two\nlines"
