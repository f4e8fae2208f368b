"""The data dictionary: a page a table, written from its contract, its asset and its views."""

import re
from collections.abc import Iterator
from typing import Any

import facts
import pandera.polars as pa
import vendor_facts
from facts import TableFacts
from text import code, first_sentence, paragraphs, prose, table
from vendor_facts import later, reach

from cryptopipe_assets.core.schema import Collected, Ledger, Registry, Stamped, SymbolRecord
from cryptopipe_assets.quant.factors.factor_set import FACTOR_SET
from cryptopipe_assets.storage.catalog.statements import sql_type
from cryptopipe_assets.storage.catalog.view import View
from cryptopipe_assets.storage.catalog.view_set import VIEWS
from cryptopipe_assets.storage.revisions import SUFFIX

LAYERS = {
    "collected": "As the vendors gave it. Everything else can be made again from these tables.",
    "features": "Computed from the collected tables.",
    "signals": "What the strategies say.",
    "quality": "What is known to be missing.",
    "history": "Filled one symbol at a time, on demand.",
}
FACTORS = {each.name: each for each in FACTOR_SET}
TRACE = {
    "ts": "time of the event",
    "available_at": "see [point in time](../concepts/point-in-time.md)",
    "ingested_at": "this machine's clock",
    "source": "set when it is stored",
}


def pages() -> Iterator[tuple[str, str, str]]:
    """Yield path, title and text of every table's page."""
    for layer in LAYERS:
        for each in facts.tables().values():
            if each.layer == layer:
                yield f"data/{each.name}.md", each.name, page(each)


def index() -> str:
    """Return the overview: every table, by layer."""
    parts = []
    for layer, sentence in LAYERS.items():
        own = [each for each in facts.tables().values() if each.layer == layer]
        rows = [
            (
                f"[`{each.name}`]({each.name}.md)",
                first_sentence(each.contract.__doc__),
                ", ".join(each.contract.key()),
                len(each.contract.columns()),
                each.stale or "on demand",
            )
            for each in own
        ]
        head = ("table", "a row is", "key", "columns", "stale after")
        parts.append(f"## {layer.capitalize()}\n\n{sentence}\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def page(own: TableFacts) -> str:
    """Return the page of a table."""
    doc = paragraphs(own.contract.__doc__)
    parts = [
        "---\nhide: [toc]\n---",  # the columns need the room
        f"# {own.name}",
        *doc,
        _summary(own),
        "## Columns",
        _columns(own),
        "## What must hold",
        _promises(own),
        "## Sample",
        _sample(own),
        "## In DuckDB",
        _views(own),
    ]
    if limits := _limits(own):
        parts += ["## Known limits", limits]
    return "\n\n".join(parts)


def _summary(own: TableFacts) -> str:
    made_from = ", ".join(f"[`{each}`]({each}.md)" for each in own.inputs)
    used_by = ", ".join(f"[`{each}`]({each}.md)" for each in own.outputs)
    origin = ", with ".join(each for each in (own.vendors, made_from) if each)
    fresh = (
        f"late after {own.late}, stale after {own.stale}, at this configuration's schedules"
        if own.stale
        else "filled on demand, so nothing makes it late"
    )
    rows = [
        ("Layer", own.layer),
        ("Key", ", ".join(map(code, own.contract.key()))),
        ("Made from", origin),
        ("Used by", used_by or "nothing else"),
        ("Freshness of the newest row", fresh),
        ("Files", _files(own)),
        ("Declared in", code(_path(own.contract.__module__))),
        ("Filled by", code(_path(f"cryptopipe_assets.defs.{own.layer}.{own.name}"))),
    ]
    body = "\n".join(f"| {label} | {text} |" for label, text in rows)
    return f"| | |\n|---|---|\n{body}"


def _path(module: str) -> str:
    return module.replace(".", "/") + ".py"


def _files(own: TableFacts) -> str:
    if issubclass(own.contract, SymbolRecord):
        return f"`warehouse/{own.name}/part-0.parquet`, every version of every finding"
    if issubclass(own.contract, Registry):
        return f"`warehouse/{own.name}/part-0.parquet`, every version of every entry"
    if issubclass(own.contract, Ledger):
        return f"`warehouse/{own.name}/part-0.parquet`, replaced as a whole"
    return f"`warehouse/{own.name}/date=YYYY-MM-DD/part-0.parquet`, a UTC day of all symbols each"


def _columns(own: TableFacts) -> str:
    units, dtypes = own.contract.units(), own.contract.polars_schema()
    rows = [
        (
            code(name),
            sql_type(dtypes[name]).replace(" WITH TIME ZONE", "TZ"),
            units[name],
            _meaning(column.description),
            _bounds(column),
            _null(name, column),
            _source(own, name),
        )
        for name, column in own.contract.to_schema().columns.items()
    ]
    head = ("column", "type", "unit", "meaning", "bounds", "null means", "comes from")
    return table(head, rows) + "\n\nA dot: any value of the type, or never null."


def _clauses(description: str) -> list[str]:
    return [each.strip() for each in description.rstrip(".").split(";")]


def _meaning(description: str) -> str:
    """The sentence without what it says of nulls, which has a place of its own."""
    kept = [each for each in _clauses(description) if not each.startswith("null")]
    return prose("; ".join(kept)) + "."


def _null(name: str, column: Any) -> str:
    """What a missing value says; a column that is never null has a dot."""
    if not column.nullable:
        return "·"
    said = [each for each in _clauses(column.description) if each.startswith("null")]
    if said:
        return said[0].removeprefix("null").strip()
    if name in FACTORS:
        for each in paragraphs(FACTORS[name].doc)[1:]:
            if found := re.search(r"\bNull ([^.;]*)", " ".join(each.split())):
                return found[1]
    return "not known"


def _bounds(column: Any) -> str:
    return ", ".join(_bound(check) for check in column.checks) or "·"


def _bound(check: pa.Check) -> str:
    value = next(iter((check.statistics or {}).values()), "")
    if check.name == "isin":
        return "one of " + ", ".join(f"`{each}`" for each in value)
    signs = {
        "greater_than_or_equal_to": "≥",
        "less_than_or_equal_to": "≤",
        "greater_than": "\\>",
        "less_than": "<",
    }
    return f"{signs[check.name]} {value}" if check.name in signs else str(check.name)


def _source(own: TableFacts, name: str) -> str:
    """Where a value comes from: a vendor, another table, a factor, or this table's own sum."""
    if name in TRACE and name in (Collected if _collects(own) else Stamped).columns():
        return TRACE[name]
    if own.layer == "features" and name in FACTORS:
        return f"[factor](factors.md#{name})"
    every, mine = facts.tables(), set(own.contract.columns())
    given = {each: set(every[each].contract.columns()) for each in own.inputs}
    for other in sorted(given, key=lambda each: -len(mine & given[each])):
        if name in given[other]:
            return f"[`{other}`]({other}.md)"
    return "vendor" if _collects(own) and not own.is_per_symbol else "computed"


def _collects(own: TableFacts) -> bool:
    return issubclass(own.contract, Collected)


def _promises(own: TableFacts) -> str:
    """What is checked before a row is written, and what is looked at afterwards."""
    rules = [
        *(each.description for each in own.contract.to_schema().checks if each.description),
        f"the key ({', '.join(own.contract.key())}) is unique, and rows are sorted by it",
        "every column has its type and its bounds",
    ]
    before = "\n".join(f"- {each}" for each in rules)
    after = "\n".join(f"- `{name}`: {prose(text)}" for name, text in own.checks.items())
    return (
        f"Before anything is written; a row that breaks one of these fails the run, and nothing "
        f"is written:\n\n{before}\n\nAfterwards, as a warning on the table's page in Dagster:"
        f"\n\n{after}"
    )


def _sample(own: TableFacts) -> str:
    rows = facts.sample(own.name)
    head = ["column", *(f"row {n}" for n in range(1, len(rows) + 1))]
    body = [(code(name), *(_shown(row[name]) for row in rows)) for name in own.contract.columns()]
    return "Rows of the simulated market, shown on their side; a dot is null.\n\n" + table(
        head, body
    )


def _shown(value: str) -> str:
    return value if value else "·"


def _views(own: TableFacts) -> str:
    parts = [f"```sql\nSELECT * FROM {own.name} LIMIT 10;\n```"]
    if _collects(own):
        rows = [
            (code(own.name), "the newest version of every row"),
            (code(own.name + SUFFIX), "versions that a later one superseded"),
            (
                code(f"{own.name}_as_of(t)"),
                "rows as they were known at the instant `t`; `clock := 'ingested_at'` counts by "
                "when this warehouse stored them",
            ),
        ]
        parts.append(table(("name", "what it shows"), rows))
    derived = [each for each in VIEWS if own.name in each.tables]
    if derived:
        parts.append("Derived views that read it:")
        parts += [_view(each) for each in derived]
    return "\n\n".join(parts)


def _view(view: View) -> str:
    """One view, folded, with its columns."""
    columns = view.columns or {"(the columns of the table)": view.comment}
    body = table(("column", "meaning"), ((code(n), text) for n, text in columns.items()))
    indented = "\n".join(f"    {line}" if line else "" for line in body.splitlines())
    return f'??? note "`{view.name}`: {prose(view.comment)}"\n\n{indented}'


def _limits(own: TableFacts) -> str:
    """What vendors do not tell, or not for long."""
    rows = [
        (
            f"[{vendor.terms.title}](../vendors/{vendor.name}.md#{own.name})",
            code(offer.endpoint),
            reach(offer),
            later(offer),
            ", ".join(map(code, offer.null)) or "·",
        )
        for vendor in vendor_facts.vendors()
        for offer in vendor.terms.offers
        if offer.table == own.name
    ]
    head = ("vendor", "endpoint", "how far back", "older rows come from", "does not tell")
    return table(head, rows) if rows else ""
