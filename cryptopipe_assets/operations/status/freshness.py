"""How fresh each table and tier is, why, and when it is tried next; read without Dagster.

Judged by the newest row's ``available_at``, not by when something last ran: a backfill of an old
day does not make a table fresh.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.core.errors import StorageError
from cryptopipe_assets.operations.status.run_history import LastRun, last_runs
from cryptopipe_assets.storage.inventory import Files, coins_of, newest, survey
from cryptopipe_assets.tables.service_levels import (
    SERVICE_LEVELS,
    ServiceLevel,
    closure,
    pull_of,
    tiers_of,
)

EXIT_CODES = {"fresh": 0, "late": 0, "empty": 0, "stale": 2, "missing": 3}
WORST_FIRST = ("missing", "stale", "late", "empty", "fresh")
FOR_STRATEGIES = frozenset(closure({"signals"}))
"""Tables that a refresh fills without being asked for all."""

NAMED = 3
"""Coins that are named where more lag behind."""


@dataclass(frozen=True, kw_only=True)
class TierFreshness:
    """One table, or one tier of it.

    Attributes
    ----------
    tier
        None for a table that is judged as a whole.
    state
        ``fresh``; ``late``, a pull or a step was missed, or some coins lag; ``stale``, more than
        that; ``missing``, no file; ``empty``, filled but nothing qualified.
    newest_ts
        Event time of the newest row.
    age
        Since the newest row became available; for a table without days, since it was last
        looked at.
    late_after, stale_after
        Ages from which on it is late or stale.
    behind
        Coins whose own newest row is stale although the tier's is not.
    why
        What keeps it from being fresh; empty if nothing does.
    """

    table: str
    tier: str | None
    state: str
    newest_ts: datetime | None
    age: timedelta | None
    late_after: timedelta
    stale_after: timedelta
    behind: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class TableFreshness:
    """A table: its files, how its last runs went, and its tiers."""

    table: str
    level: ServiceLevel
    files: Files
    last_run: LastRun
    tiers: Sequence[TierFreshness]

    @property
    def state(self) -> str:
        """The worst of its tiers."""
        return min((each.state for each in self.tiers), key=WORST_FIRST.index)


def freshness(settings: Settings, *, now: datetime) -> list[TableFreshness]:
    """Every table that is followed, each after those it is made from."""
    root, tiers = settings.warehouse, settings.config.tiers
    runs = last_runs(settings.dagster_home, list(SERVICE_LEVELS))
    coins = coins_of(root) | _spelt_as_followed(settings)
    tells_tiers = settings.environment.vendors != "recorded"
    judged: dict[str, TableFreshness] = {}
    for name, level in SERVICE_LEVELS.items():
        following = tiers_of(name, tiers)
        if not following:
            continue
        files = survey(root, name, has_days=level.has_days)
        judge = _Judge(name, level, files, runs.get(name, LastRun()), now, judged)
        split = following if level.entity and tells_tiers else {}
        judged[name] = judge.table(split, coins, pull=pull_of(name, tiers))
    return list(judged.values())


def _spelt_as_followed(settings: Settings) -> dict[str, str]:
    """Other names of followed coins to the one in the tiers, unless both are followed."""
    names = settings.config.coin_names
    followed = {coin for tier in settings.config.tiers.values() for coin in tier.coins}
    return {
        name: coin
        for coin in sorted(followed)
        for name in names.spellings(coin)
        if name not in followed
    }


def exit_code(tables: Sequence[TableFreshness]) -> int:
    """0 if all are fresh or merely late, 2 if one is stale, 3 if one is missing."""
    return max((EXIT_CODES[each.state] for each in tables), default=0)


@dataclass(frozen=True)
class _Judge:
    """What is known of one table before its tiers are judged."""

    name: str
    level: ServiceLevel
    files: Files
    last_run: LastRun
    now: datetime
    judged: Mapping[str, TableFreshness]

    def table(
        self, tiers: Mapping[str, Tier], coins: Mapping[str, str], *, pull: timedelta
    ) -> TableFreshness:
        try:
            rows = newest(self.files, self.level.entity if tiers else None, now=self.now)
        except StorageError as exc:
            lines = [self._line(None, None, pull, state="stale", why=str(exc))]
            return self._done(lines)
        if not tiers:
            return self._done([self._whole(rows, pull)])
        of = rows.with_columns(coin=pl.col("entity").replace(dict(coins)))
        return self._done(
            [
                self._tier(tier, tiers, of.filter(pl.col("coin").is_in(each.coins)))
                for tier, each in tiers.items()
            ]
        )

    def _done(self, lines: list[TierFreshness]) -> TableFreshness:
        return TableFreshness(
            table=self.name,
            level=self.level,
            files=self.files,
            last_run=self.last_run,
            tiers=lines,
        )

    def _whole(self, rows: pl.DataFrame, pull: timedelta) -> TierFreshness:
        ts, known = rows.select("ts", "available_at").row(0) if rows.height else (None, None)
        if not self.level.has_days and self.files.paths:
            known = self.last_run.succeeded_at or _written_at(self.files.paths[0])
        return self._line(None, ts, pull, known=known)

    def _tier(self, name: str, tiers: Mapping[str, Tier], rows: pl.DataFrame) -> TierFreshness:
        pull = pull_of(self.name, {name: tiers[name]})
        stale_before = self.now - self.level.stale_after(pull)
        current = rows.filter(pl.col("available_at") > stale_before)["coin"]
        behind = tuple(coin for coin in tiers[name].coins if coin not in set(current))
        ts, known = rows.select(pl.max("ts"), pl.max("available_at")).row(0)
        if ts is None and self.files.paths:
            why = f"no rows of {_named(behind)}"
            return self._line(name, None, pull, state="missing", why=why)
        return self._line(name, ts, pull, known=known, behind=behind)

    def _line(
        self,
        tier: str | None,
        ts: datetime | None,
        pull: timedelta,
        *,
        known: datetime | None = None,
        behind: tuple[str, ...] = (),
        state: str = "",
        why: str = "",
    ) -> TierFreshness:
        late, stale = self.level.late_after(pull), self.level.stale_after(pull)
        age = max(self.now - known, timedelta(0)) if known else None
        found = state or self._state(age, late, stale, has_files=bool(self.files.paths))
        lagging = behind if found in {"fresh", "late"} else ()
        found = "late" if lagging and found == "fresh" else found
        return TierFreshness(
            table=self.name,
            tier=tier,
            state=found,
            newest_ts=ts,
            age=age,
            late_after=late,
            stale_after=stale,
            behind=lagging,
            why=why or self._why(found, lagging),
        )

    @staticmethod
    def _state(age: timedelta | None, late: timedelta, stale: timedelta, *, has_files: bool) -> str:
        if age is None:
            return "empty" if has_files else "missing"
        return "stale" if age >= stale else "late" if age >= late else "fresh"

    def _why(self, state: str, behind: tuple[str, ...]) -> str:
        """The nearest cause that can be seen: the last run, then the inputs, then the clock."""
        if state == "fresh":
            return ""
        if self.last_run.failure:
            return f"the last run failed: {self.last_run.failure}"
        if self.last_run.running_since:
            return f"a run is on its way since {self.last_run.running_since:%H:%M}"
        if behind:
            return f"no recent rows of {_named(behind)}"
        inputs = [
            name
            for name in self.level.inputs
            if (found := self.judged.get(name)) and found.state in {"missing", "stale"}
        ]
        if inputs:
            return f"waits for {', '.join(inputs)}"
        return self._why_without_failure(state)

    def _why_without_failure(self, state: str) -> str:
        if state == "missing":
            return f"never filled: {self._command()}"
        if state == "empty":
            return "nothing qualified yet; its last run counts the reasons"
        if self.last_run.succeeded_at is None:
            return f"no run of it is recorded: {self._command()}"
        ago = self.now - self.last_run.succeeded_at
        if ago < self.level.step:
            return f"the run of {self.last_run.succeeded_at:%d %b %H:%M} found nothing newer"
        return f"no run since {self.last_run.succeeded_at:%d %b %H:%M}: {self._command()}"

    def _command(self) -> str:
        """What a person types to fill the table."""
        return "cryptopipe refresh" + ("" if self.name in FOR_STRATEGIES else " --all")


def _written_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _named(coins: Sequence[str]) -> str:
    more = f" and {len(coins) - NAMED} more" if len(coins) > NAMED else ""
    return f"{', '.join(coins[:NAMED])}{more}"
