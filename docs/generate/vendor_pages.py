"""A page a vendor, and the overview: what each offers, how far back, and within which limits."""

from collections.abc import Iterator

import vendor_facts
from text import code, table
from vendor_facts import VendorFacts


def pages() -> Iterator[tuple[str, str, str]]:
    """Yield path, title and text of every vendor's page."""
    for each in vendor_facts.vendors():
        yield f"vendors/{each.name}.md", each.title, page(each)


def index() -> str:
    """Return the overview: who offers what."""
    rows = [
        (
            f"[{each.title}]({each.name}.md)",
            each.summary,
            each.card.get("Auth", ""),
            ", ".join(sorted({f"[`{o.table}`](../data/{o.table}.md)" for o in each.offers})) or "·",
        )
        for each in vendor_facts.vendors()
    ]
    return table(("vendor", "what it is", "key", "fills"), rows)


def page(each: VendorFacts) -> str:
    """Return the page of a vendor."""
    parts = [f"# {each.title}", each.summary]
    parts.append("## At a glance")
    parts.append("| | |\n|---|---|\n" + "\n".join(f"| {k} | {v} |" for k, v in each.card.items()))
    parts.append("## What it offers")
    if each.offers:
        rows = [
            (f"[`{o.table}`](../data/{o.table}.md)", o.dataset, o.reach, o.later or "·")
            for o in each.offers
        ]
        head = ("table", "endpoint or file", "how far back", "older rows come from")
        parts.append(table(head, rows))
    else:
        parts.append("It is asked only where `cryptopipe.toml` says so, under `[collect]`.")
    parts.append("## Limits")
    parts.append(
        "What the vendor allows, and the share of it that cryptopipe plans to use; "
        f"`[vendors.{each.name}]` in `cryptopipe.toml` sets both."
    )
    rows = [
        (code(o.family), f"a {o.window}", f"{o.limit:,}", f"{o.planned:,}") for o in each.limits
    ]
    parts.append(table(("counted as", "in", "allowed", "our share"), rows))
    return "\n\n".join(parts)
