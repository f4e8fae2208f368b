"""Schedules that fill no table, but keep what is there small."""

import dagster as dg

from cryptopipe_assets.defs.run_history import clean_up_schedule
from cryptopipe_assets.defs.snapshot_retention import thin_snapshots_schedule
from cryptopipe_assets.settings import Settings


def upkeep(settings: Settings) -> list[dg.ScheduleDefinition]:
    """Dagster's history, always; old snapshots, where they may be forgotten."""
    return [clean_up_schedule(settings), *thin_snapshots_schedule(settings)]
