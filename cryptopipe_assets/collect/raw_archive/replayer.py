"""Replays recorded responses, for a rebuild."""

from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path

from cryptopipe_assets.collect.raw_archive.clock import ResponseClock
from cryptopipe_assets.collect.raw_archive.manifest import Response, RunManifest
from cryptopipe_assets.collect.raw_archive.recorder import name_of
from cryptopipe_assets.collect.raw_archive.store import Archive
from cryptopipe_assets.core.errors import ArchiveIncomplete, VendorError
from cryptopipe_assets.storage.local_store import partition_name
from cryptopipe_assets.vendors.http.responses import Request


class Replay:
    """Replays a run: same responses, same present. No request is sent."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._manifest: RunManifest | None = None
        self._left: dict[str, deque[Response]] = {}
        self._present = ResponseClock(datetime.fromtimestamp(0, UTC))

    def turn_to(self, manifest: RunManifest) -> None:
        """Replay this run from now on."""
        self._manifest, self._present = manifest, ResponseClock(manifest.at)
        self._left = defaultdict(deque)
        for each in manifest.responses:
            self._left[each.request].append(each)

    def clock(self) -> datetime:
        """The present of the run, as far as it was replayed."""
        return self._present.newest()

    def response_time(self) -> datetime:
        """The present of the run, for the task that runs."""
        return self._present.of_task()

    def wall(self) -> datetime:
        """The real present: what waits must not wait for a past."""
        return datetime.now(UTC)

    async def response_to(
        self, vendor: str, verb: str, request: Request, ask: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """The kept response; ``ask`` is not called."""
        assert self._manifest is not None
        said = name_of(vendor, verb, request)
        if not self._left[said]:
            raise ArchiveIncomplete(
                f"{self._manifest.table}: the raw archive has no response to {said} for the run of "
                f"{self._manifest.at:%Y-%m-%d %H:%M}. This version sends other requests than the "
                "one that collected, or the table was made from a file that is not archived"
            )
        kept = self._left[said].popleft()
        self._present.goes_on(kept.at)
        if kept.failure is not None:
            raise _failure(kept.failure)(vendor, kept.why or "")
        return self._archive.blobs.get(kept.body or "")


def lay_out(manifest: RunManifest, day: date, *, archive: Archive, root: Path) -> None:
    """Put the files that a run rested on into ``root``, but that of the day being rebuilt."""
    for path, name in manifest.found.items():
        if path == partition_name(manifest.table, day):
            continue
        target = root / path
        if name is None:
            target.unlink(missing_ok=True)
        elif path in manifest.kept:
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
