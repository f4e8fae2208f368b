"""The content-addressed store of answers."""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptopipe_assets.collect.raw_archive.blobs import Blobs
from cryptopipe_assets.core.errors import ArchiveIncomplete, StorageError


@given(st.binary(max_size=2000))
def test_what_was_put_in_comes_out_under_its_sha256(tmp_path_factory, content):
    blobs = Blobs(tmp_path_factory.getbasetemp() / "blobs")
    name = blobs.put(content)
    assert name == hashlib.sha256(content).hexdigest()
    assert blobs.get(name) == content


def test_the_same_twice_is_one_file_and_smaller_than_what_it_holds(tmp_path):
    blobs, content = Blobs(tmp_path), b'{"price": "1.25"}' * 1000
    assert blobs.put(content) == blobs.put(content)
    (path,) = (each for each in tmp_path.rglob("*") if each.is_file())
    assert path.stat().st_size < len(content) / 20


def test_many_writers_of_the_same_at_once_leave_whole_files(tmp_path):
    contents = [bytes([n]) * 5000 for n in range(20)] * 8
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(Blobs(tmp_path).put, contents))
    assert [Blobs(tmp_path).get(each) for each in names] == contents
    assert len([each for each in tmp_path.rglob("*") if each.is_file()]) == 20


def test_a_sweep_takes_what_nobody_names_and_no_young_one(tmp_path):
    blobs = Blobs(tmp_path)
    named, other = blobs.put(b"named"), blobs.put(b"other")
    assert blobs.sweep({named}, older_than=time.time() - 60) == 0
    assert blobs.sweep({named}, older_than=time.time() + 60) > 0
    assert blobs.get(named) == b"named"
    with pytest.raises(ArchiveIncomplete):
        blobs.get(other)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"cannot write .*a file stands where"):
        Blobs(tmp_path / "file").put(b"x")
