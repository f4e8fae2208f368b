"""What a commit does to a partition, and what no commit ever does."""

import resource
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock
from polars.testing import assert_frame_equal

from cryptopipe_assets.core.errors import CorruptFile, ShrinkRefused, StorageError
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.origin import claim, origin_of
from cryptopipe_tests.places import ROOT
from cryptopipe_tests.reference.quotes import DAY, Means, Quotes, quotes

FIRST = DAY.date()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "warehouse", lock_seconds=0.2)


def test_a_day_is_one_file_below_the_table(lake):
    commit = lake.upsert(Quotes, quotes(3), FIRST)
    path = lake.root / "quotes" / "date=2026-02-01" / "part-0.parquet"
    assert (commit.rows, commit.added, commit.revised, commit.written) == (3, 3, 0, True)
    assert commit.bytes == path.stat().st_size
    assert_frame_equal(pl.read_parquet(path, hive_partitioning=False), quotes(3))


def test_only_the_file_and_no_temporary_is_left(lake):
    lake.upsert(Quotes, quotes(3), FIRST)
    folder = lake.path("quotes", FIRST).parent
    assert [path.name for path in folder.iterdir()] == ["part-0.parquet"]


def test_the_rest_of_a_day_is_added_to_what_is_there(lake):
    lake.upsert(Quotes, quotes(3), FIRST)
    commit = lake.upsert(Quotes, quotes(5, came=60), FIRST)
    assert (commit.rows, commit.added, commit.revised) == (5, 2, 0)
    stamps = lake.read(Quotes, FIRST)["ingested_at"]
    assert (
        stamps.to_list()
        == [DAY + timedelta(days=1)] * 3 + [DAY + timedelta(days=1, seconds=60)] * 2
    )


def test_a_revised_value_replaces_the_old_one(lake):
    lake.upsert(Quotes, quotes(3), FIRST)
    commit = lake.upsert(Quotes, quotes(1, price=2.0, came=60), FIRST)
    assert (commit.added, commit.revised) == (0, 1)
    assert lake.read(Quotes, FIRST)["price"].to_list() == [2.0, 1.0, 1.0]


def test_the_same_rows_again_leave_the_file_alone(lake):
    lake.upsert(Quotes, quotes(3), FIRST)
    path = lake.path("quotes", FIRST)
    before = path.stat().st_mtime_ns
    assert not lake.upsert(Quotes, quotes(3, came=60), FIRST).written
    assert path.stat().st_mtime_ns == before


def test_a_thinner_answer_never_makes_a_collected_partition_thinner(lake):
    lake.upsert(Quotes, quotes(5), FIRST)
    lake.upsert(Quotes, quotes(2, came=60), FIRST)
    assert lake.read(Quotes, FIRST).height == 5


def test_replacing_a_collected_partition_by_fewer_rows_is_refused_unless_forced(lake):
    lake.upsert(Quotes, quotes(5), FIRST)
    with pytest.raises(ShrinkRefused, match="lacks 2 of 5 collected rows"):
        lake.replace(Quotes, quotes(3), FIRST)
    assert lake.read(Quotes, FIRST).height == 5
    assert lake.replace(Quotes, quotes(3), FIRST, force=True).rows == 3


def test_a_derived_partition_may_shrink_because_it_can_be_rebuilt(lake):
    means = quotes(5).select("ts", "available_at", "symbol", mean="price")
    lake.replace(Means, means, FIRST)
    commit = lake.replace(Means, means.head(2), FIRST)
    assert (commit.rows, commit.written) == (2, True)
    assert lake.read(Means, FIRST).height == 2


@pytest.mark.slow
def test_the_same_rows_give_the_same_bytes_in_any_order_and_on_any_number_of_threads(lake):
    script = (
        "import sys; from pathlib import Path; from cryptopipe_tests.reference.quotes import *;"
        "from cryptopipe_assets.storage.lake import Lake;"
        "import polars as pl;"
        "rows = [quotes(1440, symbol=s, price=float(i + 1)) for i, s in enumerate('EDCBA')];"
        "mixed = pl.concat(rows).sample(fraction=1, shuffle=True, seed=int(sys.argv[2]));"
        "Lake(Path(sys.argv[1])).upsert(Quotes, Quotes.conform(mixed), DAY.date())"
    )
    contents = set()
    for threads, seed in (("1", "1"), ("2", "2")):
        root = lake.root / threads
        subprocess.run(
            [sys.executable, "-c", script, str(root), seed],
            check=True,
            env={"POLARS_MAX_THREADS": threads, "PATH": "", "PYTHONPATH": str(ROOT)},
        )
        contents.add(Lake(root).path("quotes", FIRST).read_bytes())
    assert len(contents) == 1


def test_a_table_without_files_has_its_columns_and_no_rows(lake):
    assert lake.scan(Quotes, FIRST, FIRST).collect().schema == Quotes.polars_schema()
    assert lake.read(Quotes, FIRST).is_empty()


def test_a_scan_reads_the_days_that_are_there(lake):
    for days in (0, 2):
        shifted = quotes(2).with_columns(pl.col("ts").dt.offset_by(f"{days}d"))
        lake.upsert(Quotes, shifted, FIRST + timedelta(days=days))
    assert lake.days("quotes") == [date(2026, 2, 1), date(2026, 2, 3)]
    assert lake.scan(Quotes, FIRST, date(2026, 2, 3)).collect().height == 4
    assert lake.scan(Quotes, FIRST, date(2026, 2, 2)).collect().height == 2


def test_a_corrupt_file_is_named_with_the_command_that_rebuilds_it(lake):
    lake.upsert(Quotes, quotes(3), FIRST)
    path = lake.path("quotes", FIRST)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    for read in (
        lambda: lake.read(Quotes, FIRST),
        lambda: lake.scan(Quotes, FIRST, FIRST),
        lambda: lake.upsert(Quotes, quotes(5), FIRST),
    ):
        with pytest.raises(CorruptFile, match=r"part-0.parquet.*--select quotes --partition 2026"):
            read()
    assert path.read_bytes() == whole[: len(whole) // 2]


def test_a_second_writer_of_the_same_day_waits_and_then_says_so(lake):
    lake.upsert(Quotes, quotes(3), FIRST)
    with FileLock(lake.root / ".locks" / "quotes-2026-02-01.lock"):
        with pytest.raises(StorageError, match="another run has been writing quotes 2026-02-01"):
            lake.upsert(Quotes, quotes(5), FIRST)
        assert lake.upsert(Quotes, quotes(3), FIRST + timedelta(days=1)).written


def test_a_folder_that_cannot_be_made_is_a_one_line_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        Lake(tmp_path / "file" / "warehouse").upsert(Quotes, quotes(3), FIRST)


@pytest.mark.slow
def test_a_disk_that_is_full_keeps_the_old_file(lake):
    """A file-size limit stands for the full disk: the write fails in the middle."""
    lake.upsert(Quotes, quotes(3), FIRST)
    before = lake.path("quotes", FIRST).read_bytes()
    script = (
        "import sys; from pathlib import Path; from cryptopipe_tests.reference.quotes import *;"
        "from cryptopipe_assets.storage.lake import Lake;"
        "Lake(Path(sys.argv[1])).upsert(Quotes, quotes(1440, price=2.0, came=9), DAY.date())"
    )

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))

    run = subprocess.run(
        [sys.executable, "-c", script, str(lake.root)],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert "StorageError: cannot write" in run.stderr
    assert "Nothing was changed" in run.stderr
    folder = lake.path("quotes", FIRST).parent
    assert lake.path("quotes", FIRST).read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["part-0.parquet"]


def test_a_warehouse_holds_rows_of_one_origin(tmp_path):
    assert origin_of(tmp_path / "warehouse") is None
    claim(tmp_path / "warehouse", "live")
    claim(tmp_path / "warehouse", "live")
    with pytest.raises(StorageError, match="holds live rows and this run would add simulated"):
        claim(tmp_path / "warehouse", "simulated")
    assert origin_of(tmp_path / "warehouse") == "live"


@pytest.mark.parametrize(
    ("present", "added"),
    [
        ("recorded", "recorded (compat: latest_caps)"),
        ("recorded (compat: latest_caps)", "recorded"),
        (
            "recorded (compat: latest_caps)",
            "recorded (compat: forward_filled_caps, latest_caps)",
        ),
    ],
)
def test_rows_that_look_ahead_never_come_beside_rows_known_in_time(tmp_path, present, added):
    claim(tmp_path, present)
    claim(tmp_path, present)
    with pytest.raises(StorageError) as refused:
        claim(tmp_path, added)
    assert f"holds {present} rows and this run would add {added} ones" in str(refused.value)
    assert "set the keys of [compat] in cryptopipe.toml as they were" in str(refused.value)
    assert origin_of(tmp_path) == present


@pytest.mark.parametrize(
    "mark", ["live (compat: )", "live (compat: Latest)", "live (compat: a,b)", "live latest_caps"]
)
def test_a_mark_with_odd_words_of_compat_is_damaged(tmp_path, mark):
    (tmp_path / ".origin").write_text(f"{mark}\n")
    with pytest.raises(StorageError, match="is damaged: expected live, recorded, simulated"):
        origin_of(tmp_path)
