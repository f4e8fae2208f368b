"""What is in the warehouse: rows, files and the span of every table, counted exactly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.storage.inventory import survey
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS


@dataclass(frozen=True, kw_only=True)
class TableContents:
    """What is stored of one table.

    Attributes
    ----------
    first, last
        Smallest and largest ``ts``; null without rows.
    """

    table: str
    rows: int
    files: int
    bytes: int
    first: datetime | None
    last: datetime | None


def contents_of(settings: Settings) -> Iterator[TableContents]:
    """Every table, without a judgement on its age."""
    for name, level in SERVICE_LEVELS.items():
        files = survey(settings.warehouse, name, has_days=level.has_days)
        rows, first, last = _span(files.paths)
        yield TableContents(
            table=name,
            rows=rows,
            files=len(files.paths),
            bytes=files.bytes,
            first=first,
            last=last,
        )


def _span(paths: Sequence[Path]) -> tuple[int, datetime | None, datetime | None]:
    """Rows, and the first and last ``ts``."""
    rows, ends = 0, list[datetime]()
    for path in paths:
        with path.open("rb") as file:  # a commit may replace it while it is read
            stored = pl.scan_parquet(file, hive_partitioning=False, glob=False)
            ts = pl.min("ts").alias("first"), pl.max("ts").alias("last")
            count, *found = stored.select(pl.len(), *ts).collect().row(0)
        rows += count
        ends += [each for each in found if each is not None]
    return rows, min(ends, default=None), max(ends, default=None)
