"""How fresh every table and tier is, what is done about it, and what vendors will delete.

Answers within a second and a half over years of files, so nothing here imports Dagster.
"""

import json
from datetime import UTC, datetime

from cryptopipe_assets.commands.console import out
from cryptopipe_assets.commands.status_json import as_plain
from cryptopipe_assets.commands.status_reading import read_status
from cryptopipe_assets.commands.status_tables import print_status
from cryptopipe_assets.freshness import exit_code
from cryptopipe_assets.settings import Settings


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
