"""What is kept of vendors' answers: without a key, by several processes at once."""

import asyncio
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from cryptopipe_assets.collect.raw_archive.manifest import RunManifest
from cryptopipe_assets.collect.raw_archive.recorder import Recorder
from cryptopipe_assets.collect.raw_archive.store import Archive
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.journal import Journal, RunScope
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_assets.vendors.http.responses import Request
from cryptopipe_tests.places import ROOT
from cryptopipe_tests.unit.vendors.conftest import asked, mocked

CANARY = "canary/31f8+77ab"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = NOON.date()


class Vendor(VendorClient):
    vendor = "vendor"
    key_header = "key"


def recorder(warehouse: Path, run_id: str = "run", *, day: date = DAY) -> Recorder:
    journal = Journal("ohlcv_1m", run_id, scope=RunScope(days=(day,), tags={}))
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return Recorder(Archive(warehouse), journal, context="{}", wall=lambda: at)


@pytest.mark.parametrize(
    "body",
    [
        f'{{"msg": "hello {CANARY}"}}',
        '{"url": "/v1?key=canary%2F31f8%2B77ab"}',
        '{"msg": "canary\\/31f8+77ab"}',
    ],
)
def test_a_key_that_a_vendor_repeats_in_its_answer_is_not_kept(tmp_path, body):
    tap = recorder(tmp_path)

    client = mocked(
        Vendor,
        lambda _: httpx.Response(200, text=body),
        base_url="https://vendor.example",
        api_key=SecretStr(CANARY),
        records=Records(tap=tap),
    )
    responded = asked(client, lambda vendor: vendor.get_json("/coins", {}, family="calls"))
    tap.wrote({DAY: lambda: b"rows"})
    (manifest,) = Archive(tmp_path).manifests()
    kept = Archive(tmp_path).blobs.get(manifest.responses[0].body or "").decode()
    assert "31f8" not in kept
    assert "***" in kept
    assert "31f8" not in str(responded)  # it is read as it is kept


def keep_many(warehouse: Path, own: int) -> None:
    """Keep visits, each with an answer that all processes share and one of its own."""

    async def recorded(tap: Recorder, body: bytes) -> bytes:
        async def responded() -> bytes:
            return body

        request = Request(path=f"/{body.hex()}", params={}, family="calls", cost=1, label="l")
        return await tap.response_to("vendor", "GET", request, responded)

    for number in range(20):
        tap = recorder(warehouse, f"{own:04}{number:04}")
        for body in (b"shared", f"{own} {number}".encode()):
            asyncio.run(recorded(tap, body))
        tap.wrote({DAY: lambda: b"rows"})
        Archive(warehouse).forget(now=datetime.now(UTC), keep=timedelta(days=36500))


@pytest.mark.slow
def test_processes_keep_at_once_and_lose_nothing(tmp_path):
    code = (
        "import sys; from pathlib import Path; "
        "from cryptopipe_tests.unit.collect.raw_archive.test_recorder import keep_many; "
        "keep_many(Path(sys.argv[1]), int(sys.argv[2]))"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(own)], cwd=ROOT)
        for own in range(2)
    ]
    assert [each.wait(60) for each in writers] == [0, 0]
    archive = Archive(tmp_path)
    manifests = list(archive.manifests())
    assert len(manifests) == 40
    bodies = {archive.blobs.get(name) for each in manifests for name in each.blobs}
    assert bodies == {b"{}", b"shared"} | {
        f"{own} {number}".encode() for own in range(2) for number in range(20)
    }


def test_manifests_are_read_and_written_under_the_names_that_earlier_versions_gave_them():
    written_before = (
        '{"table":"ohlcv_1m","run_id":"r","at":"2026-03-10T12:00:00Z","days":["2026-03-10"],'
        '"tags":{},"context":"c","found":{},"kept":[],"answers":[{"question":"vendor q GET /p",'
        '"at":"2026-03-10T12:00:00Z","body":"b"}],"wrote":{"2026-03-10":"w"}}'
    )
    manifest = RunManifest.model_validate_json(written_before)
    assert manifest.responses[0].request == "vendor q GET /p"
    assert manifest.model_dump_json(exclude_defaults=True) == written_before
