"""Decisions on the requests of a run (retries, bans, fallbacks), as metadata of the table."""

from typing import Any

import dagster as dg
import polars as pl

from cryptopipe_assets.core.preview import markdown
from cryptopipe_assets.vendors.http.journal import Journal

MOST_SHOWN = 30


def decisions(journal: Journal) -> dict[str, Any]:
    """Return the number of decisions by kind, and the first thirty in words; empty without any."""
    if not journal.counts:
        return {}
    shown = journal.kept[:MOST_SHOWN]
    frame = pl.DataFrame(
        [(each.kind, each.what.replace("|", "\\|")) for each in shown],
        schema={"decision": pl.String, "why": pl.String},
        orient="row",
    )
    return {
        **{f"decisions/{kind}": count for kind, count in sorted(journal.counts.items())},
        "decisions": dg.MetadataValue.md(markdown(frame)),
    }
