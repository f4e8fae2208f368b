"""When our runs last asked for a day, as Dagster remembers it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import dagster as dg
import polars as pl
from dagster._core.events import DagsterEventType

SCHEMA = pl.Schema({"day": pl.Date(), "at": pl.Datetime("ms", "UTC")})
PAGE = 500


def last_runs(instance: dg.DagsterInstance, table: str, days: Sequence[date]) -> pl.DataFrame:
    """When each of the days was last materialised.

    Returns
    -------
    DataFrame of day and at; days that no remembered run has materialised are left out.
    """
    key = dg.AssetKey(table)
    newest = instance.event_log_storage.get_latest_storage_id_by_partition(
        key,
        DagsterEventType.ASSET_MATERIALIZATION,
        partitions={day.isoformat() for day in days},
    )
    ids = sorted(newest.values())
    rows = []
    for first in range(0, len(ids), PAGE):
        some = dg.AssetRecordsFilter(asset_key=key, storage_ids=ids[first : first + PAGE])
        for record in instance.fetch_materializations(some, limit=PAGE).records:
            partition = record.partition_key
            if partition is not None:
                at = datetime.fromtimestamp(record.timestamp, UTC)
                rows.append((date.fromisoformat(partition), at))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("day")
