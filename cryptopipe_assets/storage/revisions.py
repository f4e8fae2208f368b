"""Versions of collected rows that were superseded: kept beside the table, out of its readers' way.

``market_cap/date=D/part-0.parquet`` holds one row a key, the newest; what that row said before is
in ``market_cap_revisions/date=D/part-0.parquet``, by key and then in the order in which it came in.
A day without a revision has no such file.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from cryptopipe_assets.core.schema import Derived, Table
from cryptopipe_assets.core.unreadable import OF_POLARS, first_line
from cryptopipe_assets.storage.derived_versions import SUPERSEDED_AT, TIMESTAMP, in_order
from cryptopipe_assets.storage.merge import all_versions
from cryptopipe_assets.storage.parquet import (
    checked_content,
    corrupt,
    read_partition,
)

SUFFIX = "_revisions"
"""What folder and view of a table's superseded versions are called after its name."""


def with_versions(
    stored: pl.DataFrame,
    versions: pl.DataFrame,
    key: Sequence[str],
    *,
    forget: pl.DataFrame | None = None,
) -> pl.DataFrame | None:
    """Superseded versions that were stored, and more of them; None if they say nothing new.

    A commit writes them before the rows that supersede them. Killed in between, a version is in
    both places, which no reading counts twice. Pure.

    Parameters
    ----------
    forget
        Keys whose versions go: their rows were removed by force.
    """
    kept = stored if forget is None else stored.join(forget, on=list(key), how="anti")
    merged = all_versions([kept, versions], key)
    return None if merged.equals(stored) else merged


def with_derived_versions(
    stored: pl.DataFrame, versions: pl.DataFrame, key: Sequence[str]
) -> pl.DataFrame | None:
    """As ``with_versions``, of derived rows, which have ``superseded_at``."""
    merged = in_order([stored, versions.select(stored.columns)], key)
    return None if merged.equals(stored) else merged


def read_versions(path: Path, contract: type[Table], day: date | None) -> pl.DataFrame:
    """Superseded versions at ``path``, by key and then oldest first; no rows without the file.

    Raises
    ------
    CorruptFile
    """
    name = contract.table_name() + SUFFIX
    if not issubclass(contract, Derived):
        return read_partition(path, contract, day, table=name)
    schema = {**contract.polars_schema(), SUPERSEDED_AT: TIMESTAMP}
    content = checked_content(path, contract, day, table=name)
    if content is None:
        return pl.DataFrame(schema=schema)
    try:
        rows = pl.read_parquet(content, hive_partitioning=False)
        return rows.match_to_schema(
            pl.Schema(schema), missing_columns="insert", extra_columns="ignore"
        )
    except OF_POLARS as exc:
        raise corrupt(path, contract, day, first_line(exc)) from exc
