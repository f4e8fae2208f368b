"""What is in the warehouse: rows, files and the span of every table, counted exactly."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from rich.table import Table as RichTable

from cryptopipe_assets.cli.console import frame_table, size
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.storage.inventory import survey
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS


def contents(settings: Settings) -> RichTable:
    """A table of what is in the warehouse, without a judgement on its age."""
    rows = []
    for name, level in SERVICE_LEVELS.items():
        files = survey(settings.warehouse, name, has_days=level.has_days)
        count, first, last = _span(files.paths)
        rows.append(
            {
                "table": name,
                "rows": count,
                "files": len(files.paths),
                "size": size(files.bytes),
                "first": first,
                "last": last,
            }
        )
    return frame_table(pl.DataFrame(rows), title="The warehouse")


def _span(paths: Sequence[Path]) -> tuple[int, str, str]:
    """Rows, and the first and last ``ts`` to the minute; a dot where there is none."""
    if not paths:
        return 0, "·", "·"
    stored = pl.scan_parquet(list(paths), hive_partitioning=False)
    edges = pl.col("ts").dt.strftime("%Y-%m-%d %H:%M")
    count, first, last = (
        stored.select(pl.len(), edges.min().alias("first"), edges.max().alias("last"))
        .collect()
        .row(0)
    )
    return int(count), first or "·", last or "·"
