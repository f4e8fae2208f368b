"""The journal of a run: every decision about its requests, logged at once and counted for later.

A message names vendor, endpoint and reason, and has been through the redactor: no key is in it.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

logger = logging.getLogger("cryptopipe.vendors")

Content = Callable[[], bytes | None]
"""Gives the bytes of a partition as they are when it is called; None if there is none."""

Kind = Literal["retry", "wait", "circuit", "ban", "quota", "fallback", "source", "sample"]
LEVELS: dict[Kind, int] = {
    "retry": logging.WARNING,
    "wait": logging.INFO,
    "circuit": logging.WARNING,
    "ban": logging.ERROR,
    "quota": logging.ERROR,
    "fallback": logging.WARNING,
    "source": logging.INFO,
    "sample": logging.ERROR,
}
MOST_KEPT = 200


@dataclass(frozen=True)
class Decision:
    """What was decided, and why in one line.

    Attributes
    ----------
    kind
        ``retry`` (a request is sent again), ``wait`` (a rate limit holds it back), ``circuit``
        (opened, probed, closed), ``ban`` and ``quota`` (no request before an instant), ``fallback``
        (the next address or source), ``source`` (who fills a table), ``sample`` (of a response
        that was rejected).
    """

    kind: Kind
    what: str


@dataclass(frozen=True, kw_only=True)
class RunScope:
    """What a run collects.

    Attributes
    ----------
    days
        Days it fills, ascending; none for a table without days.
    tags
        Tags of the run that decide whose coins it collects.
    """

    days: tuple[date, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


def _ignored(files: Mapping[date | None, Content]) -> None:
    """Nobody keeps a record of what was written."""


class Journal:
    """Decisions made for one table in one run.

    Parameters
    ----------
    table
        The table that the calls are for; empty if they are for none.
    run_id
        The run that makes them; empty outside of one.
    scope
        What the run collects.
    log
        Where each decision is logged at once. A run passes its own, so that they are in its event
        log.

    Attributes
    ----------
    counts
        Decisions by kind.
    kept
        The first 200, in their order.
    on_written
        Called with what gives the bytes of each day of a commit.
    """

    def __init__(
        self,
        table: str = "",
        run_id: str = "",
        *,
        scope: RunScope | None = None,
        log: logging.Logger = logger,
    ) -> None:
        self.table = table
        self.run_id = run_id
        self.scope = scope or RunScope()
        self.on_written: Callable[[Mapping[date | None, Content]], None] = _ignored
        self.counts: Counter[Kind] = Counter()
        self.kept: list[Decision] = []
        self._log = log

    def note(self, kind: Kind, what: str) -> None:
        """Log a decision and keep it."""
        self.counts[kind] += 1
        if len(self.kept) < MOST_KEPT:
            self.kept.append(Decision(kind, what))
        self._log.log(LEVELS[kind], "%s", what)
