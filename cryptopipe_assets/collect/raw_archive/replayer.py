"""Answering from what was kept: the witness of a rebuild."""

from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path

from cryptopipe_assets.collect.raw_archive.clock import Present
from cryptopipe_assets.collect.raw_archive.manifest import Answer, Visit
from cryptopipe_assets.collect.raw_archive.recorder import name_of
from cryptopipe_assets.collect.raw_archive.store import Archive
from cryptopipe_assets.core.errors import EvidenceMissing, VendorError
from cryptopipe_assets.vendors.http.responses import Question


class Replay:
    """Tells a visit again: same answers, same present. Nobody is asked."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._visit: Visit | None = None
        self._left: dict[str, deque[Answer]] = {}
        self._present = Present(datetime.fromtimestamp(0, UTC))

    def turn_to(self, visit: Visit) -> None:
        """Tell this visit from now on."""
        self._visit, self._present = visit, Present(visit.at)
        self._left = defaultdict(deque)
        for each in visit.answers:
            self._left[each.question].append(each)

    def clock(self) -> datetime:
        """The present of the visit, as far as it was told."""
        return self._present.newest()

    def heard(self) -> datetime:
        """The present of the visit, for the task that runs."""
        return self._present.of_task()

    def wall(self) -> datetime:
        """The real present: what waits must not wait for a past."""
        return datetime.now(UTC)

    async def answer(
        self, vendor: str, verb: str, question: Question, ask: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """The kept answer; ``ask`` is not called."""
        assert self._visit is not None
        said = name_of(vendor, verb, question)
        if not self._left[said]:
            raise EvidenceMissing(
                f"{self._visit.table}: the run of {self._visit.at:%Y-%m-%d %H:%M} is not known to "
                f"have asked {said}. This version asks otherwise than the one that collected, or "
                "the table rested on a file that is not among the evidence"
            )
        kept = self._left[said].popleft()
        self._present.goes_on(kept.at)
        if kept.failure is not None:
            raise _failure(kept.failure)(vendor, kept.why or "")
        return self._archive.blobs.get(kept.body or "")


def lay_out(visit: Visit, day: date, *, archive: Archive, root: Path) -> None:
    """Put the files that a visit rested on into ``root``, but that of the day being rebuilt."""
    for path, name in visit.found.items():
        if path == f"{visit.table}/date={day}/part-0.parquet":
            continue
        target = root / path
        if name is None:
            target.unlink(missing_ok=True)
        elif path in visit.kept:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.blobs.get(name))


def _failure(name: str) -> type[VendorError]:
    """The class of error of that name; the plainest, if this version has no such class."""
    known = {VendorError.__name__: VendorError}
    waiting = [VendorError]
    while waiting:
        for each in waiting.pop().__subclasses__():
            known[each.__name__] = each
            waiting.append(each)
    return known.get(name, VendorError)
