"""Options that many commands share."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from cryptopipe_assets.config.settings import Settings, load_settings
from cryptopipe_assets.core.errors import RequestError

Warehouse = Annotated[
    Path | None,
    typer.Option("--warehouse", help="Folder of the tables. Default: warehouse/ of the project."),
]


def settings_for(warehouse: Path | None) -> Settings:
    """The user's settings, with the folder of the command line if it gives one."""
    settings = load_settings()
    return settings.with_environment(warehouse=warehouse) if warehouse else settings


def names(text: str | None) -> list[str] | None:
    """Names of a list a,b; None where it was not given."""
    return [name.strip() for name in text.split(",")] if text else None


def day(text: str, option: str) -> date:
    """A day that was typed.

    Raises
    ------
    RequestError
        Naming the option, what was expected and what came.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day, not an instant
    except ValueError:
        raise RequestError(f"{option}: expected a day as YYYY-MM-DD, came {text!r}") from None
