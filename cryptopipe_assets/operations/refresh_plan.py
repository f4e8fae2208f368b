"""What a refresh has to do: which tables, over which days, in which order. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cryptopipe_assets.operations.status.freshness import TableFreshness
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS, closure

SIGNALS = "signals"
OPEN_INTEREST = "open_interest"

FIRST_DAYS = 10
"""Days that are requested where there is nothing yet; more is a backfill's."""

MOST_DAYS = 31
"""A refresh closes no longer hole than this."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One table of a refresh.

    Attributes
    ----------
    first, last
        Days to request, both included; None if nothing is to be done.
    reason
        Why it is done, or why not.
    """

    table: str
    first: date | None
    last: date
    reason: str

    @property
    def is_due(self) -> bool:
        """Whether there is something to do."""
        return self.first is not None


@dataclass(frozen=True, kw_only=True)
class StepOutcome:
    """How a step went.

    Attributes
    ----------
    state
        ``started``, ``refreshed``, ``unchanged`` (nothing was to be done), ``skipped`` (an input
        failed), ``failed`` or ``unfinished`` (time was up).
    says
        Why, for a person.
    """

    table: str
    state: str
    says: str = ""
    rows_added: int = 0
    seconds: float = 0.0


def needed(strategies_need: Collection[str]) -> list[str]:
    """Tables that the active strategies rest on, each after its inputs, and their signals."""
    return [*closure(set(strategies_need)), SIGNALS]


def plan(
    found: Sequence[TableFreshness],
    tables: Sequence[str],
    *,
    today: date,
    force: bool,
    skip: Collection[str] = (),
) -> list[Step]:
    """Steps in the order of dependency; a table whose input is refreshed is, too.

    Parameters
    ----------
    found
        How fresh every table is.
    force
        Refresh what is fresh as well.
    skip
        Tables to leave as they are; what is made from them uses what is stored.
    """
    by_name = {each.table: each for each in found}
    steps: dict[str, Step] = {}
    for name in tables:
        if name not in by_name:
            continue
        moved = [steps[each] for each in SERVICE_LEVELS[name].inputs if each in steps]
        changed = [each for each in moved if each.is_due]
        steps[name] = _step(by_name[name], changed, today=today, force=force, skip=skip)
    return list(steps.values())


def _step(
    found: TableFreshness,
    changed: Sequence[Step],
    *,
    today: date,
    force: bool,
    skip: Collection[str],
) -> Step:
    name = found.table
    if name in skip:
        return Step(table=name, first=None, last=today, reason="left out as asked")
    is_derived = found.level.layer != "collected"
    is_settled = found.state in {"fresh", "empty"}  # what qualifies depends on the inputs alone
    if is_settled and not force and not (is_derived and changed):
        return Step(table=name, first=None, last=today, reason=found.state)
    because = found.state if not is_settled else "forced" if force else ""
    reason = because or f"{', '.join(each.table for each in changed)} refreshed"
    first = _first_day(found, today)
    if is_derived:  # what comes into its inputs late belongs into its old days, too
        first = min([first, *(each.first for each in changed if each.first)])
    return Step(table=name, first=first, last=today, reason=reason)


def _first_day(found: TableFreshness, today: date) -> date:
    """From the newest day on that every tier has; the day itself may be incomplete."""
    newest = [each.newest_ts for each in found.tiers]
    if not all(newest) or not found.files.paths:
        return today - timedelta(days=FIRST_DAYS - 1)
    oldest = min(each for each in newest if each is not None).date()
    return min(today, max(oldest, today - timedelta(days=MOST_DAYS - 1)))


def holes(steps: Sequence[Step], found: Sequence[TableFreshness]) -> list[str]:
    """Tables of which more is missing than a refresh requests, for the advice to backfill."""
    newest = {
        each.table: [tier.newest_ts for tier in each.tiers if tier.newest_ts] for each in found
    }
    return [
        step.table
        for step in steps
        if step.first
        and SERVICE_LEVELS[step.table].has_days
        and newest[step.table]
        and min(newest[step.table]).date() < step.first
    ]
