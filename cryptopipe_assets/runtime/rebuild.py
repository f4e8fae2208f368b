"""A day of a collected table made once more from the raw archive, beside its stored file."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
from dagster import AssetCheckKey, AssetKey

from cryptopipe_assets.collect.raw_archive.config_snapshot import Context
from cryptopipe_assets.collect.raw_archive.manifest import RunManifest
from cryptopipe_assets.collect.raw_archive.replayer import Replay, lay_out
from cryptopipe_assets.collect.raw_archive.store import Archive
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import ArchiveIncomplete, ShrinkRefused, VendorError
from cryptopipe_assets.core.schema import Collected
from cryptopipe_assets.defs.partitions import range_tags
from cryptopipe_assets.defs.publishing.publication import GATE
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.runtime.ephemeral_instance import ephemeral_instance
from cryptopipe_assets.runtime.resources import vendor_clients
from cryptopipe_assets.runtime.table_run import QUIET
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.local_store import partition_name
from cryptopipe_assets.storage.merge import lost_keys, news
from cryptopipe_assets.storage.revisions import SUFFIX
from cryptopipe_assets.vendors.http.records import Records

NOWHERE = "http://127.0.0.1:9"
"""Nobody is asked; if somebody were, they would be asked here."""

Watch = Callable[[Sequence[RunManifest]], Iterable[RunManifest]]


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """A day made from the raw archive beside the file that is stored.

    Attributes
    ----------
    content, stored
        Bytes of the two files; stored is null where there is none.
    revisions
        Bytes of the file of superseded rows; null where nothing was.
    rows
        Rows of the rebuilt day.
    missing, added, changed
        Keys that only the stored file has, that only the rebuilt one has, and of which the two
        say different things.
    manifests
        How many runs wrote the day.
    """

    content: bytes
    stored: bytes | None
    revisions: bytes | None
    rows: int
    missing: int
    added: int
    changed: int
    manifests: int

    @property
    def is_identical(self) -> bool:
        """Whether the two are the same, bit by bit."""
        return self.content == self.stored


def rebuilt(
    settings: Settings, contract: type[Collected], day: date, *, watched: Watch = iter
) -> Rebuilt:
    """Run every run that wrote the day again, in an empty warehouse, and compare the outcome.

    Parameters
    ----------
    watched
        Is given the runs and yields each as its turn comes.

    Raises
    ------
    ArchiveIncomplete
        If not everything that made the day was kept.
    """
    archive, table = Archive(settings.warehouse), contract.table_name()
    manifests = archive.of_day(table, day)
    _require_whole(settings, manifests, table, day)
    with TemporaryDirectory() as folder:
        scratch = settings.with_environment(warehouse=Path(folder))
        _replay(scratch, archive, watched(manifests), day)
        lake, theirs = Lake(scratch.warehouse), Lake(settings.warehouse)
        made, stored = lake.read(contract, day), theirs.read(contract, day)
        missing = lost_keys(stored, made, contract.key()).height if stored.height else 0
        added = made.height - (stored.height - missing)
        different = news(stored, made, contract.key()).height if stored.height else made.height
        return Rebuilt(
            content=lake.content(table, day) or b"",
            stored=theirs.content(table, day),
            revisions=lake.content(table + SUFFIX, day),
            rows=made.height,
            missing=missing,
            added=added,
            changed=different - added,
            manifests=len(manifests),
        )


def _require_whole(settings: Settings, manifests: list[RunManifest], table: str, day: date) -> None:
    """Check that the archived runs begin before the day's file does."""
    if not manifests:
        raise ArchiveIncomplete(
            f"{table} {day}: no run that wrote it is in the raw archive "
            f"{Archive(settings.warehouse).folder}. Responses are archived while "
            f"collect.archive_raw = true, for collect.raw_days = "
            f"{settings.config.collect.raw_days} days"
        )
    written: set[str | None] = {None}
    for each in manifests:
        before = each.found.get(partition_name(table, day))
        if before not in written:
            raise ArchiveIncomplete(
                f"{table} {day}: when the run of {each.at:%Y-%m-%d %H:%M} began, the file held "
                "what no run before it is known to have written: the raw archive was off then, is "
                "too short, or a repair or an import added to the day"
            )
        written.add(each.wrote[day])


def _replay(
    scratch: Settings, archive: Archive, manifests: Iterable[RunManifest], day: date
) -> None:
    """Run the table once for each archived run, answered by the archive."""
    replay, jobs = Replay(archive), dict[str, Callable[[RunManifest], None]]()
    with ephemeral_instance() as instance:
        for each in manifests:
            lay_out(each, day, archive=archive, root=scratch.warehouse)
            replay.turn_to(each)
            if each.context not in jobs:
                context = Context.model_validate_json(archive.blobs.get(each.context))
                jobs[each.context] = _run_of(context.over(scratch), replay, instance)
            jobs[each.context](each)


def _run_of(
    settings: Settings, replay: Replay, instance: dg.DagsterInstance
) -> Callable[[RunManifest], None]:
    """What materialises an archived run's table under the configuration of then."""
    clients = replace(
        vendor_clients(settings),
        standin=lambda: NOWHERE,
        state_folder=None,
        records=Records(tap=replay),
        clock=replay.clock,
        raw_archive=None,
    )
    job = build(settings, vendors=clients).resolve_implicit_global_asset_job_def()

    def run(manifest: RunManifest) -> None:
        key = AssetKey(manifest.table)
        tags: dict[str, Any] = {**manifest.tags, **range_tags(manifest.days[0], manifest.days[-1])}
        own = job.get_subset(
            asset_selection={key}, asset_check_selection={AssetCheckKey(key, GATE)}
        )
        # A run that failed after it had written the day fails here as it did then.
        with suppress(VendorError):
            own.execute_in_process(instance=instance, tags=tags, run_config=QUIET)

    return run


def put_in_place(settings: Settings, contract: type[Collected], day: date, found: Rebuilt) -> None:
    """Put the rebuilt file in the place of the stored one.

    Raises
    ------
    ShrinkRefused
        If rows would be lost.
    """
    table = contract.table_name()
    if found.missing:
        raise ShrinkRefused(
            f"{table} {day}: the rebuilt day lacks {found.missing:,} keys of the stored file; "
            "kept it. Move it away first if you know its rows to be wrong"
        )
    lake = Lake(settings.warehouse)
    with lake.lock(table, day):
        revisions = found.revisions
        if revisions is not None and lake.content(table + SUFFIX, day) is None:
            lake.put_content(table + SUFFIX, revisions, day)
        lake.put_content(table, found.content, day)
