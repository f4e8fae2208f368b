"""The raw archive as a whole: manifests by table and day, and what is forgotten when."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cryptopipe_assets.collect.raw_archive.manifest import Response, RunManifest
from cryptopipe_assets.collect.raw_archive.store import Archive
from cryptopipe_assets.core.errors import CorruptFile

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def keep(archive: Archive, *, at: datetime, table: str = "ohlcv_1m", body: bytes = b"") -> None:
    """A run of a table that began then, and wrote the day."""
    blob = archive.blobs.put(body or f"{table} {at}".encode())
    archive.keep(
        RunManifest(
            table=table,
            run_id=f"{at:%d%H%M%S}-run",
            at=at,
            days=(at.date(),),
            tags={},
            context=archive.blobs.put(b"configuration"),
            found={},
            kept=(),
            responses=(Response(request="GET /klines", at=at, body=blob),),
            wrote={at.date(): "0" * 64},
        )
    )


def test_manifests_are_read_by_table_and_day_the_oldest_first(archive):
    for n in (2, 0, 1):
        keep(archive, at=NOW - n * DAY)
        keep(archive, at=NOW - n * DAY, table="funding_rate")
    assert [each.at for each in archive.manifests("ohlcv_1m")] == [NOW - n * DAY for n in (2, 1, 0)]
    assert len(list(archive.manifests())) == 6
    [one] = archive.of_day("funding_rate", (NOW - DAY).date())
    assert (one.table, one.at) == ("funding_rate", NOW - DAY)


def test_old_manifests_are_forgotten_with_what_no_other_names(archive):
    keep(archive, at=NOW - 10 * DAY, body=b"old")
    keep(archive, at=NOW, body=b"new")
    before = sum(archive.bytes_by().values())
    later = NOW + 3 * DAY  # what was put a moment ago is too young to go
    freed = archive.forget(now=later, keep=5 * DAY)
    assert [each.at for each in archive.manifests()] == [NOW]
    assert freed == before - sum(archive.bytes_by().values()) > 0
    assert len(list((archive.folder / "visits").iterdir())) == 1
    [manifest] = archive.manifests()
    assert [archive.blobs.get(name) for name in sorted(manifest.blobs)]


def test_it_is_swept_once_a_day_at_most(archive):
    keep(archive, at=NOW - 10 * DAY)
    assert archive.forget(now=NOW, keep=5 * DAY) > 0
    keep(archive, at=NOW - 9 * DAY)
    assert archive.forget(now=NOW + timedelta(hours=20), keep=5 * DAY) == 0
    assert len(list(archive.manifests())) == 1
    assert archive.forget(now=NOW + timedelta(hours=25), keep=5 * DAY) > 0
    assert list(archive.manifests()) == []


def test_of_a_young_manifest_nothing_is_forgotten_and_without_an_archive_nothing_is_made(archive):
    assert archive.forget(now=NOW, keep=5 * DAY) == 0
    assert not archive.folder.exists()
    keep(archive, at=NOW)
    assert archive.forget(now=NOW, keep=5 * DAY) == 0
    assert len(list(archive.manifests())) == 1


def test_a_file_that_is_no_manifest_is_named(archive):
    keep(archive, at=NOW)
    [path] = (archive.folder / "visits").rglob("*.json")
    path.write_text("{}")
    with pytest.raises(CorruptFile, match="is no manifest of the raw archive"):
        list(archive.manifests())
