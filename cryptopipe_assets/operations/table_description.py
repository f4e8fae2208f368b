"""What there is to know of a table before one reads it: its promise, its files, its freshness."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import CorruptFile
from cryptopipe_assets.core.schema import Collected, Table
from cryptopipe_assets.core.time import utcnow
from cryptopipe_assets.operations.status.freshness import TableFreshness, freshness
from cryptopipe_assets.storage.inventory import Files, newest
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS


@dataclass(frozen=True, kw_only=True)
class TableDescription:
    """A table, as its contract, its files and the service level tell of it.

    Attributes
    ----------
    table, layer
        Its name, and collected, features, signals, quality or history.
    row
        What a row is, in a sentence; ``text`` says more.
    key
        Columns that identify a row.
    columns
        DataFrame of column, type, unit, nullable and meaning, in the order of storage.
    made_from
        Tables that it is computed from, or whose instruments it is collected for.
    sources
        Vendors that gave the rows of the newest file; none for a table that is computed.
    answers_as_of
        Whether earlier versions are kept, so that it can be read as of an instant.
    first_day, last_day
        Days that have a file; None without one, or for a table without days.
    newest, available_at
        Event time of the newest row, and when the newest could first be used; None without rows.
    state
        ``fresh``, ``late``, ``stale``, ``missing`` or ``empty``, as ``cryptopipe status`` says;
        None where no project folder says how often the table is asked for.
    why
        What keeps it from being fresh; empty if nothing does.
    """

    table: str
    layer: str
    row: str
    text: str
    key: Sequence[str]
    columns: pl.DataFrame
    made_from: Sequence[str]
    sources: Sequence[str]
    answers_as_of: bool
    first_day: date | None
    last_day: date | None
    files: int
    bytes: int
    newest: datetime | None
    available_at: datetime | None
    state: str | None
    why: str

    def __str__(self) -> str:
        """Everything, for a person."""
        days = f", {self.first_day} to {self.last_day}" if self.first_day else ""
        origin = [
            *([f"given by {', '.join(self.sources)}"] if self.sources else []),
            *([f"made from {', '.join(self.made_from)}"] if self.made_from else []),
        ]
        known = f", newest row {self.newest:%Y-%m-%d %H:%M} UTC" if self.newest else ", no row"
        fresh = f"; {self.state}" if self.state else ""
        lines = [
            f"{self.table} ({self.layer})",
            self.text,
            "",
            f"key: {', '.join(self.key)}",
            *(["; ".join(origin)] if origin else []),
            f"{self.files} files, {self.bytes:,} bytes{days}{known}{fresh}",
            *([self.why] if self.why else []),
            "read it as of an instant: " + ("yes" if self.answers_as_of else "no, it is derived"),
            "",
            *(
                f"{name}  {kind}{' or null' if nullable else ''} [{unit}]  {meaning}"
                for name, kind, unit, nullable, meaning in self.columns.iter_rows()
            ),
        ]
        return "\n".join(lines)


def describe(
    lake: Lake, contract: type[Table], *, settings: Settings | None, now: datetime
) -> TableDescription:
    """Look a table up in its contract, its newest files and the service levels.

    Parameters
    ----------
    settings
        Of the project folder, whose tiers say how often the table is asked for; None if there is
        none.
    """
    name = contract.table_name()
    files = lake.survey(name, has_days=contract.has_days())
    edges = _edges(files)
    judged = _judged(settings, name, now)
    level = SERVICE_LEVELS.get(name)
    text = " ".join((contract.__doc__ or "").split())
    return TableDescription(
        table=name,
        layer=contract.__module__.split(".")[-2],
        row=(contract.__doc__ or "").strip().splitlines()[0],
        text=text,
        key=tuple(contract.key()),
        columns=columns(contract),
        made_from=level.inputs if level else (),
        sources=_sources(lake, contract, files),
        answers_as_of=contract.keeps_versions(),
        first_day=files.days[0] if files.days else None,
        last_day=files.days[-1] if files.days else None,
        files=len(files.paths),
        bytes=files.bytes,
        newest=edges[0],
        available_at=edges[1],
        state=judged.state if judged else None,
        why=next((each.why for each in judged.tiers if each.why), "") if judged else "",
    )


def columns(contract: type[Table]) -> pl.DataFrame:
    """One row a column of the table: column, type, unit, nullable, meaning."""
    declared = contract.to_schema().columns
    units, meanings = contract.units(), contract.descriptions()
    return pl.DataFrame(
        [
            (name, _spelt(dtype), units[name], declared[name].nullable, meanings[name])
            for name, dtype in contract.polars_schema().items()
        ],
        schema={
            "column": pl.String,
            "type": pl.String,
            "unit": pl.String,
            "nullable": pl.Boolean,
            "meaning": pl.String,
        },
        orient="row",
    )


def _spelt(dtype: pl.DataType) -> str:
    """The type as Polars shows it above a column."""
    if isinstance(dtype, pl.Datetime):
        return f"datetime[{dtype.time_unit}, {dtype.time_zone}]"
    return str(dtype).lower()


def _edges(files: Files) -> tuple[datetime | None, datetime | None]:
    """Newest ``ts`` and ``available_at`` of the newest file with rows."""
    with suppress(CorruptFile):
        rows = newest(files, None, now=utcnow())
        if rows.height:
            ts, available_at = rows.select("ts", "available_at").row(0)
            return ts, available_at
    return None, None


def _sources(lake: Lake, contract: type[Table], files: Files) -> tuple[str, ...]:
    if not issubclass(contract, Collected) or not files.paths:
        return ()
    with lake.opened(contract, [files.days[-1] if files.days else None]) as rows:
        found = rows.select(pl.col("source").unique().sort()).collect()
    return tuple(found.to_series())


def _judged(settings: Settings | None, table: str, now: datetime) -> TableFreshness | None:
    if settings is None:
        return None
    return next((each for each in freshness(settings, now=now) if each.table == table), None)
