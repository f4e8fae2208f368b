"""The README's table of tables, written from the contracts.

``python -m cryptopipe_assets.cli.readme`` writes it; a test fails if it is stale.
"""

import re
from pathlib import Path

from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.core.schema import Ledger, Registry, SymbolRecord, Table
from cryptopipe_assets.runtime.assembly import build, in_order, is_per_symbol
from cryptopipe_assets.storage.catalog.catalog import first_line
from cryptopipe_assets.tables.catalog import contracts

BEGIN = "<!-- tables: written by `python -m cryptopipe_assets.cli.readme` -->"
END = "<!-- end of tables -->"


def table_of_tables() -> str:
    """One line a table: what a row is, its key, its columns, where it comes from, freshness."""
    defs = build(load_settings())
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    lines = [
        "| table | a row is | key | columns | made from | fresh within |",
        "|---|---|---|---:|---|---|",
    ]
    per_symbol = sorted(name for name, spec in specs.items() if is_per_symbol(spec))
    for name in [*in_order(defs), *per_symbol]:
        contract, spec = contracts()[name], specs[name]
        made_from = ", ".join(sorted(f"`{dep.asset_key.to_user_string()}`" for dep in spec.deps))
        key = ", ".join(contract.key())
        source = _source(spec.metadata.get("vendors"), made_from)
        kind = _kind(contract)
        lines.append(
            f"| `{name}` | {first_line(contract)} {kind} | {key} | {len(contract.columns())} "
            f"| {source} | {_window(spec.freshness_policy)} |"
        )
    return "\n".join(lines)


def _kind(contract: type[Table]) -> str:
    if issubclass(contract, SymbolRecord):
        return "registry, a partition a symbol"
    if issubclass(contract, Registry):
        return "registry, versions kept"
    return "ledger, kept up to date" if issubclass(contract, Ledger) else ""


def _source(vendors: str | None, made_from: str) -> str:
    return ", with ".join(each for each in (vendors, made_from) if each)


def _window(policy: object) -> str:
    if policy is None:
        return "on demand"
    assert isinstance(policy, TimeWindowFreshnessPolicy)
    minutes = int(policy.fail_window.to_timedelta().total_seconds() // 60)
    return f"{minutes} min" if minutes < 300 else f"{minutes // 60} h"


def write(path: Path) -> None:
    """Put the table between its markers."""
    text = path.read_text(encoding="utf-8")
    pattern = re.escape(BEGIN) + ".*?" + re.escape(END)
    block = f"{BEGIN}\n{table_of_tables()}\n{END}"
    path.write_text(re.sub(pattern, lambda _: block, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[2] / "README.md")
