"""A snapshot holds what the warehouse held, shares what did not change, and comes back whole."""

import os
import threading
from datetime import UTC, date, datetime, timedelta
from functools import partial

import polars as pl
import pytest

from cryptopipe_assets.core.errors import CorruptFile, RequestError, StorageError
from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.backup.manifest import chosen_snapshot, read_manifest, snapshots
from cryptopipe_assets.storage.backup.restore import restore, verify
from cryptopipe_assets.storage.backup.snapshot import back_up as back_up_in_order
from cryptopipe_assets.storage.backup.snapshot import prune
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.origin import claim
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
back_up = partial(back_up_in_order, order=list(SERVICE_LEVELS))
BARS = "ohlcv_1m/date=2026-03-10/part-0.parquet"


@pytest.fixture
def warehouse(tmp_path):
    root = tmp_path / "warehouse"
    for path, value in {
        BARS: 1,
        "ohlcv_1m/date=2026-03-09/part-0.parquet": 2,
        "ohlcv_1m_revisions/date=2026-03-09/part-0.parquet": 3,
        "signals/date=2026-03-09/part-0.parquet": 4,
        "instruments/part-0.parquet": 5,
    }.items():
        put(root / path, value)
    (root / "ohlcv_1m" / "date=2026-03-10" / ".part-0.parquet.1.tmp").write_text("half")
    claim(root, "simulated")
    return root


def put(path, value):
    """Write a file as the lake does, at a time of its own."""
    write_atomically(path, lambda temporary: pl.DataFrame({"x": [value]}).write_parquet(temporary))
    os.utime(path, ns=(value * 10**15, value * 10**15))


def content(root):
    """Every table file below a folder."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*.parquet")
        if not path.name.startswith(".")
    }


def test_a_snapshot_holds_every_file_and_its_digest(warehouse, tmp_path):
    done = back_up(warehouse, tmp_path / "backup", now=NOW)
    assert done.snapshot.name == "2026-03-10T12-00-00Z"
    assert content(done.snapshot) == content(warehouse)
    assert done.files == done.copied_files == 5
    assert verify(done.snapshot) == []
    assert read_manifest(done.snapshot).origin == "simulated"


def test_a_copy_shares_no_blocks_with_the_warehouse_and_unchanged_files_share_theirs(
    warehouse, tmp_path
):
    first = back_up(warehouse, tmp_path / "backup", now=NOW)
    put(warehouse / BARS, 9)
    second = back_up(warehouse, tmp_path / "backup", now=NOW + HOUR)
    assert second.copied_files == 1
    assert content(second.snapshot) == content(warehouse)
    inode = {
        place: (place / "signals/date=2026-03-09/part-0.parquet").stat().st_ino
        for place in (warehouse, first.snapshot, second.snapshot)
    }
    assert inode[first.snapshot] == inode[second.snapshot] != inode[warehouse]


def test_derived_tables_come_first_and_superseded_versions_last(warehouse, tmp_path):
    seen = []
    back_up(warehouse, tmp_path / "backup", now=NOW, on_file=lambda each: seen.append(each.path))
    tables = list(dict.fromkeys(path.split("/")[0] for path in seen))
    assert tables == ["signals", "ohlcv_1m", "instruments", "ohlcv_1m_revisions"]


def test_files_that_are_replaced_meanwhile_are_whole_in_the_snapshot(warehouse, tmp_path):
    stop = threading.Event()

    def keep_writing():
        value = 10
        while not stop.is_set():
            put(warehouse / BARS, value := value + 1)

    writing = threading.Thread(target=keep_writing)
    writing.start()
    try:
        for hour in range(5):
            done = back_up(warehouse, tmp_path / "backup", now=NOW + hour * HOUR)
            assert verify(done.snapshot) == []
            assert pl.read_parquet(done.snapshot / BARS).height == 1
    finally:
        stop.set()
        writing.join()


def test_a_backup_that_was_killed_is_no_snapshot_and_is_cleared_away(warehouse, tmp_path):
    leftover = tmp_path / "backup" / ".2026-03-10T11-00-00Z.partial"
    (leftover / "ohlcv_1m").mkdir(parents=True)
    assert snapshots(tmp_path / "backup") == []
    back_up(warehouse, tmp_path / "backup", now=NOW)
    assert not leftover.exists()
    assert len(snapshots(tmp_path / "backup")) == 1


def test_only_as_many_snapshots_stay_as_were_asked_for_and_those_are_whole(warehouse, tmp_path):
    taken = [back_up(warehouse, tmp_path / "backup", now=NOW + i * HOUR).snapshot for i in range(3)]
    assert prune(tmp_path / "backup", keep=2) == taken[:1]
    assert snapshots(tmp_path / "backup") == taken[1:]
    assert verify(taken[-1]) == []


def test_an_empty_warehouse_and_a_target_inside_it_are_refused(warehouse, tmp_path):
    with pytest.raises(RequestError, match="holds no tables yet"):
        back_up(tmp_path / "nothing", tmp_path / "backup", now=NOW)
    with pytest.raises(RequestError, match="inside of the warehouse"):
        back_up(warehouse, warehouse / "backup", now=NOW)


def test_a_restored_warehouse_is_what_was_backed_up(warehouse, tmp_path):
    snapshot = back_up(warehouse, tmp_path / "backup", now=NOW).snapshot
    lake = Lake(tmp_path / "elsewhere")
    assert restore(snapshot, lake, force=False).files == 5
    assert content(lake.root) == content(warehouse)
    assert lake.days("ohlcv_1m") == [date(2026, 3, 9), date(2026, 3, 10)]
    # Its files have their old times, so that the next backup finds nothing new.
    assert back_up(lake.root, tmp_path / "backup", now=NOW + HOUR).copied_files == 0


def test_lost_and_damaged_files_come_back_and_the_others_are_left_alone(warehouse, tmp_path):
    snapshot = back_up(warehouse, tmp_path / "backup", now=NOW).snapshot
    whole = content(warehouse)
    (warehouse / BARS).unlink()
    (warehouse / "signals/date=2026-03-09/part-0.parquet").write_bytes(b"damaged")
    os.utime(warehouse / "signals/date=2026-03-09/part-0.parquet", ns=(0, 0))
    done = restore(snapshot, Lake(warehouse), force=False)
    assert (done.files, done.same) == (2, 3)
    assert content(warehouse) == whole


def test_newer_files_are_not_restored_over_unless_it_is_forced(warehouse, tmp_path):
    snapshot = back_up(warehouse, tmp_path / "backup", now=NOW).snapshot
    put(warehouse / BARS, 9)
    newer = content(warehouse)
    with pytest.raises(StorageError, match=r"1 files of .* are newer .* --force"):
        restore(snapshot, Lake(warehouse), force=False)
    assert content(warehouse) == newer
    restore(snapshot, Lake(warehouse), force=True)
    assert content(warehouse) == content(snapshot)


def test_rows_of_another_origin_are_never_restored_over(warehouse, tmp_path):
    snapshot = back_up(warehouse, tmp_path / "backup", now=NOW).snapshot
    other = tmp_path / "live"
    claim(other, "live")
    with pytest.raises(StorageError, match="holds live rows and the snapshot simulated ones"):
        restore(snapshot, Lake(other), force=True)
    assert content(other) == {}


def test_a_damaged_snapshot_is_named_and_puts_nothing_damaged_in_place(warehouse, tmp_path):
    snapshot = back_up(warehouse, tmp_path / "backup", now=NOW).snapshot
    copy = snapshot / BARS
    copy.write_bytes(copy.read_bytes()[:-1] + b"?")
    assert verify(snapshot) == [BARS]
    lake = Lake(tmp_path / "elsewhere")
    with pytest.raises(CorruptFile, match=r"date=2026-03-10.* --at NAME"):
        restore(snapshot, lake, force=False)
    assert BARS not in content(lake.root)


def test_a_snapshot_is_chosen_by_its_name(warehouse, tmp_path):
    target = tmp_path / "backup"
    with pytest.raises(RequestError, match=f"cryptopipe backup {target}"):
        chosen_snapshot(target, None)
    first = back_up(warehouse, target, now=NOW).snapshot
    second = back_up(warehouse, target, now=NOW + HOUR).snapshot
    assert chosen_snapshot(target, None) == second
    assert chosen_snapshot(target, first.name) == first
    with pytest.raises(RequestError, match="has no snapshot yesterday; it has 2026-03-10T12"):
        chosen_snapshot(target, "yesterday")
