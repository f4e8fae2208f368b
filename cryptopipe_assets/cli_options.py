"""Options that many commands share."""

from pathlib import Path
from typing import Annotated

import typer

from cryptopipe_assets.settings import Settings, load_settings

Warehouse = Annotated[
    Path | None,
    typer.Option("--warehouse", help="Folder of the tables. Default: warehouse/ of the project."),
]


def settings_for(warehouse: Path | None) -> Settings:
    """The user's settings, with the folder of the command line if it gives one."""
    settings = load_settings()
    return settings.with_environment(warehouse=warehouse) if warehouse else settings
