"""What two ways of one vendor said differently of the same instants: told by a run, and checked."""

from collections.abc import Iterable
from typing import Any

import dagster as dg

DISAGREEMENTS = "disagreements"
"""Metadata of a run."""

MOST_NAMED = 20


def disagreements_metadata(said: Iterable[str]) -> dict[str, str]:
    """Metadata that names the first ones; empty text if there is none."""
    every = list(dict.fromkeys(said))
    more = [f"and {len(every) - MOST_NAMED} more"] if len(every) > MOST_NAMED else []
    return {DISAGREEMENTS: "; ".join([*every[:MOST_NAMED], *more])}


def told_by_last_run(context: dg.AssetCheckExecutionContext, table: str) -> dict[str, Any]:
    """Metadata of the table's last run."""
    last = context.instance.get_latest_materialization_event(dg.AssetKey(table))
    told = last.asset_materialization.metadata if last and last.asset_materialization else {}
    return {name: each.value for name, each in told.items()}


def the_same_by_every_way(
    context: dg.AssetCheckExecutionContext, table: str
) -> dg.AssetCheckResult:
    """A warning if the table's last run met two ways that say different things."""
    said = str(told_by_last_run(context, table).get(DISAGREEMENTS) or "")
    return dg.AssetCheckResult(
        passed=not said,
        severity=dg.AssetCheckSeverity.WARN,
        description=said or None,
        metadata={DISAGREEMENTS: said},
    )
