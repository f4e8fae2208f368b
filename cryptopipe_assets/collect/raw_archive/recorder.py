"""Records what one table in one run requests, gets, rests on and writes."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date, datetime

from cryptopipe_assets.collect.raw_archive.blobs import digest
from cryptopipe_assets.collect.raw_archive.clock import ResponseClock
from cryptopipe_assets.collect.raw_archive.manifest import Response, RunManifest
from cryptopipe_assets.collect.raw_archive.store import Archive
from cryptopipe_assets.core.errors import VendorError
from cryptopipe_assets.core.time import DAY
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.local_store import partition_name
from cryptopipe_assets.vendors.http.journal import Content, Journal
from cryptopipe_assets.vendors.http.responses import Request

REGISTRY = "instruments"
DECISIVE_TAGS = ("cryptopipe/tier", "cryptopipe/coins")
"""Tags of a run that say whose coins it collects."""


class Recorder:
    """Records one table of one run; nothing is in the archive until the table has written rows.

    While it records, the present that rows are stamped with is the instant of the newest response:
    that is when they were there, and it can be replayed.

    Parameters
    ----------
    context
        The configuration, as ``replay`` needs it to send the same requests.
    """

    def __init__(
        self, archive: Archive, journal: Journal, *, context: str, wall: Callable[[], datetime]
    ) -> None:
        self.wall = wall
        self._archive = archive
        began = wall()
        self._present = ResponseClock(began)
        self._responses: list[Response] = []
        lake = Lake(archive.warehouse)
        own = {partition_name(*each): each for each in _own(journal, began.date())}
        found = {name: lake.content(*each) for name, each in sorted(own.items())}
        kept = {path: body for path, body in found.items() if body and not _is_made(path, journal)}
        for body in kept.values():
            archive.blobs.put(body)
        self._manifest = RunManifest(
            table=journal.table,
            run_id=journal.run_id,
            at=began,
            days=journal.scope.days,
            tags={k: v for k, v in journal.scope.tags.items() if k in DECISIVE_TAGS},
            context=archive.blobs.put(context.encode()),
            found={path: digest(body) if body else None for path, body in found.items()},
            kept=tuple(kept),
        )

    def clock(self) -> datetime:
        """When the newest response was there; before the first, when the run began."""
        return self._present.newest()

    def response_time(self) -> datetime:
        """When the response was there that the task has just got."""
        return self._present.of_task()

    async def response_to(
        self, vendor: str, verb: str, request: Request, ask: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """Send the request, and keep what came, were it an error."""
        said = name_of(vendor, verb, request)
        try:
            body = await ask()
        except VendorError as exc:
            why = str(exc).removeprefix(f"{exc.vendor}: ")
            self._responded(
                Response(request=said, at=self.wall(), failure=type(exc).__name__, why=why)
            )
            raise
        self._responded(Response(request=said, at=self.wall(), body=self._archive.blobs.put(body)))
        return body

    def wrote(self, files: Mapping[date | None, Content]) -> None:
        """Write the manifest, with what its files are now."""
        after = {day: digest(content() or b"") for day, content in files.items() if day is not None}
        self._manifest = self._manifest.model_copy(
            update={"wrote": {**self._manifest.wrote, **after}, "responses": tuple(self._responses)}
        )
        self._archive.keep(self._manifest)

    def _responded(self, response: Response) -> None:
        self._responses.append(response)
        self._present.goes_on(response.at)


def name_of(vendor: str, verb: str, request: Request) -> str:
    """A request's name: everything that decides its response, but the key and the address."""
    return f"{vendor} {request.family} {verb} {request}"


def _own(journal: Journal, today: date) -> Iterable[tuple[str, date | None]]:
    """What a collector rests on: its table's days, the day before, today, the registry."""
    yield REGISTRY, None
    days = journal.scope.days
    if days:
        for day in {*days, days[0] - DAY, today}:
            yield journal.table, day


def _is_made(path: str, journal: Journal) -> bool:
    """Whether the run itself writes the file: a rebuild then has it from the runs before."""
    days = journal.scope.days
    return len(days) == 1 and path == partition_name(journal.table, days[0])
