"""What a run tells of its files, written or found as they should be, and of what it decided."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import dagster as dg
import polars as pl

from cryptopipe_assets.core.preview import markdown, preview
from cryptopipe_assets.core.schema import Table
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.store import Commit
from cryptopipe_assets.vendors.http.journal import Journal

ENTITIES = {"symbol": "symbols", "coin_id": "coins", "coin": "coins"}
"""Key columns that name what a row is about, and what several of them are called."""

MOST_DECISIONS_SHOWN = 30


def report(lake: Lake, contract: type[Table], commits: Sequence[Commit]) -> dict[str, Any]:
    """Metadata of a materialisation: rows, what is new, the first and last instant."""
    key = contract.key()
    entity = next((name for name in key if name in ENTITIES), key[0])
    entities, ends = set[Any](), list[datetime]()
    for each in commits:
        with lake.opened(contract, [each.day]) as stored:
            some = stored.select(entity, "ts").collect()
        entities.update(some[entity].unique())
        ends += [end for end in some.select(pl.min("ts"), pl.max("ts").alias("last")).row(0) if end]
    rows = sum(each.rows for each in commits)
    found: dict[str, Any] = {
        "rows": rows,
        "rows_added": sum(each.added for each in commits),
        "rows_revised": sum(each.revised for each in commits),
        ENTITIES.get(entity, entity): len(entities),
        "first_ts": str(min(ends, default=None)),
        "last_ts": str(max(ends, default=None)),
        "bytes": sum(each.bytes for each in commits),
        "files_written": sum(each.written for each in commits),
        "files_unchanged": sum(not each.written for each in commits),
    }
    if not contract.has_days():
        found["dagster/row_count"] = rows
    return found


def preview_of(
    lake: Lake, contract: type[Table], commits: Sequence[Commit]
) -> dg.MarkdownMetadataValue:
    """The newest rows of a run, for a person."""
    return dg.MetadataValue.md(preview(newest_rows(lake, contract, commits)))


def newest_rows(lake: Lake, contract: type[Table], commits: Sequence[Commit]) -> pl.DataFrame:
    """Rows of the newest file of a run that has any: today's may have none yet."""
    filled = [each for each in commits if each.rows] or commits
    return lake.read(contract, filled[-1].day)


def decisions(journal: Journal) -> dict[str, Any]:
    """Decisions of the clients by kind, and the first thirty in words; empty without any."""
    if not journal.counts:
        return {}
    shown = journal.kept[:MOST_DECISIONS_SHOWN]
    frame = pl.DataFrame(
        [(each.kind, each.what.replace("|", "\\|")) for each in shown],
        schema={"decision": pl.String, "why": pl.String},
        orient="row",
    )
    return {
        **{f"decisions/{kind}": count for kind, count in sorted(journal.counts.items())},
        "decisions": dg.MetadataValue.md(markdown(frame)),
    }
