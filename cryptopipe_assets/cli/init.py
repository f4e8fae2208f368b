"""A new project folder: everything that cryptopipe needs beside its code."""

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from cryptopipe_assets.cli.console import literal, out
from cryptopipe_assets.config.project import FILES, FOLDERS, template
from cryptopipe_assets.core.errors import RequestError

KEYS_FILE = ".env"
OWNER_ONLY, EVERYBODY = 0o600, 0o644


def command(
    folder: Annotated[Path, typer.Argument(help="Made if it is not there, e.g. my-desk.")],
) -> None:
    """Write a project folder: configuration, keys file, warehouse, a first notebook."""
    init(folder)


def init(folder: Path) -> None:
    """Write a project folder, and say how to go on.

    Raises
    ------
    RequestError
        If one of the files is there already, in which case nothing is written; or if the folder
        cannot be written.
    """
    home = folder.expanduser()
    taken = [name for name in FILES if os.path.lexists(home / name)]
    if taken:
        raise RequestError(
            f"{home} has a {taken[0]} already, and nothing is overwritten; choose another folder"
        )
    try:
        for name in FOLDERS:
            (home / name).mkdir(parents=True, exist_ok=True)
        for name in FILES:
            _write(home / name, template(name).read_bytes(), secret=name == KEYS_FILE)
    except OSError as exc:
        raise RequestError(
            f"cannot write {exc.filename or home}: {exc.strerror}; choose another folder"
        ) from None
    out.print(f"wrote {literal(home)}: {', '.join(FILES)}", soft_wrap=True)
    out.print("\n[bold]Next[/]")
    for command in _next_commands(home):
        out.print(f"  [cyan]{command}[/]", soft_wrap=True)


def _write(path: Path, content: bytes, *, secret: bool) -> None:
    """Write a file that is not there yet; what will hold keys is never readable by others."""
    mode = OWNER_ONLY if secret else EVERYBODY
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _next_commands(home: Path) -> list[str]:
    here = home.resolve() == Path.cwd()
    return ([] if here else [f"cd {shlex.quote(str(home))}"]) + [
        "cryptopipe demo",
        *(["cryptopipe dev"] if here else []),
    ]
