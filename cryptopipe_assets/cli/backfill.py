"""History of many tables, month by month, with an estimate before anybody is asked."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from cryptopipe_assets.cli.console import frame_table, literal, out
from cryptopipe_assets.cli.contents import contents
from cryptopipe_assets.cli.history import chosen
from cryptopipe_assets.cli.options import Warehouse, day, names, settings_for
from cryptopipe_assets.cli.progress import materialise
from cryptopipe_assets.collect.followed import earlier_lives
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.calendar import days_between, months
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.time import midnight
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.operations.backfill.estimate import (
    TableCost,
    estimate,
    refuse_if_it_cannot_fit,
)
from cryptopipe_assets.operations.budget.remaining import left_for
from cryptopipe_assets.operations.request import require_range, with_ancestors
from cryptopipe_assets.operations.status.expiry import source_of
from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import registries
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.tables.service_levels import tiers_of
from cryptopipe_assets.vendors.catalog import tables_with_a_choice
from cryptopipe_assets.vendors.terms import Followed

if TYPE_CHECKING:
    from cryptopipe_assets.runtime.table_run import Outcome

PROGRESS = "backfills.json"
SETTLED_AFTER = timedelta(days=3)
"""A month is done for good once even the vendors that are late have told all of it."""


def command(
    start: Annotated[str, typer.Option("--start", help="First day, YYYY-MM-DD.")],
    end: Annotated[str, typer.Option("--end", help="Last day, YYYY-MM-DD.")],
    tables: Annotated[
        str | None,
        typer.Option("--tables", help="Tables a,b and all that they are made from. Default: all."),
    ] = None,
    symbols: Annotated[
        str | None,
        typer.Option("--symbols", help="Followed contracts or coins, a,b. Default: all."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Start without confirmation.")] = False,
    warehouse: Warehouse = None,
) -> None:
    """Fill history month by month, after an estimate of calls and time; goes on where it ended."""
    backfill(
        settings_for(warehouse),
        tables=names(tables),
        symbols=names(symbols),
        first=day(start, "--start"),
        last=day(end, "--end"),
        yes=yes,
    )


def backfill(
    settings: Settings,
    *,
    tables: Sequence[str] | None,
    symbols: Sequence[str] | None,
    first: date,
    last: date,
    yes: bool,
) -> None:
    """Fill tables, and what they are made from, over a range; one run a month.

    A backfill that was ended goes on with the month it was in.

    Raises
    ------
    RequestError
        If a name or the range is wrong, the plan cannot fit, or the person said no.
    CryptopipeError
        Whatever stood in the way; months before it are kept.
    """
    from cryptopipe_assets.runtime.table_run import TableRun

    now = datetime.now(UTC)
    require_range(first, last, start=settings.config.history.start, today=now.date())
    named = with_ancestors(tables)
    run = TableRun(settings, keep=settings.has_own_warehouse)
    _show_warnings(run.materialise([Instruments.table_name()], now.date(), now.date()))
    lake = Lake(settings.warehouse)
    followed = _followed(run.universe, lake, symbols)
    if symbols:
        run.ask_only_for(followed["coin"].unique().to_list())
    wanted = _that_follow(named, followed["coin"].unique().sort().to_list(), settings)
    chunks = months(days_between(first, last))
    days = [name for name in wanted if name not in registries()]
    progress = _Progress(settings.state_folder / PROGRESS, wanted, followed["symbol"].to_list())
    left = [
        chunk for chunk in chunks if not (progress.has(chunk) and _is_stored(lake, days, chunk))
    ]
    if len(left) < len(chunks):
        out.print(f"{len(chunks) - len(left)} of {len(chunks)} months were done before")
    if not left:
        out.print("nothing is left to do")
        return
    lines = estimate(
        wanted,
        contracts_of(followed, lake.read(Instruments)),
        [day for chunk in left for day in chunk],
        limits=settings.config.vendors,
        plans=settings.all_keys.plans(),
        sources={table: source_of(settings, table) for table in tables_with_a_choice()},
        now=now,
    )
    _show(lines, wanted, followed.height, left)
    refuse_if_it_cannot_fit(lines, left_for(settings, wanted, now=now))
    _confirm(yes=yes)
    for place, chunk in enumerate(left, start=1):
        out.print(f"\n{chunk[0]:%B %Y} ({place} of {len(left)})")
        outcome = materialise(run, days, chunk[0], chunk[-1])
        _show_warnings(outcome)
        if midnight(chunk[-1]) + SETTLED_AFTER < now:
            progress.add(chunk)
    out.print()
    out.print(contents(settings))


def _show_warnings(outcome: "Outcome") -> None:
    for table, check in outcome.warnings:
        out.print(f"  [yellow]warning[/] {table}: {literal(check)}", soft_wrap=True)


def _followed(universe: Universe, lake: Lake, symbols: Sequence[str] | None) -> pl.DataFrame:
    """Contracts that are followed, or those of them that were named."""
    listed = latest(lake.read(Instruments).filter(venue=universe.venue), INSTRUMENT)
    ours = listed.filter(pl.col("tier").is_not_null())
    if symbols is None:
        return ours.sort("symbol")
    named = chosen(listed, symbols)
    strange = named.filter(pl.col("tier").is_null())
    if strange.height:
        raise RequestError(
            f"{strange['symbol'][0]} is not followed; add {strange['coin'][0]} to a tier of "
            f"cryptopipe.toml, which has {', '.join(universe.tiers)}"
        )
    return named


def _that_follow(tables: Sequence[str], coins: Sequence[str], settings: Settings) -> list[str]:
    """Tables that follow any of the coins; says which do not.

    Raises
    ------
    RequestError
        If none with days does.
    """
    following = {
        name: {
            coin for tier in tiers_of(name, settings.config.tiers).values() for coin in tier.coins
        }
        for name in tables
    }
    kept = [name for name in tables if following[name] & set(coins)]
    left_out = ", ".join(name for name in tables if name not in kept)
    if not set(kept) - registries():
        raise RequestError(
            f"{left_out} of {', '.join(coins)}: no tier of cryptopipe.toml follows that; name the "
            "table in the `tables` of the coin's tier, or choose other tables"
        )
    if left_out:
        out.print(f"{left_out}: left out, no tier of {', '.join(coins)} has it in cryptopipe.toml")
    return kept


def _is_stored(lake: Lake, tables: Sequence[str], chunk: list[date]) -> bool:
    """Whether every table still has a file of every day: somebody may have deleted some."""
    return all(lake.days(name, chunk[0], chunk[-1]) == chunk for name in tables)


def contracts_of(followed: pl.DataFrame, versions: pl.DataFrame) -> list[Followed]:
    """The followed contracts with every life that the registry knows of them."""
    before: dict[str, list[tuple[date, date]]] = {}
    for symbol, *life in earlier_lives(versions, followed).iter_rows():
        first, last = (each.date() if each else None for each in life)
        before.setdefault(symbol, []).append((first or date.min, last or date.max))
    return [
        Followed(
            symbol=symbol,
            coin=coin,
            listed=listed.date() if listed else date.min,
            delisted=delisted.date() if delisted else None,
            earlier=tuple(before.get(symbol, ())),
        )
        for symbol, coin, listed, delisted in followed.select(
            "symbol", "coin", "listed_at", "delisted_at"
        ).iter_rows()
    ]


def _show(
    lines: Sequence[TableCost], tables: Sequence[str], contracts: int, left: Sequence[list[date]]
) -> None:
    """Say what is coming: about so many calls, at least so much time."""
    out.print(
        f"Backfill of {', '.join(tables)}\n{contracts} contracts, {left[0][0]} to {left[-1][-1]}, "
        f"{len(left)} runs\n"
    )
    rows = [
        {
            "table": each.table,
            "vendor": each.vendor,
            "what": each.what,
            "calls, about": each.calls,
            "minutes": round(each.seconds / 60, 1),
        }
        for each in lines
    ]
    if rows:
        out.print(frame_table(pl.DataFrame(rows)))
    calls = sum(each.calls for each in lines)
    minutes = sum(each.seconds for each in lines) / 60
    out.print(f"about {calls:,} calls, {minutes:.0f} min at our share of the limits")


def _confirm(*, yes: bool) -> None:
    """Ask a person who sits there; a script that runs this has decided already."""
    if yes or not sys.stdin.isatty():
        return
    if not typer.confirm("Start?"):
        raise RequestError("not started; only the list of contracts was requested")


class _Progress:
    """Months that a backfill of the same tables and contracts has done, in the state folder.

    Contracts, not the names that were given: a coin that is followed since has no past yet.
    """

    def __init__(self, path: Path, tables: Sequence[str], symbols: Sequence[str]) -> None:
        self._path = path
        said = json.dumps([sorted(tables), sorted(symbols)])
        self._of = sha256(said.encode()).hexdigest()[:16]

    def has(self, chunk: list[date]) -> bool:
        """Whether these very days were done."""
        return self._name(chunk) in self._read().get(self._of, [])

    def add(self, chunk: list[date]) -> None:
        """Keep that they are."""
        known = self._read()
        known[self._of] = sorted({*known.get(self._of, []), self._name(chunk)})
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(known, sort_keys=True, indent=1)
        write_atomically(self._path, lambda path: _write(path, text))

    def _read(self) -> dict[str, list[str]]:
        if not self._path.is_file():
            return {}
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
        except ValueError:
            return {}  # then everything is looked at again, which changes nothing
        return known if isinstance(known, dict) else {}

    @staticmethod
    def _name(chunk: list[date]) -> str:
        return f"{chunk[0]}...{chunk[-1]}"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
