"""What the code says of itself: tables, checks, edges of the graph, commands. Nothing is kept here.

Loaded once a build, from the definitions that Dagster loads.
"""

import csv
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.core.schema import Table
from cryptopipe_assets.runtime.assembly import build, in_order, is_per_symbol
from cryptopipe_assets.tables.catalog import contracts

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "docs" / "samples"


@dataclass(frozen=True, kw_only=True)
class TableFacts:
    """A table, as its contract and its asset have it.

    Attributes
    ----------
    inputs, outputs
        Tables that it is made from, and tables that are made from it; sorted.
    gate, checks
        What is checked before a row is written; and by name, what is looked at afterwards.
    vendors
        Who is asked, in a few words; empty for a table that asks nobody.
    """

    name: str
    layer: str
    contract: type[Table]
    vendors: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    gate: str
    checks: dict[str, str]
    late: str
    stale: str
    is_per_symbol: bool


@cache
def tables() -> dict[str, TableFacts]:
    """Every table, each after those it is made from."""
    defs = build(load_settings())
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    inputs = {
        name: tuple(sorted(dep.asset_key.to_user_string() for dep in spec.deps))
        for name, spec in specs.items()
    }
    checks = _checks(defs)
    alone = sorted(name for name, spec in specs.items() if is_per_symbol(spec))
    found = {}
    for name in [*in_order(defs), *alone]:
        spec, own = specs[name], checks[name]
        late, stale = _freshness(spec.freshness_policy)
        found[name] = TableFacts(
            name=name,
            layer=str(spec.group_name),
            contract=contracts()[name],
            vendors=str(spec.metadata.get("vendors", "")),
            inputs=inputs[name],
            outputs=tuple(sorted(other for other in inputs if name in inputs[other])),
            gate=own.pop("contract"),
            checks=own,
            late=late,
            stale=stale,
            is_per_symbol=name in alone,
        )
    return found


def _checks(defs: dg.Definitions) -> dict[str, dict[str, str]]:
    """Name and sentence of every check, by table."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    graph = defs.resolve_asset_graph()
    for key in sorted(graph.asset_check_keys, key=lambda each: each.name):
        found[key.asset_key.to_user_string()][key.name] = graph.get(key).description or ""
    return found


def _freshness(policy: Any) -> tuple[str, str]:
    """Ages at which a table is late and stale; empty where nothing makes it so."""
    if policy is None:
        return "", ""
    windows = policy.warn_window, policy.fail_window
    late, stale = (int(each.to_timedelta().total_seconds() // 60) for each in windows)
    return span(late), span(stale)


def span(minutes: int) -> str:
    """A number of minutes as a person says it."""
    if minutes < 300:
        return f"{minutes} minutes"
    hours, rest = divmod(minutes, 60)
    return f"{hours} hours" if not rest else f"{hours} hours {rest} minutes"


def sample(name: str) -> list[dict[str, str]]:
    """A few rows of a table from the simulated market, as `make docs-samples` wrote them.

    Raises
    ------
    FileNotFoundError
        Naming the command that writes them.
    """
    path = SAMPLES / f"{name}.csv"
    if not path.is_file():
        raise FileNotFoundError(f"no sample of {name} in docs/samples; run `make docs-samples`")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
