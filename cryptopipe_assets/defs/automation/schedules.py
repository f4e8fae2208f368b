"""Jobs and schedules: the rounds of the timetable as Dagster runs them.

Schedules collect; what is derived follows by the tables' own automation conditions. A tick asks
Dagster's history what was requested and what succeeded before, so that ticks that were missed are
one run over the days they left out, and a tick whose work is already waiting adds nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from logging import Logger
from typing import Any

import dagster as dg
from dagster import AssetSelection

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.core.recurrence import Recurrence
from cryptopipe_assets.core.time import HOUR
from cryptopipe_assets.defs.automation.round_history import ROUND, TICK, RoundHistory
from cryptopipe_assets.defs.partitions import range_tags
from cryptopipe_assets.defs.publishing.publication import GATE, PLAIN
from cryptopipe_assets.defs.run_scope import TIER
from cryptopipe_assets.operations.budget.fit import refused
from cryptopipe_assets.operations.schedule.rounds import (
    CLOSED_AGAIN,
    REGISTRY,
    Round,
    closes_at,
    closing,
    closing_again,
    listings,
    rounds_of,
)
from cryptopipe_assets.storage.lake import Lake

Told = dg.SkipReason | dg.RunRequest
Evaluate = Callable[[dg.ScheduleEvaluationContext], Iterator[Told]]

COLLECT = dg.define_asset_job(
    "collect",
    selection=AssetSelection.groups("collected"),
    description="Collect the days of the run from the vendors: of one tier's coins, or of all.",
)
CLOSE = dg.define_asset_job(
    "close_yesterday",
    selection=AssetSelection.groups("collected", "quality"),
    description=(
        "Request everything of yesterday and the day before once more, fill what is missing, and "
        "verify it by every quality check."
    ),
)
DERIVE = dg.define_asset_job(
    "derive",
    selection=AssetSelection.groups("features", "signals"),
    description="Compute every derived table anew over the days of the run.",
)


def jobs() -> list[Any]:
    """Jobs that a person or a schedule starts."""
    return [COLLECT, CLOSE, DERIVE]


def schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """One schedule a tier, one for the listings, one that closes the day.

    They run from the start with the real vendors; on the stand-in they wait to be switched on.
    Recordings are of the past: there is nothing to schedule.
    """
    if settings.environment.vendors == "recorded":
        return []
    live = settings.environment.vendors == "live"
    status = dg.DefaultScheduleStatus.RUNNING if live else dg.DefaultScheduleStatus.STOPPED
    config = settings.config
    planned = {
        f"collect_{name}": (COLLECT, own)
        for name, tier in config.tiers.items()
        if (own := tuple(rounds_of(name, tier)))  # of market caps alone, the listings tell all
    }
    planned["collect_listings"] = (COLLECT, (listings(config),))
    planned["close_yesterday"] = (CLOSE, closing(config))
    return [
        dg.ScheduleDefinition(
            name=name,
            job=job,
            cron_schedule=crons(
                [
                    *(each.recurrence for each in own),
                    *(closing_again(config) if job is CLOSE else ()),
                ]
            ),
            execution_timezone="UTC",
            execution_fn=_evaluation(settings, own),
            default_status=status,
            description=_sentence(own) + (_AGAIN if job is CLOSE else ""),
        )
        for name, (job, own) in planned.items()
    ]


_AGAIN = f" What failed is tried again {', '.join(map(str, CLOSED_AGAIN))} hours later."


def crons(recurrences: Sequence[Recurrence]) -> list[str]:
    """Cron lines of all instants; one that adds none to another is left out."""
    different = list(dict.fromkeys(recurrences))
    return [
        each.cron
        for each in different
        if not any(other != each and other.includes(each) for other in different)
    ]


def _sentence(own: Sequence[Round]) -> str:
    """What the schedule collects, for the UI."""
    whose = f"coins of the tier {own[0].tier}" if own[0].tier else "all coins"
    what = "; ".join(f"{', '.join(each.tables)} at {each.recurrence.cron}" for each in own)
    return f"Of {whose}: {what} (UTC)."


def _evaluation(settings: Settings, own: tuple[Round, ...]) -> Evaluate:
    """The schedule's evaluation: which of its rounds are due, and over which days."""
    closing_itself = own == closing(settings.config)

    def evaluate(context: dg.ScheduleEvaluationContext) -> Iterator[Told]:
        at = context.scheduled_execution_time.astimezone(UTC)
        if closes_at(settings.config, at) and not closing_itself:
            yield dg.SkipReason("close_yesterday collects this in the same minute")
            return
        history = RoundHistory(context.instance)
        newest = history.done if closing_itself else history.asked
        due = [each for each in own if each.is_due(at, asked=newest(each))]
        waiting = [each for each in due if history.is_waiting(each)]
        if not due:
            ended = "the day is closed" if closing_itself else "a later round has collected this"
            yield dg.SkipReason(f"{ended} already")
        elif waiting == due:
            yield dg.SkipReason("the round before has not ended; it collects this, too")
        else:
            if closing_itself:  # each is a run of its own
                due = [each for each in due if each not in waiting]
            due = with_room(settings, due, context.log)
            for together in [[each] for each in due] if closing_itself else [due]:
                yield _request(settings, history, together, at)

    return evaluate


def with_room(settings: Settings, due: Sequence[Round], log: Logger) -> list[Round]:
    """Leave out the tables for which the vendors allow too few calls; what fits is collected.

    Raises
    ------
    ConfigError
        If nothing is left: the tick fails with it, where a person sees it.
    """
    too_much = refused(settings)
    kept = [
        replace(each, tables=tuple(name for name in each.tables if (each, name) not in too_much))
        for each in due
    ]
    why = [too_much[each, name] for each in due for name in each.tables if (each, name) in too_much]
    if not any(each.tables for each in kept):
        raise ConfigError(f"not started: {'; '.join(dict.fromkeys(why))}")
    for sentence in dict.fromkeys(why):
        log.error("left out: %s", sentence)
    return [each for each in kept if each.tables]


def gates(tables: Iterable[str]) -> list[dg.AssetCheckKey]:
    """The checks that each table makes itself, before it writes.

    A run request with checks, be it none, that leaves these out is refused by Dagster: an asset
    and the checks within it run together.
    """
    return [dg.AssetCheckKey(dg.AssetKey(name), GATE) for name in tables]


def _is_repeat(recurrence: Recurrence, at: datetime) -> bool:
    """Whether another instant of the same hour came before."""
    return at.minute >= recurrence.every_minutes


def _request(
    settings: Settings, history: RoundHistory, due: Sequence[Round], at: datetime
) -> dg.RunRequest:
    """One run over the tables of the rounds and over all days that one of them is due for."""
    tables = [name for each in due for name in each.tables]
    if REGISTRY not in tables and not Lake(settings.warehouse).has(REGISTRY):
        tables.insert(0, REGISTRY)
    most = timedelta(days=settings.config.schedules.catch_up_days)
    spans = [each.days(at, done=history.done(each), most=most) for each in due]
    names, tier = "+".join(each.name for each in due), due[0].tier
    closes = due[0].days_before > 0
    return dg.RunRequest(
        run_key=f"{at.isoformat()} {names}",
        asset_selection=[dg.AssetKey(name) for name in tables],
        # The gate before every write is part of the asset; the rest is looked at on closing.
        asset_check_keys=None if closes else gates(tables),
        tags={
            **range_tags(min(first for first, _ in spans), max(last for _, last in spans)),
            ROUND: names,
            TICK: at.isoformat(),
            "dagster/priority": "1" if due[0].recurrence.interval < HOUR else "0",
            **({TIER: tier} if tier else {}),
            **({PLAIN: "true"} if _is_repeat(due[0].recurrence, at) else {}),
        },
    )
