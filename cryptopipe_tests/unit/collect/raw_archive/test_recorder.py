"""What is kept of vendors' answers: without a key, by several processes at once."""

import asyncio
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from cryptopipe_assets.collect.raw_archive.recorder import Recorder
from cryptopipe_assets.collect.raw_archive.store import Archive
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.journal import Errand, Journal
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_assets.vendors.http.responses import Question
from cryptopipe_tests.places import ROOT
from cryptopipe_tests.unit.vendors.conftest import asked, mocked

CANARY = "canary/31f8+77ab"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = NOON.date()


class Vendor(VendorClient):
    vendor = "vendor"
    key_header = "key"


def recorder(warehouse: Path, run_id: str = "run", *, day: date = DAY) -> Recorder:
    journal = Journal("ohlcv_1m", run_id, errand=Errand(days=(day,), tags={}))
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
    witness = recorder(tmp_path)

    client = mocked(
        Vendor,
        lambda _: httpx.Response(200, text=body),
        base_url="https://vendor.example",
        api_key=SecretStr(CANARY),
        records=Records(witness=witness),
    )
    answered = asked(client, lambda vendor: vendor.get_json("/coins", {}, family="calls"))
    file = tmp_path / "part-0.parquet"
    file.write_bytes(b"rows")
    witness.wrote({DAY: file})
    (visit,) = Archive(tmp_path).visits()
    kept = Archive(tmp_path).blobs.get(visit.answers[0].body or "").decode()
    assert "31f8" not in kept
    assert "***" in kept
    assert "31f8" not in str(answered)  # it is read as it is kept


def keep_many(warehouse: Path, own: int) -> None:
    """Keep visits, each with an answer that all processes share and one of its own."""
    file = warehouse / f"part-{own}.parquet"
    file.write_bytes(b"rows")

    async def heard(witness: Recorder, body: bytes) -> bytes:
        async def answered() -> bytes:
            return body

        question = Question(path=f"/{body.hex()}", params={}, family="calls", cost=1, label="l")
        return await witness.answer("vendor", "GET", question, answered)

    for number in range(20):
        witness = recorder(warehouse, f"{own:04}{number:04}")
        for body in (b"shared", f"{own} {number}".encode()):
            asyncio.run(heard(witness, body))
        witness.wrote({DAY: file})
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
    visits = list(archive.visits())
    assert len(visits) == 40
    bodies = {archive.blobs.get(name) for each in visits for name in each.blobs}
    assert bodies == {b"{}", b"shared"} | {
        f"{own} {number}".encode() for own in range(2) for number in range(20)
    }
