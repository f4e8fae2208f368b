"""What Dagster knows of a table beside how it is made: columns, freshness, owner, links."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.core.schema import Table
from cryptopipe_assets.core.time import DAY, HOUR, MINUTE
from cryptopipe_assets.operations.budget.remaining import vendors_of
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS, pull_of
from cryptopipe_assets.vendors.catalog import VENDORS

COLLECTING = ("collected", "history", "quality")
STEPS = {MINUTE: "by-minute", HOUR: "hourly", 8 * HOUR: "settlements", DAY: "daily"}


def freshness_policy(name: str, tiers: Mapping[str, Tier]) -> dg.FreshnessPolicy:
    """Warn when the table is late and fail when it is stale, as its service level has it.

    Raises
    ------
    ConfigError
        If the table has no service level.
    """
    if name not in SERVICE_LEVELS:
        raise ConfigError(
            f"{name} has no line in cryptopipe_assets/tables/service_levels.py; add one"
        )
    pull = pull_of(name, tiers)
    return dg.FreshnessPolicy.time_window(
        fail_window=SERVICE_LEVELS[name].stale_after(pull),
        warn_window=SERVICE_LEVELS[name].late_after(pull),
    )


def ownership(name: str, layer: str) -> dict[str, Any]:
    """Who answers for a table, and the tags by which the UI finds it.

    What is collected is the collectors' business, the rest that of research.
    """
    team = "collection" if layer in COLLECTING else "research"
    rows = {"rows": STEPS[SERVICE_LEVELS[name].step]} if name in SERVICE_LEVELS else {}
    return {"owners": [f"team:{team}"], "tags": {"layer": layer, **rows}}


def vendor_links(settings: Settings, name: str) -> dict[str, dg.MetadataValue[Any]]:
    """Documentation of the vendors that the table comes from in these settings."""
    return {
        f"docs of {vendor}": dg.MetadataValue.url(VENDORS[vendor].docs)
        for vendor in vendors_of(settings, name)
    }


def column_schema(contract: type[Table]) -> dg.TableSchema:
    """The contract's columns as the UI shows them: type, sentence and unit."""
    units = contract.units()
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=name,
                type=_type_name(column.dtype.type),
                description=f"{column.description} [{units[name]}]",
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for name, column in contract.to_schema().columns.items()
        ]
    )


def _type_name(dtype: pl.DataType) -> str:
    """Polars' name of the type, instants shortened to what tells them apart."""
    if isinstance(dtype, pl.Datetime):
        return f"Datetime[{dtype.time_unit}, {dtype.time_zone}]"
    return str(dtype)
