"""How fresh every table and tier is, what is done about it, and what vendors will delete.

Answers within a second and a half over years of files, so nothing here imports Dagster.
"""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from cryptopipe_assets.cli.console import out
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.cli.status_tables import print_status
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.operations.status.as_json import as_plain
from cryptopipe_assets.operations.status.freshness import exit_code
from cryptopipe_assets.operations.status.report import read_status


def command(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    warehouse: Warehouse = None,
) -> None:
    """How fresh every table is and what vendors delete. Exit code 0 fresh, 2 stale, 3 missing."""
    raise typer.Exit(status(settings_for(warehouse), as_json=as_json))


def status(settings: Settings, *, as_json: bool) -> int:
    """Print the status of every table.

    Returns
    -------
    Exit code: 0 if all are fresh or merely late, 2 if one is stale, 3 if one is missing.
    """
    found = read_status(settings, now=datetime.now(UTC))
    if as_json:
        out.print_json(json.dumps(as_plain(settings, found)))
    else:
        print_status(settings, found)
    return exit_code(found.tables)
