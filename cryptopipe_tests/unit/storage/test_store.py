"""What every store promises, tried on the one that keeps files in a folder."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from cryptopipe_assets.core.errors import CommitConflict
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.store import Change, Store
from cryptopipe_tests.reference.quotes import DAY, Quotes, quotes

FIRST = DAY.date()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Lake(tmp_path / "warehouse")


def change(rows: pl.DataFrame, revisions: pl.DataFrame | None = None) -> Change:
    return Change(rows=rows, revisions=revisions, added=rows.height, revised=0)


def test_a_partition_that_is_not_there_has_no_version_and_no_size(store):
    assert store.version("quotes", FIRST) is None
    assert store.size("quotes", FIRST) == 0
    assert not store.has("quotes")
    assert store.read(Quotes, FIRST).is_empty()


def test_a_commit_of_the_expected_version_is_there_and_has_another_version(store):
    first = store.commit(Quotes, change(quotes(3)), FIRST, expected_version=None)
    assert (first.rows, first.bytes, first.written) == (3, store.size("quotes", FIRST), True)
    version = store.version("quotes", FIRST)
    assert version is not None
    store.commit(Quotes, change(quotes(5)), FIRST, expected_version=version)
    assert store.read(Quotes, FIRST).height == 5
    assert store.version("quotes", FIRST) not in (None, version)
    assert store.days("quotes") == [FIRST]


@pytest.mark.parametrize("expected", [None, "1-2-3"])
def test_a_commit_after_another_one_is_refused_and_changes_nothing(store, expected):
    store.commit(Quotes, change(quotes(3)), FIRST, expected_version=None)
    version = store.version("quotes", FIRST)
    late = change(quotes(9), revisions=quotes(1))
    with pytest.raises(CommitConflict, match="another program replaced it"):
        store.commit(Quotes, late, FIRST, expected_version=expected)
    assert store.version("quotes", FIRST) == version
    assert store.read(Quotes, FIRST).equals(quotes(3))
    assert store.read_revisions(Quotes, FIRST).is_empty()


def test_superseded_versions_are_committed_with_the_rows(store):
    store.commit(Quotes, change(quotes(3), quotes(2)), FIRST, expected_version=None)
    assert store.read_revisions(Quotes, FIRST).height == 2


def test_who_writes_past_the_lock_is_noticed_by_the_next_merge(tmp_path, monkeypatch):
    lake = Lake(tmp_path / "warehouse")
    lake.upsert(Quotes, quotes(3), FIRST)
    read = lake.read(Quotes, FIRST)
    foreign = lake.path("quotes", FIRST)

    def slow(self: Lake, *_: object) -> pl.DataFrame:
        foreign.write_bytes(foreign.read_bytes() + b"")
        return read

    monkeypatch.setattr(Lake, "read", slow)
    with pytest.raises(CommitConflict, match="without the lock of the warehouse"):
        lake.upsert(Quotes, quotes(5), FIRST)


def test_rows_that_are_scanned_are_read_when_they_are_collected(store):
    rows = store.scan(Quotes, FIRST, FIRST + timedelta(days=9))
    store.commit(Quotes, change(quotes(3)), FIRST, expected_version=None)
    assert rows.select("price").collect().to_dict(as_series=False) == {"price": [1.0] * 3}
    assert rows.filter(pl.col("ts") > DAY).head(1).collect()["ts"].item() == DAY + timedelta(
        minutes=1
    )
    assert rows.head(2).collect().height == 2


def test_a_scan_that_was_kept_comes_back_and_a_damaged_one_counts_as_none(tmp_path):
    lake = Lake(tmp_path / "warehouse")
    assert lake.kept_scan("quotes") is None
    lake.keep_scan("quotes", quotes(2))
    assert quotes(2).equals(lake.kept_scan("quotes"))
    (lake.root / ".scans" / "quotes.parquet").write_bytes(b"PAR1")
    assert lake.kept_scan("quotes") is None
