"""Factors and strategies, read off the sets that are published."""

from dataclasses import fields
from typing import Any

from text import code, first_sentence, paragraphs, prose, table

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.quant.factors.factor_set import FACTOR_SET
from cryptopipe_assets.quant.strategies.strategy_set import STRATEGIES

OWN = ("id", "research", "lookback", "needs", "rebalance_days")


def factors() -> str:
    """Return an overview of the factors, and a section for each."""
    rows = [
        (
            f"[`{each.name}`](#{each.name})",
            each.unit,
            _hours(each.lookback),
            prose(each.description),
        )
        for each in FACTOR_SET
    ]
    parts = [table(("factor", "unit", "looks back", "what it is"), rows)]
    for each in FACTOR_SET:
        parts.append(f"## {code(each.name)} {{ #{each.name} }}")
        parts += paragraphs(each.doc)
        reads = ", ".join(map(code, each.inputs))
        parts.append(f"Unit: {each.unit}. Looks back {_hours(each.lookback)}. Reads {reads}.")
    return "\n\n".join(parts)


def strategies() -> str:
    """Return a section for each strategy."""
    active = load_settings().config.strategies.active
    parts = []
    for each in STRATEGIES:
        doc = type(each).__doc__
        back = "all of the panel" if each.lookback is None else _hours(each.lookback)
        needs = ", ".join(f"[`{name}`]({name}.md)" for name in each.needs)
        rows = [
            ("Reads", needs),
            ("Looks back", back),
            ("Positions are adjusted", f"every {each.rebalance_days} days"),
            ("Use", "research only, kept out of aggregated signals" if each.research else "live"),
            ("Active in this configuration", "yes" if each.id in active else "no"),
        ]
        own: list[Any] = [
            (code(f.name), code(getattr(each, f.name)))
            for f in fields(each)  # type: ignore[arg-type]
            if f.name not in OWN
        ]
        parts += [f"## {code(each.id)} {{ #{each.id} }}", *paragraphs(doc)]
        parts.append("| | |\n|---|---|\n" + "\n".join(f"| {k} | {v} |" for k, v in rows))
        if own:
            parts.append(table(("parameter", "value"), own))
    return "\n\n".join(parts)


def names() -> str:
    """Return the strategies, a line each."""
    return "\n".join(f"- `{each.id}`: {first_sentence(type(each).__doc__)}" for each in STRATEGIES)


def _hours(lookback: Any) -> str:
    hours = int(lookback.total_seconds() // 3600)
    if not hours:
        return "not at all"
    return f"{hours} hours" if hours % 24 or hours < 72 else f"{hours // 24} days"
