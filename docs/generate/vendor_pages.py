"""A page a vendor, and the overview: what each offers, how far back, and within which limits."""

from collections.abc import Iterator

import vendor_facts
from text import code, table
from vendor_facts import NOTHING, VendorFacts, later, reach, when_asked

from cryptopipe_assets.core.schema import Collected
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_assets.vendors.allowances import Allowance
from cryptopipe_assets.vendors.terms import Offer


def pages() -> Iterator[tuple[str, str, str]]:
    """Yield path, title and text of every vendor's page."""
    for each in vendor_facts.vendors():
        yield f"vendors/{each.name}.md", each.terms.title, page(each)


def index() -> str:
    """Return the overview: who offers what."""
    rows = [
        (
            f"[{each.terms.title}]({each.name}.md)",
            each.summary,
            _key(each),
            ", ".join(sorted({f"[`{o.table}`](../data/{o.table}.md)" for o in each.terms.offers})),
        )
        for each in vendor_facts.vendors()
    ]
    return table(("vendor", "what it is", "key", "fills"), rows)


def _key(each: VendorFacts) -> str:
    key = each.terms.key
    if key is None:
        return "none"
    return f"`{key.variable}`, {'required' if key.is_required else 'optional'}"


def page(each: VendorFacts) -> str:
    """Return the page of a vendor."""
    terms = each.terms
    rows = [
        ("Documentation", f"<{terms.docs}>"),
        ("Terms of use", f"<{terms.terms_of_use}>"),
        ("Asked at", ", ".join(code(at) for at in (terms.address, terms.archive) if at)),
        ("Key", _key(each)),
        *each.card.items(),
    ]
    parts = [
        f"# {terms.title}",
        each.summary,
        "## At a glance",
        "| | |\n|---|---|\n" + "\n".join(f"| {label} | {text} |" for label, text in rows),
        "## What it offers",
        "Native columns are as the vendor says, in our names and units; derived ones are "
        "computed from what it says; null ones it does not tell.",
        *(_offer(offer) for offer in terms.offers),
        "## Limits",
        "What the vendor allows, and the share of it that cryptopipe plans to use; "
        f"`[vendors.{each.name}]` in `cryptopipe.toml` sets both.",
        _limits(each.limits),
    ]
    return "\n\n".join(parts)


def _limits(by_plan: dict[str, tuple[Allowance, ...]]) -> str:
    rows = [
        (plan, code(each.counts or each.family), f"a {each.window}", each.limit, each.planned)
        for plan, found in by_plan.items()
        for each in found
    ]
    shown = [(*row[:3], f"{row[3]:,}", f"{row[4]:,}") for row in rows]
    head = ("plan of the key", "counted as", "in", "allowed", "our share")
    if list(by_plan) == [""]:
        return table(head[1:], (row[1:] for row in shown))
    return table(head, shown)


def _offer(offer: Offer) -> str:
    """One table that it fills: how it is asked, and where each column comes from."""
    contract = contracts()[offer.table]
    told = [name for name in contract.columns() if name not in Collected.columns()]
    native = [name for name in told if name not in offer.derived and name not in offer.null]
    derived = "<br>".join(f"{code(name)}: {how}" for name, how in offer.derived.items())
    facts = [
        ("Endpoint", code(offer.endpoint)),
        ("Asked if", when_asked(offer)),
        ("How far back", reach(offer)),
        ("Older rows come from", later(offer)),
        ("Native columns", ", ".join(map(code, native))),
        ("Derived columns", derived or "none"),
        ("Null columns", ", ".join(map(code, offer.null)) or "none"),
    ]
    rows = (f"| {label} | {text} |" for label, text in facts if text != NOTHING)
    return f"### [`{offer.table}`](../data/{offer.table}.md) {{ #{offer.table} }}\n\n" + "\n".join(
        ["| | |\n|---|---|", *rows]
    )
