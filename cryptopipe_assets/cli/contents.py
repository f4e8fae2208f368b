"""What is in the warehouse, as a person reads it."""

from datetime import datetime

import polars as pl
from rich.table import Table as RichTable

from cryptopipe_assets.cli.console import NOTHING, frame_table
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.preview import size
from cryptopipe_assets.operations.contents import contents_of


def contents(settings: Settings) -> RichTable:
    """A table of what is in the warehouse; a dot where there is nothing."""
    rows = [
        {
            "table": each.table,
            "rows": each.rows,
            "files": each.files,
            "size": size(each.bytes),
            "first": _minute(each.first),
            "last": _minute(each.last),
        }
        for each in contents_of(settings)
    ]
    return frame_table(pl.DataFrame(rows), title="The warehouse")


def _minute(at: datetime | None) -> str:
    return NOTHING if at is None else f"{at:%Y-%m-%d %H:%M}"
