"""Progress bars of a run: one a table, a step a file."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from cryptopipe_assets.cli.console import out
from cryptopipe_assets.storage.store import Commit
from cryptopipe_assets.tables.catalog import registries

if TYPE_CHECKING:
    from cryptopipe_assets.runtime.table_run import Outcome, TableRun


def materialise(run: "TableRun", tables: Sequence[str], first: date, last: date) -> "Outcome":
    """Fill the tables as ``TableRun.materialise`` does, with a progress bar per table."""
    bars = TableProgress(tables, days=(last - first).days + 1)
    with bars.progress:
        return run.materialise(tables, first, last, on_commit=bars.advance)


class TableProgress:
    """A progress bar per table; the clock of each runs from when another was done.

    Parameters
    ----------
    days
        Files that each table writes; one for a table without days.
    """

    def __init__(self, tables: Sequence[str], *, days: int) -> None:
        self.progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description:<18}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TextColumn("files"),
            TimeElapsedColumn(),
            console=out,
        )
        without_days = registries()
        self._tasks = {
            name: self.progress.add_task(
                name, total=1 if name in without_days else days, start=False
            )
            for name in tables
        }
        self._since = self.progress.get_time()

    def advance(self, commit: Commit) -> None:
        """Count a file. Tables are filled one after the other, in an order that is Dagster's."""
        if (number := self._tasks.get(commit.table)) is None:
            return
        task = self.progress.tasks[number]
        if not task.started:
            self.progress.start_task(number)
            task.start_time = self._since
        self.progress.advance(number)
        if task.finished:
            self._since = self.progress.get_time()
