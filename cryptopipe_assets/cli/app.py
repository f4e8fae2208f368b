"""The command line: every command is a file of this folder and a line of ``COMMANDS``."""

import ast
import errno
import importlib
import importlib.util
import inspect
import io
import os
import sys
from importlib.abc import InspectLoader
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cryptopipe_assets.core.errors import CryptopipeError

COMMANDS = {
    "init": "init",
    "demo": "demo.run",
    "replay": "replay",
    "status": "status",
    "refresh": "refresh",
    "sql": "sql",
    "catalog": "catalog",
    "doctor": "doctor",
    "sandbox": "sandbox",
    "dev": "dev",
    "calls": "calls",
    "budget": "budget",
    "history": "history",
    "backup": "backup",
    "restore": "restore",
    "thin": "thin",
    "repair": "repair",
    "rebuild": "rebuild",
    "backfill": "backfill",
}
"""Name of a command to its file, whose function ``command`` declares arguments and help."""


UNWRITTEN = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG)
"""What a full disk or a device says of the output; a closed pipe is no failure."""


class CommandsOnDemand(TyperGroup):
    """Commands of which only the one that was asked for is imported."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name) for name in COMMANDS}

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of ``COMMANDS``, each now with its help."""
        for name, command in self.commands.items():
            command.help = help_of(name)
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that was asked for, imported."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(name) if name in COMMANDS else command, rest


def loaded(name: str) -> Any:
    """A command with its arguments and what it does."""
    one = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    one.command(name)(importlib.import_module(_module(name)).command)
    return get_command(one)


def help_of(name: str) -> str:
    """The help of a command, read off its file: importing all of them would take seconds."""
    spec = importlib.util.find_spec(_module(name))
    assert spec is not None
    assert isinstance(spec.loader, InspectLoader)
    tree = ast.parse(spec.loader.get_source(spec.name) or "")
    found = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "command")
    return inspect.cleandoc(ast.get_docstring(found) or "")


def _module(name: str) -> str:
    return f"{__package__}.{COMMANDS[name]}"


app = CommandsOnDemand(
    name="cryptopipe",
    help="Crypto derivatives data: collected, point-in-time correct, served from DuckDB.",
    no_args_is_help=True,
)


def main() -> None:
    """Entry point: a failure that we know ends in one line and a non-zero exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal of ASCII shows the rest spelled out
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # what cannot be written is noticed here, and not after the end
    except CryptopipeError as exc:
        _fail(str(exc))
    except OSError as exc:
        if exc.errno not in UNWRITTEN or exc.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        _fail(f"cannot write the output: {exc.strerror}; where does it go?")
    except Exception as exc:
        from cryptopipe_assets.runtime.table_run import refusal  # late: --help need not wait for it

        if (said := refusal(exc)) is None:
            raise
        _fail(said)


def _fail(message: str) -> None:
    from cryptopipe_assets.cli.console import fail

    fail(message)
    sys.exit(1)
