"""Materialising tables through Dagster in this process."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType

import dagster as dg
from dagster._core.utils import make_new_run_id

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.defs.automation.run_processes import running
from cryptopipe_assets.defs.partitions import range_tags
from cryptopipe_assets.defs.run_scope import COINS
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.runtime.dagster_home import export_dagster_home
from cryptopipe_assets.runtime.ephemeral_instance import ephemeral_instance
from cryptopipe_assets.runtime.resources import resources, warehouse
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.store import Commit

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run said.

    Attributes
    ----------
    seconds
        Wall time.
    warnings
        Quality checks that did not pass, as (table, check and what it says in words).
    checks
        Number of checks that ran.
    rows_added
        Rows that were not there before, of all tables.
    metadata
        What each table reported of itself, by table.
    """

    seconds: float
    checks: int
    rows_added: int = 0
    warnings: list[tuple[str, str]] = field(default_factory=list)
    metadata: dict[str, dict[str, object]] = field(default_factory=dict)


@contextmanager
def instance(settings: Settings, *, own: bool) -> Iterator[dg.DagsterInstance]:
    """The repo's Dagster instance, or an ephemeral one for a warehouse that is not its own."""
    if own:
        export_dagster_home(settings)
        with dg.DagsterInstance.get() as found:
            yield found
    else:
        with ephemeral_instance() as found:
            yield found


def run_alone(
    settings: Settings,
    found: dg.DagsterInstance,
    table: str,
    *,
    resources: Mapping[str, object] = MappingProxyType({}),
    symbol: str | None = None,
    config: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Fill one table that has no days.

    Parameters
    ----------
    resources
        To be used instead of those that follow from the settings.
    symbol
        Of a table that is filled one symbol at a time.
    config
        Of the table's asset.

    Raises
    ------
    CryptopipeError
        Whatever the table raised.
    dagster.Failure
        A gate check refused a frame.
    """
    job = build(settings, **resources).resolve_implicit_global_asset_job_def()
    run_id = make_new_run_id()
    with running(found, run_id):
        job.execute_in_process(
            instance=found,
            asset_selection=[dg.AssetKey(table)],
            partition_key=symbol,
            run_config={**QUIET, "ops": {table: {"config": dict(config)}}} if config else QUIET,
            run_id=run_id,
        )


def refusal(exc: BaseException) -> str | None:
    """What a gate check said when it refused a frame; null for any other error."""
    if not isinstance(exc, dg.Failure):
        return None
    return exc.description or "a table was refused by its contract"


def _rows_added(result: dg.ExecuteInProcessResult) -> int:
    """Rows that all tables of a run gained, as their materialisations report."""
    events = result.get_asset_materialization_events()
    reported = (event.materialization.metadata.get("rows_added") for event in events)
    return sum(
        each.value for each in reported if isinstance(each, dg.IntMetadataValue) and each.value
    )


class TableRun:
    """Runs over one warehouse.

    Parameters
    ----------
    settings
        Profile and paths.
    keep
        Record the runs in the repo's Dagster instance, where the UI shows them.
    vendors
        Clients to collect with, if not those of the profile.
    """

    def __init__(
        self, settings: Settings, *, keep: bool, vendors: VendorClients | None = None
    ) -> None:
        self._settings = settings
        self._keep = keep
        self._on_commit: Callable[[Commit], None] | None = None
        self._asked: dict[str, str] = {}
        self.resources = resources(settings) | ({"vendors": vendors} if vendors else {})
        lake = Lake(settings.warehouse, on_commit=self._committed)
        self.warehouse = warehouse(settings, lake)

    @property
    def universe(self) -> Universe:
        """What is followed."""
        found = self.resources["universe"]
        assert isinstance(found, Universe)
        return found

    def ask_only_for(self, coins: Sequence[str]) -> None:
        """Collect these coins only. Rows of others stay; derived tables are made of all of them."""
        self._asked = {COINS: ",".join(sorted(coins))}

    def materialise(
        self,
        tables: Sequence[str],
        first: date,
        last: date,
        *,
        on_commit: Callable[[Commit], None] | None = None,
    ) -> Outcome:
        """Fill ``tables`` from ``first`` to ``last`` in one run.

        Parameters
        ----------
        on_commit
            Called after each file that was written.

        Raises
        ------
        CryptopipeError
            Whatever a table raised; those after it did not run.
        dagster.Failure
            A gate check refused a frame.
        """
        self._on_commit = on_commit
        started = time.monotonic()
        run_id = make_new_run_id()
        with instance(self._settings, own=self._keep) as found, running(found, run_id):
            result = self._job.execute_in_process(
                instance=found,
                asset_selection=[dg.AssetKey(name) for name in tables],
                tags={**range_tags(first, last), **self._asked},
                run_config=QUIET,
                raise_on_error=True,
                run_id=run_id,
            )
        evaluations = result.get_asset_check_evaluations()
        return Outcome(
            seconds=time.monotonic() - started,
            checks=len(evaluations),
            rows_added=_rows_added(result),
            warnings=[
                (
                    each.asset_key.to_user_string(),
                    f"{each.check_name}: {each.description}"
                    if each.description
                    else each.check_name,
                )
                for each in evaluations
                if not each.passed
            ],
            metadata=_reported(result),
        )

    @cached_property
    def _job(self) -> dg.JobDefinition:
        """Every table; a run selects some."""
        definitions = build(self._settings, **{**self.resources, "warehouse": self.warehouse})
        return definitions.resolve_implicit_global_asset_job_def()

    def _committed(self, commit: Commit) -> None:
        """Report a written file to whoever listens to this run."""
        if self._on_commit is not None:
            self._on_commit(commit)


def _reported(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, object]]:
    """Metadata of every table that the run filled."""
    filled = (
        event.step_materialization_data.materialization
        for event in result.get_asset_materialization_events()
    )
    return {
        each.asset_key.to_user_string(): {name: said.value for name, said in each.metadata.items()}
        for each in filled
    }
