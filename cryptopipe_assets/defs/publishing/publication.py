"""From a contract to a Dagster asset: its arguments, the gate before the write, the write itself.

A table is declared once, by its contract; name, description, columns with units, gate check and
freshness of the asset are derived from it here.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from cryptopipe_assets.collect.contract_lives import admitted
from cryptopipe_assets.core.calendar import days_between
from cryptopipe_assets.core.errors import ContractError, RequestError
from cryptopipe_assets.core.schema import Collected, SymbolRecord, Table
from cryptopipe_assets.defs.partitions import DAYS, PARTITION, RANGE_END, RANGE_START, SYMBOLS
from cryptopipe_assets.defs.publishing.asset_spec import (
    column_schema,
    ownership,
)
from cryptopipe_assets.defs.publishing.pictures import pictures
from cryptopipe_assets.defs.publishing.run_report import decisions, newest_rows, preview_of, report
from cryptopipe_assets.storage.store import Commit
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.vendors.catalog import described
from cryptopipe_assets.vendors.http.journal import Journal, RunScope

GATE = "contract"
PLAIN = "cryptopipe/plain"
"""Run tag of a round whose hour has its charts already."""

WRITERS = 4
"""Days written at once: most of a commit is waiting for the disk."""


def table(contract: type[Table]) -> dict[str, Any]:
    """Arguments of the ``@dg.asset`` that fills ``contract``.

    What depends on cryptopipe.toml is added when the code location is built: ``with_settings``.
    """
    layer = contract.__module__.split(".")[-2]
    arguments: dict[str, Any] = {
        "name": contract.table_name(),
        "group_name": layer,
        "description": inspect.cleandoc(contract.__doc__ or ""),
        "kinds": {"polars", "parquet"},
        **ownership(contract.table_name(), layer),
        "metadata": {
            "layer": layer,
            "key": ", ".join(contract.key()),
            **({"vendors": described(contract.table_name())} if layer == "collected" else {}),
            "dagster/column_schema": column_schema(contract),
            "dagster/relation_identifier": f"cryptopipe.main.{contract.table_name()}",
        },
        "check_specs": [gate_spec(contract)],
        # Of tables without days too: Dagster's command for a range wants it of all that it selects.
        "backfill_policy": dg.BackfillPolicy.single_run(),
    }
    if issubclass(contract, SymbolRecord):
        return arguments | {"partitions_def": SYMBOLS}
    if contract.has_days():
        arguments["partitions_def"] = DAYS
    return arguments


def gate_spec(contract: type[Table]) -> dg.AssetCheckSpec:
    """The check that stands before the write."""
    return dg.AssetCheckSpec(
        GATE,
        asset=contract.table_name(),
        blocking=True,
        description=(
            "Before anything is written: exactly the contract's columns and types, a unique key, "
            "values in their bounds, no NaN, nothing available before its event."
        ),
    )


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """Days that this run covers, ascending."""
    return sorted(date.fromisoformat(key) for key in context.partition_keys)


def days_checked(
    context: dg.AssetCheckExecutionContext, warehouse: Warehouse, contract: type[Table]
) -> list[date]:
    """Days that a quality check looks at, ascending.

    Those of the run that materialises the table; when the check is run on its own, the newest
    week that is stored. (Checks that are partitioned themselves show as skipped after a run over
    a range of days, so ours are not.)
    """
    tags = context.run.tags
    first = tags.get(RANGE_START, tags.get(PARTITION))
    last = tags.get(RANGE_END, tags.get(PARTITION))
    if first and last:
        return days_between(date.fromisoformat(first), date.fromisoformat(last))
    stored = warehouse.lake.days(contract.table_name())
    if not stored:
        raise RequestError(f"{contract.table_name()} has no rows to check; materialise it first")
    return days_between(max(stored[0], stored[-1] - timedelta(days=6)), stored[-1])


class Publication:
    """One asset's way into the warehouse: checked first, then written, then reported.

    Used inside a generator asset::

        publication = Publication(context, warehouse, Ohlcv1m)
        yield from publication.write(frame, days)      # as often as needed
        yield from publication.finish({"api_calls": 12})
    """

    def __init__(
        self, context: dg.AssetExecutionContext, warehouse: Warehouse, contract: type[Table]
    ) -> None:
        self._context = context
        self._warehouse = warehouse
        self._contract = contract
        self._commits: list[Commit] = []
        self._refused = 0
        days = tuple(days_of(context)) if contract.has_days() else ()
        self.journal = Journal(
            contract.table_name(),
            context.run.run_id,
            scope=RunScope(days=days, tags=context.run.tags),
            log=context.log,
        )
        warehouse.claim()

    def write(
        self, frame: pl.DataFrame | pl.LazyFrame, days: list[date]
    ) -> Iterator[dg.AssetCheckResult]:
        """Check ``frame`` and write its rows into the files of ``days``, one commit a day.

        A day without rows gets an empty file: it was looked at. Collected tables are merged,
        derived ones replaced.

        Raises
        ------
        dagster.Failure
            After yielding the failed gate check; nothing of this frame is written.
        """
        try:
            checked = self._admit(self._contract.conform(frame))
            parts = rows_by_day(checked, days, of=self._contract.table_name())
        except ContractError as exc:
            yield self._gate(passed=False, metadata={"why": dg.MetadataValue.md(str(exc))})
            raise dg.Failure(f"nothing written: {exc}", allow_retries=False) from exc
        with ThreadPoolExecutor(WRITERS) as pool:
            commits = list(pool.map(self._commit, parts.values(), parts.keys()))
        for commit in commits:
            self._record(commit)
        self._tell(commits)

    def write_registry(self, frame: pl.DataFrame) -> Iterator[dg.AssetCheckResult]:
        """Check and write a table without days: versions are merged, a ledger replaced."""
        try:
            checked = self._contract.conform(frame)
        except ContractError as exc:
            yield self._gate(passed=False, metadata={"why": dg.MetadataValue.md(str(exc))})
            raise dg.Failure(f"nothing written: {exc}", allow_retries=False) from exc
        commit = self._commit(checked)
        self._record(commit)
        self._tell([commit])

    def finish(
        self, metadata: Mapping[str, Any] | None = None
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        """Refresh the catalog and report what was written."""
        self._warehouse.refresh_catalog()
        rows = sum(each.rows for each in self._commits)
        yield self._gate(passed=True, metadata={"rows": rows})
        lake = self._warehouse.lake
        stored = report(lake, self._contract, self._commits)
        told = {**stored, **(metadata or {}), **decisions(self.journal)}
        if self._refused:
            told["rows_outside_of_life"] = self._refused
        shown = {**self._pictures(told), "preview": preview_of(lake, self._contract, self._commits)}
        if day := self._commits[-1].day:
            # Dagster writes what is told of a run once a day of it, and keeps each three times.
            self._context.add_asset_metadata(shown, partition_key=day.isoformat())
            shown = {}
        yield dg.MaterializeResult(metadata={**shown, **told})

    def _admit(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Leave out rows from outside of their contracts' lives; the journal names them."""
        found = admitted(self._warehouse.lake, self._contract, rows)
        if found.refused_rows:
            self.journal.note("fallback", f"{self._contract.table_name()}: {found.why}")
            self._refused += found.refused_rows
        return found.rows

    def _commit(self, part: pl.DataFrame, day: date | None = None) -> Commit:
        lake = self._warehouse.lake
        if issubclass(self._contract, Collected):
            return lake.upsert(self._contract, part, day)
        return lake.replace(self._contract, part, day, at=self._warehouse.clock())

    def _tell(self, commits: Sequence[Commit]) -> None:
        """Report to the recorder, if there is one, which files were written."""
        lake = self._warehouse.lake
        self.journal.on_written(
            {each.day: partial(lake.content, each.table, each.day) for each in commits}
        )

    def _record(self, commit: Commit) -> None:
        self._commits.append(commit)
        if commit.day is not None:
            self._context.add_asset_metadata(
                {"dagster/partition_row_count": commit.rows, "bytes": commit.bytes},
                partition_key=commit.day.isoformat(),
            )

    def _gate(self, *, passed: bool, metadata: Mapping[str, Any]) -> dg.AssetCheckResult:
        return dg.AssetCheckResult(check_name=GATE, passed=passed, metadata=metadata)

    def _pictures(self, found: Mapping[str, Any]) -> dict[str, dg.MetadataValue[Any]]:
        """Small charts, where a person may look at them: of runs that are kept, once an hour."""
        if not self._context.instance.is_persistent or PLAIN in self._context.run.tags:
            return {}
        newest = newest_rows(self._warehouse.lake, self._contract, self._commits)
        drawn = pictures(self._contract.table_name(), newest, found)
        return {name: dg.MetadataValue.md(markdown) for name, markdown in drawn.items()}


def rows_by_day(frame: pl.DataFrame, days: list[date], *, of: str) -> dict[date, pl.DataFrame]:
    """Rows of each day; a day without rows has an empty frame.

    Parameters
    ----------
    frame
        With the column ts.
    of
        Name of the table, for the message.

    Raises
    ------
    ContractError
        If a row is outside of ``days``: it would be lost.
    """
    day = pl.col("ts").dt.date()
    stray = frame.filter(~day.is_in(days))
    if stray.height:
        raise ContractError(
            f"{of}: {stray.height} rows are outside of {days[0]} to {days[-1]}, "
            f"first at {stray['ts'][0]}"
        )
    labelled = frame.with_columns(day.alias("_day"))
    parts = labelled.partition_by("_day", as_dict=True, include_key=False, maintain_order=True)
    return {each: parts.get((each,), frame.clear()) for each in days}
