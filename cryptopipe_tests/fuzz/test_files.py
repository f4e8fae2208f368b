"""Files of a project and a warehouse that somebody damaged or wrote: read, or named in an error."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cryptopipe_assets.collect.raw_archive.manifest import Response, RunManifest
from cryptopipe_assets.collect.raw_archive.store import Archive
from cryptopipe_assets.config.project import template
from cryptopipe_assets.config.settings import read_config, read_settings
from cryptopipe_assets.core.errors import ConfigError, CorruptFile, StorageError
from cryptopipe_assets.storage.backup.manifest import Entry, Manifest, read_manifest
from cryptopipe_assets.storage.origin import MARK, claim, origin_of
from cryptopipe_tests.fuzz.inputs import fuzzed, outcome, source
from cryptopipe_tests.fuzz.mutations import ODD_BYTES, hostile_bytes, hostile_json, hostile_toml

pytestmark = pytest.mark.slow

NOT_UTF_8 = b"\xff\xfe\x00live"


def test_a_hostile_manifest_of_a_backup_is_read_or_named(tmp_path):
    entries = [
        Entry(path=f"t/date=2026-03-0{day}/part-0.parquet", bytes=9, mtime_ns=1, sha256="0" * 64)
        for day in (1, 2)
    ]
    Manifest(made_at="2026-03-10T09:30:00+00:00", origin="live", files=tuple(entries)).write(
        tmp_path / "MANIFEST.json"
    )
    content = (tmp_path / "MANIFEST.json").read_bytes()

    @fuzzed(1500)
    def fed(seed: int, steps: int) -> None:
        hostile = hostile_json(source(seed), json.loads(content), steps=steps)
        (tmp_path / "MANIFEST.json").write_bytes(hostile)
        said = outcome(lambda: read_manifest(tmp_path), hostile)
        if isinstance(said, Exception):
            assert isinstance(said, CorruptFile)
        else:
            assert datetime.fromisoformat(said.made_at)
            assert isinstance(said.origin, str)

    fed()


def test_a_hostile_manifest_of_the_raw_archive_is_read_or_named(tmp_path):
    at = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
    archive = Archive(tmp_path)
    archive.keep(
        RunManifest(
            table="ohlcv_1m",
            run_id="5f0c2a9e",
            at=at,
            days=(date(2026, 3, 10),),
            tags={"a": "b"},
            context="0" * 64,
            found={"x": None},
            kept=("x",),
            responses=(Response(request="GET /", at=at, body="0" * 64),),
            wrote={date(2026, 3, 10): "0" * 64},
        )
    )
    (path,) = archive.folder.rglob("*.json")
    content = path.read_bytes()

    @fuzzed(1500)
    def fed(seed: int, steps: int) -> None:
        hostile = hostile_json(source(seed), json.loads(content), steps=steps)
        path.write_bytes(hostile)
        said = outcome(lambda: [each.blobs for each in archive.manifests()], hostile)
        assert isinstance(said, list | CorruptFile)

    fed()


def test_a_hostile_cryptopipe_toml_is_a_configuration_or_names_what_is_wrong(tmp_path):
    content = template("cryptopipe.toml").read_bytes()
    path = tmp_path / "cryptopipe.toml"

    @fuzzed(600)
    def fed(seed: int, steps: int) -> None:
        hostile = hostile_toml(source(seed), content, steps=steps)
        path.write_bytes(hostile)
        said = outcome(lambda: read_config(path), hostile)
        if isinstance(said, Exception):
            assert isinstance(said, ConfigError)
            assert len(str(said)) < 1_000, "a message of a page"

    fed()


def test_a_hostile_env_file_is_read_or_named(tmp_path, monkeypatch):
    for name in ("CRYPTOPIPE_CONFIG", "CRYPTOPIPE_VENDORS", "CRYPTOPIPE_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "cryptopipe.toml").write_bytes(template("cryptopipe.toml").read_bytes())
    content = b"CRYPTOPIPE_VENDORS=live\nCMC_API_KEY='a b'\n# note\nCOINGECKO_PLAN=demo\n"

    @fuzzed(150)
    def fed(seed: int, steps: int) -> None:
        rng = source(seed)
        hostile = content
        for _ in range(steps):
            hostile = hostile_bytes(rng, hostile)
        (tmp_path / ".env").write_bytes(hostile)
        said = outcome(lambda: read_settings(tmp_path), hostile)
        if isinstance(said, Exception):
            assert isinstance(said, ConfigError)
            assert "a b" not in str(said), "a key is shown"

    fed()


def test_a_line_of_an_env_file_without_its_end_shows_no_key_of_the_next_one(tmp_path, monkeypatch):
    monkeypatch.delenv("CRYPTOPIPE_VENDORS", raising=False)
    (tmp_path / "cryptopipe.toml").write_bytes(template("cryptopipe.toml").read_bytes())
    (tmp_path / ".env").write_bytes(b"CRYPTOPIPE_VENDORS=live\x0bCMC_API_KEY='secret'\n")
    with pytest.raises(ConfigError, match="came 'live'") as failure:
        read_settings(tmp_path)
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("name", [".env", "cryptopipe.toml"])
def test_a_file_of_the_project_that_is_no_utf_8_is_named(name, tmp_path):
    (tmp_path / "cryptopipe.toml").write_bytes(template("cryptopipe.toml").read_bytes())
    (tmp_path / name).write_bytes(NOT_UTF_8)
    with pytest.raises(ConfigError, match=rf"{name}.*UTF-8"):
        read_settings(tmp_path)


@pytest.mark.parametrize("content", [NOT_UTF_8, *ODD_BYTES])
def test_an_odd_mark_of_a_warehouse_is_named_and_lets_nothing_in(content, tmp_path):
    (tmp_path / MARK).write_bytes(content)
    said = outcome(lambda: origin_of(tmp_path), content)
    assert isinstance(said, str | StorageError)
    with pytest.raises(StorageError, match=str(tmp_path)):
        claim(tmp_path, "live")


def test_a_deep_toml_is_named(tmp_path):
    path: Path = tmp_path / "cryptopipe.toml"
    path.write_text(f"a = {'[' * 5_000}{']' * 5_000}", encoding="utf-8")
    with pytest.raises(ConfigError, match="not valid TOML"):
        read_config(path)
