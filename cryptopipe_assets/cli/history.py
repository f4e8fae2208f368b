"""The whole past of some contracts, fetched one after the other with a progress bar each."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated

import polars as pl
import typer
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from cryptopipe_assets.cli.console import frame_table, out
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.collect.followed import earlier_lives
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.store import Commit
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.tables.history.symbol_history import SymbolHistory

SHOWN = ("symbol", "first_bar", "last_bar", "minutes_stored", "minutes_missing", "missing_causes")


def command(
    symbols: Annotated[
        list[str], typer.Argument(help="Contracts (BTC-USDT-PERP) or followed coins (BTC).")
    ],
    warehouse: Warehouse = None,
) -> None:
    """Fetch the whole past of contracts from the bulk archive; goes on where it was ended."""
    history(settings_for(warehouse), symbols)


def history(settings: Settings, names: Sequence[str]) -> None:
    """Fetch the past of contracts or coins, and say how much of it there is.

    Raises
    ------
    RequestError
        If a name is neither a contract nor a followed coin.
    CryptopipeError
        Whatever stood in the way; running again goes on from there.
    """
    from cryptopipe_assets.runtime.symbol_runs import symbol_runs

    with symbol_runs(settings, own=settings.has_own_warehouse) as runs:
        runs.list_contracts()
        stored = Lake(settings.warehouse).read(Instruments)
        listed = latest(stored.filter(venue=settings.config.universe.venue), INSTRUMENT)
        contracts = chosen(listed, names)
        runs.announce(contracts["symbol"].to_list())
        before = earlier_lives(stored, contracts).group_by("symbol").agg(pl.min("listed_at"))
        began = dict(before.iter_rows())
        for row in contracts.iter_rows(named=True):
            listed = began.get(row["symbol"]) or row["listed_at"]
            first = max(listed.date(), settings.config.history.start)
            last = (row["delisted_at"] or datetime.now(UTC)).date()
            with _Bar(row["symbol"], first, last) as bar:
                runs.fetch(row["symbol"], on_commit=bar.advance)
    stored = latest(Lake(settings.warehouse).read(SymbolHistory), INSTRUMENT)
    mine = stored.filter(pl.col("symbol").is_in(contracts["symbol"].to_list()))
    out.print()
    out.print(frame_table(mine.select(SHOWN)))


def chosen(listed: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Contracts that the names mean: a canonical symbol, or a coin that is followed."""
    wanted = [name.upper() for name in names]
    by_coin = pl.col("coin").is_in(wanted) & pl.col("tier").is_not_null()
    found = listed.filter(pl.col("symbol").is_in(wanted) | by_coin).sort("symbol")
    for name in wanted:
        if not ((found["symbol"] == name) | (found["coin"] == name)).any():
            raise RequestError(
                f"{name} is no contract of the registry and no followed coin; "
                f'`cryptopipe sql "FROM instruments"` lists the contracts'
            )
    return found


class _Bar:
    """Days of one contract's life; days that are stored already are passed over in one step."""

    def __init__(self, symbol: str, first: date, last: date) -> None:
        self._first = first
        self._days = (last - first).days + 1
        self._progress = Progress(
            TextColumn("{task.description:<20}"),
            BarColumn(bar_width=32),
            TaskProgressColumn(),
            TextColumn("{task.fields[month]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=out,
        )
        self._task = self._progress.add_task(symbol, total=self._days, month=f"{first:%Y-%m}")

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._progress.update(self._task, completed=self._days)
        self._progress.stop()

    def advance(self, commit: Commit) -> None:
        """Show how far the bars have come."""
        if commit.table == "ohlcv_1m" and commit.day is not None:
            done = (commit.day - self._first).days + 1
            self._progress.update(self._task, completed=done, month=f"{commit.day:%Y-%m}")
