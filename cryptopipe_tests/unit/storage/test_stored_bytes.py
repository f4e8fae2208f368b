"""A bit that turns, a cut, a swap, a foreign file: found at every door, and never an odd error."""

import errno
import io
import os
import random
import resource
import shutil
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from cryptopipe_assets.core.errors import CorruptFile, StorageError
from cryptopipe_assets.storage.as_of import as_of
from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.backup.restore import restore
from cryptopipe_assets.storage.backup.snapshot import back_up
from cryptopipe_assets.storage.checksum import has_checksum, is_sound, with_checksum
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.verification import add_checksum, verified
from cryptopipe_tests.reference.quotes import DAY, Means, Quotes, quotes

pytestmark = pytest.mark.slow

FIRST, SECOND = DAY.date(), DAY.date() + timedelta(days=1)
TABLES = [Quotes, Means]
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two days of quotes and a revision of the first."""
    made = Lake(tmp_path / "warehouse")
    made.upsert(Quotes, quotes(300), FIRST)
    made.upsert(Quotes, quotes(40, price=2.0, came=60), FIRST)
    made.upsert(Quotes, quotes(300).with_columns(pl.col("ts").dt.offset_by("1d")), SECOND)
    return made


def without_checksum(path: Path) -> None:
    """The file as an earlier version wrote it."""
    pl.read_parquet(path, hive_partitioning=False).write_parquet(path, compression="zstd")


def reads(lake: Lake) -> list[object]:
    return [
        lambda: lake.read(Quotes, FIRST),
        lambda: lake.scan(Quotes, FIRST, FIRST).collect(),
        lambda: lake.scan(Quotes, FIRST, SECOND).filter(pl.col("price") > 5).collect(),
        lambda: lake.upsert(Quotes, quotes(301, came=90), FIRST),
        lambda: as_of(lake, Quotes, NOW).collect(),
    ]


def test_every_single_bit_of_a_file_is_watched():
    buffer = io.BytesIO()
    quotes(3).write_parquet(buffer)
    content = with_checksum(buffer.getvalue())
    assert is_sound(content)
    for at in range(len(content) * 8):
        turned = bytearray(content)
        turned[at // 8] ^= 1 << at % 8
        assert not is_sound(bytes(turned)), at


def test_every_cut_of_a_file_is_found():
    buffer = io.BytesIO()
    quotes(3).write_parquet(buffer)
    content = with_checksum(buffer.getvalue())
    assert not any(is_sound(content[:end]) or is_sound(content[end:]) for end in range(1, 400))


def test_readers_of_parquet_pass_over_the_checksum(lake):
    path = lake.path("quotes", FIRST)
    assert has_checksum(path.read_bytes())
    assert pl.read_parquet(path, hive_partitioning=False).equals(lake.read(Quotes, FIRST))
    assert duckdb.sql(f"SELECT count(*), sum(price) FROM '{path}'").fetchall() == [(300, 340.0)]
    arrow = pytest.importorskip("pyarrow.parquet")
    assert arrow.read_table(path, partitioning=None).num_rows == 300


def test_a_turned_bit_anywhere_is_found_by_every_read_and_named(lake):
    path = lake.path("quotes", FIRST)
    sound = path.read_bytes()
    chance = random.Random(12)
    for at in chance.sample(range(len(sound) * 8), 60):
        turned = bytearray(sound)
        turned[at // 8] ^= 1 << at % 8
        path.write_bytes(turned)
        for read in reads(lake):
            with pytest.raises(CorruptFile, match=r"quotes/date=2026-02-01/part-0\.parquet"):
                read()
        assert path.read_bytes() == turned
        [bad] = [each for each in verified(lake, TABLES) if each.state == "damaged"]
        assert (bad.folder, bad.day) == ("quotes", FIRST)
        assert "cryptopipe restore" in bad.why
        assert "cryptopipe rebuild --table quotes --day 2026-02-01" in bad.why


def test_a_turned_bit_in_superseded_versions_is_found_too(lake):
    path = lake.path("quotes_revisions", FIRST)
    turned = bytearray(path.read_bytes())
    turned[60] ^= 4
    path.write_bytes(turned)
    with pytest.raises(CorruptFile, match="superseded versions"):
        as_of(lake, Quotes, NOW).collect()
    assert [each.folder for each in verified(lake, TABLES) if each.why] == ["quotes_revisions"]


def test_two_days_that_changed_places_are_found(lake):
    one, other = lake.path("quotes", FIRST), lake.path("quotes", SECOND)
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    with pytest.raises(CorruptFile, match="file of quotes, day 2026-02-02, in another one's place"):
        lake.read(Quotes, FIRST)
    with pytest.raises(CorruptFile, match="in another one's place"):
        lake.scan(Quotes, SECOND, SECOND).collect()
    assert [each.state for each in verified(lake, TABLES)][:2] == ["damaged", "damaged"]


def test_the_file_of_another_table_is_found(lake):
    shutil.copyfile(lake.path("quotes_revisions", FIRST), lake.path("quotes", FIRST))
    with pytest.raises(CorruptFile, match="it is the file of quotes_revisions"):
        lake.read(Quotes, FIRST)


def test_a_file_of_another_program_is_told_from_ours(lake):
    quotes(7).write_parquet(lake.path("quotes", SECOND))
    states = {each.day: each.state for each in verified(lake, TABLES) if each.folder == "quotes"}
    assert states == {FIRST: "sound", SECOND: "unchecked"}


def test_a_file_whose_checksum_was_cut_out_is_damaged(lake):
    path = lake.path("quotes", FIRST)
    path.write_bytes(path.read_bytes().replace(b"CPXXH128", b"CPXXH129"))
    with pytest.raises(CorruptFile, match="its checksum is gone"):
        lake.read(Quotes, FIRST)


def test_a_file_of_an_earlier_version_is_read_and_gets_its_checksum_when_asked(lake):
    path = lake.path("quotes", FIRST)
    before = lake.read(Quotes, FIRST)
    without_checksum(path)
    assert lake.read(Quotes, FIRST).equals(before)
    [unchecked] = [each for each in verified(lake, TABLES) if each.state == "unchecked"]
    add_checksum(lake, unchecked)
    assert is_sound(path.read_bytes())
    assert lake.read(Quotes, FIRST).equals(before)
    assert {each.state for each in verified(lake, TABLES)} == {"sound"}


def test_damage_without_a_checksum_gives_rows_or_our_error_and_never_a_panic(lake):
    path = lake.path("quotes", FIRST)
    without_checksum(path)
    sound = path.read_bytes()
    chance, refused = random.Random(5), 0
    for _ in range(300):
        turned = bytearray(sound)
        for at in chance.sample(range(len(sound)), chance.choice((1, 3, 20))):
            turned[at] = chance.randrange(256)
        path.write_bytes(turned[: chance.choice((len(sound), len(sound), chance.randrange(1, 99)))])
        for read in reads(lake)[:3]:
            try:
                assert read().height <= 300
            except CorruptFile:
                refused += 1
        list(verified(lake, TABLES))
    assert refused > 100


def test_a_backup_leaves_a_damaged_file_out_and_keeps_the_earlier_copy(lake, tmp_path):
    target = tmp_path / "backups"
    back_up(lake.root, target, order=["quotes"], now=NOW)
    path, fresh = lake.path("quotes", FIRST), SECOND + timedelta(days=1)
    sound = path.read_bytes()
    lake.upsert(Quotes, quotes(3).with_columns(pl.col("ts").dt.offset_by("2d")), fresh)
    for each in (path, lake.path("quotes", fresh)):
        turned = bytearray(each.read_bytes())
        turned[50] ^= 1
        each.write_bytes(turned)
    done = back_up(lake.root, target, order=["quotes"], now=NOW + timedelta(hours=1))
    assert sorted(each.split(": ")[0] for each in done.damaged) == sorted(
        [str(path), str(lake.path("quotes", fresh))]
    )
    assert (done.snapshot / "quotes" / f"date={FIRST}" / "part-0.parquet").read_bytes() == sound
    assert not (done.snapshot / "quotes" / f"date={fresh}").is_file()
    assert restore(done.snapshot, lake, force=True).files == 1
    assert path.read_bytes() == sound


def test_a_system_that_has_no_descriptor_left_is_no_damage(lake):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open(lake.root, os.O_RDONLY) for _ in range(3)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[-1] + 1, hard))
    try:
        with suppress(OSError):  # until none is left
            while True:
                taken.append(os.open(lake.root, os.O_RDONLY))
        with pytest.raises(StorageError, match=r"too many files open.*ulimit -n") as refusal:
            lake.read(Quotes, FIRST)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for each in taken:
            os.close(each)
    assert not isinstance(refusal.value, CorruptFile)
    assert "Nothing says that the file is damaged" in str(refusal.value)


def test_a_folder_in_the_place_of_a_file_is_no_damage(lake):
    path = lake.path("quotes", FIRST)
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError, match="a folder stands where a file is expected"):
        lake.read(Quotes, FIRST)


def test_a_folder_that_cannot_be_synced_after_the_rename_is_told_as_it_is(tmp_path, monkeypatch):
    real, path = os.fsync, tmp_path / "file"
    path.write_text("old")

    def fsync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").resolve() == tmp_path:
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StorageError, match="was written, but its folder could not be made durable"):
        write_atomically(path, lambda temporary: temporary.write_text("new"))
    assert path.read_text() == "new"
