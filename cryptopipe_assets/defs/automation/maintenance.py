"""Schedules that fill no table, but keep what is there small."""

import dagster as dg

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.defs.automation.run_cleanup import clean_up_schedule
from cryptopipe_assets.defs.automation.thinning_schedule import thin_snapshots_schedule


def upkeep(settings: Settings) -> list[dg.ScheduleDefinition]:
    """Dagster's history, always; old snapshots, where they may be forgotten."""
    return [clean_up_schedule(settings), *thin_snapshots_schedule(settings)]
