"""Names from outside lead to no place but their folder; of first claims one is the first."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from cryptopipe_assets.core.errors import CorruptFile
from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.backup.manifest import MANIFEST
from cryptopipe_assets.storage.backup.restore import restore, verify
from cryptopipe_assets.storage.backup.snapshot import back_up
from cryptopipe_assets.storage.confined_path import OutsideError, inside
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.origin import claim, origin_of
from cryptopipe_tests.places import ROOT
from cryptopipe_tests.reference.quotes import DAY, Quotes, quotes

pytestmark = pytest.mark.slow

OUTSIDE = [
    "",
    ".",
    "..",
    "../x.parquet",
    "a/../../x.parquet",
    "a/../b.parquet",
    "/etc/passwd",
    "//host/share",
    "C:/x.parquet",
    "C:x",
    r"..\x.parquet",
    "a//b",
    "./a",
    "a/",
    "a\0b",
    "x" * 300,
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_elsewhere_is_refused(name, tmp_path):
    with pytest.raises(OutsideError):
        inside(tmp_path, name)


def test_a_name_below_the_folder_is_its_place(tmp_path):
    assert inside(tmp_path, "a/b.parquet") == tmp_path / "a" / "b.parquet"
    assert inside(tmp_path, "币安人生USDT.zip", nested=False) == tmp_path / "币安人生USDT.zip"
    with pytest.raises(OutsideError, match="plain name"):
        inside(tmp_path, "a/b.zip", nested=False)


def test_a_link_that_leads_out_is_not_followed(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path)
    with pytest.raises(OutsideError, match="through a link"):
        inside(tmp_path / "folder", "link/x.parquet")


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    lake = Lake(tmp_path / "warehouse")
    claim(lake.root, "simulated")
    lake.upsert(Quotes, quotes(3), DAY.date())
    return back_up(lake.root, tmp_path / "backup", order=(), now=DAY).snapshot


def altered(snapshot: Path, **changes: object) -> None:
    path = snapshot / MANIFEST
    content = json.loads(path.read_text())
    content["files"][0] |= changes
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    "changes",
    [
        *({"path": name} for name in OUTSIDE),
        {"path": ".origin"},
        {"path": ".state/x.parquet"},
        {"path": "quotes/.hidden.parquet"},
        {"path": "quotes/part-0.csv"},
        {"path": 7},
        {"bytes": -1},
        {"bytes": "many"},
        {"bytes": True},
        {"mtime_ns": 10**30},
        {"sha256": None},
        {"sha256": "abc"},
        {"more": 1},
    ],
    ids=str,
)
def test_a_manifest_is_read_whole_before_the_first_byte_moves(changes, snapshot, tmp_path):
    altered(snapshot, **changes)
    victim = tmp_path / "x.parquet"
    victim.write_bytes(b"of somebody else")
    empty = Lake(tmp_path / "elsewhere" / "warehouse")
    with pytest.raises(CorruptFile, match="MANIFEST"):
        restore(snapshot, empty, force=True)
    assert victim.read_bytes() == b"of somebody else"
    assert not empty.root.exists()
    with pytest.raises(CorruptFile):
        verify(snapshot)


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "[]", "null", '{"files": 3}', "\xff"])
def test_a_manifest_that_is_none_is_said_to_be(text, snapshot):
    (snapshot / MANIFEST).write_bytes(text.encode("latin-1"))
    with pytest.raises(CorruptFile, match="MANIFEST"):
        verify(snapshot)


def test_a_whole_snapshot_is_restored_as_before(snapshot, tmp_path):
    elsewhere = Lake(tmp_path / "elsewhere" / "warehouse")
    assert restore(snapshot, elsewhere, force=False).files == 1
    assert elsewhere.read(Quotes, DAY.date()).equals(quotes(3).select(Quotes.columns()))


CLAIMS = """
import sys, time
from pathlib import Path
from cryptopipe_assets.core.errors import StorageError
from cryptopipe_assets.storage.origin import claim

print("ready", flush=True)
start = float(sys.stdin.readline())
for n, origin in enumerate(sys.argv[2:]):
    while time.time() < start + n / 50:
        time.sleep(0.0005)
    try:
        claim(Path(sys.argv[1], f"w{n}"), origin)
    except StorageError as exc:
        print(exc)
    else:
        print(origin)
"""


def test_of_many_first_claims_at_once_one_wins_and_the_others_agree_or_are_refused(tmp_path):
    claims = [["live", "live"] * 20, ["live", "simulated"] * 20] * 2
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIMS, str(tmp_path), *origins],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for origins in claims
    ]
    with ExitStack() as stack:
        for each in processes:
            stack.enter_context(each)
            stack.callback(each.kill)
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        start = f"{time.time() + 0.2}\n"
        for each in processes:  # all of them before the first is waited for
            assert each.stdin is not None
            each.stdin.write(start)
            each.stdin.flush()
        said = [each.communicate(timeout=60)[0].splitlines() for each in processes]
    for n in range(40):
        winner = origin_of(tmp_path / f"w{n}")
        for origins, lines in zip(claims, said, strict=True):
            assert (lines[n] == origins[n]) == (origins[n] == winner)
            assert lines[n] == winner or f"holds {winner} rows" in lines[n]


def test_a_temporary_file_of_a_process_that_lives_is_left_to_it(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    theirs = tmp_path / f".file.{os.getppid()}.0a1b2c3d.tmp"
    leftover = tmp_path / f".file.{dead.pid}.0a1b2c3d.tmp"
    of_before = tmp_path / f".file.{dead.pid}.tmp"
    for each in (theirs, leftover, of_before):
        each.write_text("half")
    write_atomically(tmp_path / "file", lambda path: path.write_text("whole"))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([theirs.name, "file"])
