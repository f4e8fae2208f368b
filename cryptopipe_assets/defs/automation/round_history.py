"""What Dagster's history says of the rounds before: what was requested, and what succeeded."""

from datetime import datetime

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter

from cryptopipe_assets.defs.run_scope import TIER
from cryptopipe_assets.operations.schedule.rounds import Round

ROUND, TICK = "cryptopipe/round", "cryptopipe/tick"
"""Run tags: the rounds that a run is of, joined by +, and the instant that it is for."""

WAITING = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
]

TOGETHER = "market_data+positions"


class RoundHistory:
    """Reads the runs that carry the tags of a round."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance

    def asked(self, of: Round) -> datetime | None:
        """Instant of the newest run of the round, however it ended."""
        return self._newest(of, None)

    def done(self, of: Round) -> datetime | None:
        """Instant of the newest run of the round that succeeded."""
        return self._newest(of, [DagsterRunStatus.SUCCESS])

    def is_waiting(self, of: Round) -> bool:
        """Whether a run of the round is queued or running."""
        return bool(self._runs(of, WAITING))

    def _newest(self, of: Round, statuses: list[DagsterRunStatus] | None) -> datetime | None:
        runs = self._runs(of, statuses)
        return max((datetime.fromisoformat(run.tags[TICK]) for run in runs), default=None)

    def _runs(self, of: Round, statuses: list[DagsterRunStatus] | None) -> list[dg.DagsterRun]:
        """Newest run of the round, and of the closing that requests the same."""
        tags: dict[str, str | list[str]] = {ROUND: _values(of.name)}
        found = self._one({**tags, TIER: of.tier} if of.tier else tags, statuses)
        if of.tier or of.name == "listings":
            closed = "close_listings" if of.name == "listings" else "close"
            found += self._one({ROUND: closed}, statuses)
        return found

    def _one(
        self, tags: dict[str, str | list[str]], statuses: list[DagsterRunStatus] | None
    ) -> list[dg.DagsterRun]:
        return list(self._instance.get_runs(RunsFilter(tags=tags, statuses=statuses), limit=1))


def _values(name: str) -> str | list[str]:
    """Values of the tag that say that a run is of the round."""
    return [name, TOGETHER] if name in TOGETHER.split("+") else name
