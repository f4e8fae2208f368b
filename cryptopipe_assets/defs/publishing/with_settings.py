"""What cryptopipe.toml decides of a table: where its days begin, how fresh it is, when it follows.

A table's file declares what is true of every installation. The rest is added here when the code
location is built, so that importing a table reads no configuration.
"""

from collections.abc import Callable
from typing import Any

import dagster as dg

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.time import DAY, HOUR
from cryptopipe_assets.defs.automation.conditions import when_days_end, when_hours_close
from cryptopipe_assets.defs.partitions import DAYS, SYMBOLS, days_since
from cryptopipe_assets.defs.publishing.asset_spec import freshness_policy, vendor_links
from cryptopipe_assets.operations.schedule.rounds import hours_end
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS

DERIVED = ("features", "signals")
"""Layers whose tables follow what they are made from; the other ones have a time of their own."""


def with_settings(settings: Settings) -> Callable[[dg.AssetSpec], dg.AssetSpec]:
    """Return what completes the spec of a table for these settings."""
    days = days_since(settings.config.history.start)
    complete = hours_end(settings.config)
    conditions = {HOUR: when_hours_close(complete), DAY: when_days_end(complete)}

    def completed(spec: dg.AssetSpec) -> dg.AssetSpec:
        name = spec.key.to_user_string()
        changes: dict[str, Any] = {
            "metadata": {**spec.metadata, **vendor_links(settings, name)},
        }
        if spec.partitions_def == DAYS:
            changes["partitions_def"] = days
        if spec.partitions_def != SYMBOLS:
            changes["freshness_policy"] = freshness_policy(name, settings.config.tiers)
        if name in SERVICE_LEVELS and SERVICE_LEVELS[name].layer in DERIVED:
            changes["automation_condition"] = conditions[SERVICE_LEVELS[name].step]
        return spec.replace_attributes(**changes)

    return completed
