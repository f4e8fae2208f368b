"""A file is replaced while nobody has it open: who opens it twice in a row sees one file."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cryptopipe_assets.storage import replacement
from cryptopipe_assets.storage.replacement import replace

linux_only = pytest.mark.skipif(
    not hasattr(fcntl, "F_SETLEASE"),
    reason="leases are of Linux; elsewhere readers are not waited for",
)

OPENS_TWICE = """
import os, sys, time
path, until, pairs, torn = sys.argv[1], time.time() + float(sys.argv[2]), 0, 0
print("ready", flush=True)
while time.time() < until:
    first = os.open(path, os.O_RDONLY)
    second = os.open(path, os.O_RDONLY)
    pairs += 1
    torn += os.fstat(first).st_ino != os.fstat(second).st_ino
    os.close(first)
    os.close(second)
    time.sleep(0.0003)
print(pairs, torn)
"""
"""A reader as DuckDB is one: the footer by one opening, the columns by another."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "part-0.parquet"
    made.write_text("before")
    return made


def next_of(path: Path, text: str = "after") -> Path:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.0a1b2c3d.tmp")
    temporary.write_text(text)
    return temporary


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def test_the_new_file_is_there_and_nothing_else_is_left(path):
    replace(next_of(path), path)
    assert path.read_text() == "after"
    assert names(path) == ["part-0.parquet"]


def test_a_file_that_was_not_there_comes_at_once(tmp_path):
    path = tmp_path / "part-0.parquet"
    replace(next_of(path), path)
    assert path.read_text() == "after"
    assert names(path) == ["part-0.parquet"]


@linux_only
def test_a_reader_that_has_the_file_open_is_waited_for(path):
    reader = path.open()
    replacing = threading.Thread(target=replace, args=(next_of(path), path))
    replacing.start()
    time.sleep(0.1)
    assert path.read_text() == "before"
    reader.close()
    replacing.join()
    assert path.read_text() == "after"
    assert names(path) == ["part-0.parquet"]


@linux_only
def test_a_reader_that_never_closes_the_file_does_not_hold_up_the_writer(path, monkeypatch):
    monkeypatch.setattr(replacement, "LONGEST_WAIT_SECONDS", 0.1)
    with path.open() as reader:
        replace(next_of(path), path)
        assert path.read_text() == "after"
        assert reader.read() == "before"
    assert names(path) == ["part-0.parquet"]


@pytest.mark.parametrize("without", ["leases", "links"])
def test_where_there_are_no_leases_or_links_the_file_is_replaced_at_once(
    path, monkeypatch, without
):
    if without == "leases":
        monkeypatch.delattr(fcntl, "F_SETLEASE", raising=False)
    else:
        monkeypatch.setattr(os, "link", _refused)
    with path.open():
        replace(next_of(path), path)
    assert path.read_text() == "after"
    assert names(path) == ["part-0.parquet"]


def _refused(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_a_file_that_cannot_be_replaced_is_an_error_and_stays(path):
    gone = next_of(path)
    gone.unlink()
    with pytest.raises(FileNotFoundError):
        replace(gone, path)
    assert path.read_text() == "before"
    assert names(path) == ["part-0.parquet"]


@linux_only
def test_who_opens_a_file_twice_in_a_row_sees_one_file_whatever_comes_in_between(path):
    seconds = 1.5
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENS_TWICE, str(path), str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for each in readers:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    until, replaced = time.time() + seconds, 0
    while time.time() < until:
        replace(next_of(path, str(replaced)), path)
        replaced += 1
    told = [each.communicate()[0].split() for each in readers]
    assert all(int(pairs) > 100 for pairs, _ in told)
    assert replaced > 50
    assert [torn for _, torn in told] == ["0", "0"]
