"""When our runs last requested a day, as Dagster remembers it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import dagster as dg
import polars as pl
from dagster._core.events import DagsterEventType

from cryptopipe_assets.defs.run_scope import COINS

SCHEMA = pl.Schema({"day": pl.Date(), "at": pl.Datetime("ms", "UTC"), "tier": pl.String()})
PAGE = 500
TIER = "cryptopipe/tier"
"""Tag of a run that collects the coins of one tier only."""


def last_runs(instance: dg.DagsterInstance, table: str, days: Sequence[date]) -> pl.DataFrame:
    """When each of the days was last materialised, and for whom.

    Returns
    -------
    DataFrame of day, at and tier (null: of every coin); days that no remembered run has
    materialised are left out, and those of a run that requested some coins only: what it stored
    shows which.
    """
    if not days:  # Dagster would take no days for all days
        return SCHEMA.to_frame()
    key = dg.AssetKey(table)
    newest = instance.event_log_storage.get_latest_storage_id_by_partition(
        key,
        DagsterEventType.ASSET_MATERIALIZATION,
        partitions={day.isoformat() for day in days},
    )
    ids = sorted(newest.values())
    tiers: dict[str, tuple[bool, str | None]] = {}
    rows = []
    for first in range(0, len(ids), PAGE):
        some = dg.AssetRecordsFilter(asset_key=key, storage_ids=ids[first : first + PAGE])
        for record in instance.fetch_materializations(some, limit=PAGE).records:
            run_id, day = record.run_id, record.partition_key
            if run_id not in tiers:
                run = instance.get_run_by_id(run_id)
                whole = run is not None and COINS not in run.tags
                tiers[run_id] = (whole, run.tags.get(TIER) if run else None)
            counts, tier = tiers[run_id]
            if day is not None and counts:
                at = datetime.fromtimestamp(record.timestamp, UTC)
                rows.append((date.fromisoformat(day), at, tier))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("day")
