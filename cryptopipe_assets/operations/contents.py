"""What is in the warehouse: rows, files and the span of every table, counted exactly."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.storage.inventory import span, survey
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
        rows, first, last = span(files)
        yield TableContents(
            table=name,
            rows=rows,
            files=len(files.paths),
            bytes=files.bytes,
            first=first,
            last=last,
        )
