"""Samples of rejected answers, over real HTTP: named by the error, without a key, few, short."""

import asyncio
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from cryptopipe_assets.core.errors import PayloadChanged
from cryptopipe_assets.operations.refresh_plan import Step
from cryptopipe_assets.operations.status.run_history import telling
from cryptopipe_assets.runtime.refresh_steps import _refreshed
from cryptopipe_assets.runtime.table_run import TableRun
from cryptopipe_assets.sandbox.faults.plan import Fault
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.coinmarketcap.client import CoinMarketCap
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_assets.vendors.http.samples import KEPT, MOST_OF_A_RUN
from cryptopipe_tests import command_line
from cryptopipe_tests.conftest import NOW

CANARY = 'canary/41+7f"6a'  # an address and JSON write it in other ways than it is
LISTING = "listings/latest"
IN = "A sample of the response is in "


@pytest.fixture(scope="module")
def standin():
    with Sandbox(SimulatedSource(clock=lambda: NOW), enforce_limits=False) as sandbox:
        yield sandbox


def rejected(standin: Sandbox, state: Path, *faults: Fault, now=NOW, coins: int = 20) -> str:
    """What the error says when CoinMarketCap's listing is asked for during the faults."""

    async def ask() -> None:
        async with CoinMarketCap(
            base_url=f"{standin.url}/coinmarketcap",
            api_key=SecretStr(CANARY),
            clock=lambda: now,
            records=Records(folder=state),
        ) as client:
            await client.listings_latest(coins)

    with standin.suffering(*faults), pytest.raises(PayloadChanged) as caught:
        asyncio.run(ask())
    return str(caught.value)


def sample_in(said: str) -> str:
    return Path(said.partition(IN)[2]).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["renamed_field", "missing_field", "retyped_number"])
def test_a_sample_shows_what_was_asked_what_came_and_the_object_at_fault(standin, tmp_path, kind):
    said = rejected(standin, tmp_path, Fault(match=LISTING, kind=kind))
    head, _, body = sample_in(said).partition("\n\n")
    rejection, requested_for, at_fault = head.splitlines()
    assert rejection == f"rejected  {said.partition('. Nothing was written')[0]}"
    assert requested_for == "requested for no table"
    coin = json.loads(at_fault.removeprefix("at fault  "))
    assert {"id", "symbol", "quote"} <= set(coin)
    method, parameters, answer, _, came = body.splitlines()[:5]
    assert method == f"--- GET {standin.url}/coinmarketcap/v1/cryptocurrency/listings/latest"
    assert parameters == "--- parameters start=1&limit=20&convert=USD"
    assert answer.startswith("--- HTTP 200, application/json; charset=utf-8, ")
    assert answer.endswith(" bytes, 2026-03-10 09:30:20 UTC")
    assert len(json.loads(came)["data"]) == 20


def test_no_sample_holds_a_key_that_the_vendor_sends_back(standin, tmp_path):
    spellings = [CANARY, "canary%2F41%2B7f%226a", "CANARY%2f41%2b7f%226a", 'canary/41+7f\\"6a']
    spellings.append('canary\\/41+7f\\"6a')
    body = " ".join(f"{each}" * 3000 for each in spellings)
    headers = {"Content-Type": "text/canary/41+7f%226a", "X-Your-Key": CANARY}
    fault = Fault(match=LISTING, kind="status", value=200, body=f"[{body}]", headers=headers)
    del headers["Content-Type"]  # the stand-in says its own
    said = rejected(standin, tmp_path, fault)
    texts = [path.read_text() for path in tmp_path.rglob("*.txt")]
    assert len(texts) == 1
    for shown in (said, *texts):
        assert "canary" not in shown.lower()
        assert "41+7f" not in shown
        assert "***" in shown


def test_a_long_answer_is_cut_and_the_object_at_fault_is_there_all_the_same(standin, tmp_path):
    coin = '{"id":1,"filler":"' + "x" * 9000 + '"}'
    body = '{"status":{"error_code":0,"credit_count":1},"data":[' + ",".join([coin] * 20) + "]}"
    said = rejected(standin, tmp_path, Fault(match=LISTING, kind="status", value=200, body=body))
    sample = sample_in(said)
    assert len(sample) < 64 * 1024 + 4 * 1024 + 2000
    assert f"... {len(body) - 64 * 1024:,} more characters" in sample
    assert 'at fault  {"id": 1, "filler": "xxx' in sample


def test_of_a_file_of_an_archive_the_lines_are_shown_and_not_only_its_checksum(standin, tmp_path):
    async def ask() -> None:
        async with BinanceArchive(
            base_url=f"{standin.url}/binance-archive",
            clock=lambda: NOW,
            records=Records(folder=tmp_path),
        ) as client:
            await client.klines_of_day("BTCUSDT", "BTC-USDT-PERP", NOW.date() - timedelta(days=3))

    fault = Fault(match="klines/.*zip$", kind="nan_number")
    with standin.suffering(fault), pytest.raises(PayloadChanged) as caught:
        asyncio.run(ask())
    sample = sample_in(str(caught.value))
    assert "bytes of a zip of ['BTCUSDT-1m-2026-03-07.csv'], of which the first" in sample
    assert sample.index(".zip.CHECKSUM\n") < sample.index("open_time,open,high,low")
    assert sample.count("\n17728") > 400
    assert len(sample) < 2 * 64 * 1024 + 8 * 1024


def test_samples_of_a_run_are_few_and_the_error_says_so_when_there_are_enough(standin, tmp_path):
    for number in range(MOST_OF_A_RUN):
        fault = Fault(match=LISTING, kind="status", value=200, body=f"[{number}]")
        assert IN in rejected(standin, tmp_path, fault)
    same = Fault(match=LISTING, kind="status", value=200, body="[3]")
    assert IN in rejected(standin, tmp_path, same)  # it is there already
    other = Fault(match=LISTING, kind="status", value=200, body="[99]")
    said = rejected(standin, tmp_path, other)
    assert "No sample could be saved: there are 20 of this run in " in said
    assert len(list(tmp_path.rglob("*.txt"))) == MOST_OF_A_RUN


def test_old_samples_go_when_a_new_one_comes(standin, tmp_path):
    fault = Fault(match=LISTING, kind="empty_object")
    first = Path(rejected(standin, tmp_path, fault).partition(IN)[2])
    os.utime(first.parent, times=(NOW.timestamp(),) * 2)
    later = NOW + KEPT + timedelta(days=1)
    second = Path(rejected(standin, tmp_path, fault, now=later).partition(IN)[2])
    assert second.exists()
    assert not first.parent.exists()


def test_where_no_sample_can_be_saved_the_error_is_the_same_and_says_why(standin, tmp_path):
    (tmp_path / "samples").write_text("a file where the folder should be")
    said = rejected(standin, tmp_path, Fault(match=LISTING, kind="renamed_field"))
    assert said.startswith("coinmarketcap: /v1/cryptocurrency/listings/latest: ")
    assert "Nothing was written" in said
    assert said.endswith("No sample could be saved: Not a directory")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to be had here")
def test_a_full_disk_does_not_hide_the_error(standin, tmp_path, monkeypatch):
    opened = Path.write_text

    def onto_a_full_disk(path: Path, text: str, **options: str) -> int:
        if "samples" in path.parts:
            path.symlink_to("/dev/full")
        return opened(path, text, **options)

    monkeypatch.setattr(Path, "write_text", onto_a_full_disk)
    said = rejected(standin, tmp_path, Fault(match=LISTING, kind="renamed_field"))
    assert "Nothing was written" in said
    assert said.endswith("No sample could be saved: No space left on device")
    assert list((tmp_path / "samples").rglob("*.txt*")) == []


def test_the_sample_of_a_run_is_beside_it_and_its_log_and_the_command_line_name_it(platform):
    state = platform.settings.state_folder
    vendors = replace(platform.vendors, records=Records(folder=state))
    with platform.sandbox.suffering(Fault(match="fundingInfo", kind="retyped_number")):
        result = platform.materialise(["instruments"], "2026-03-10", vendors=vendors)
        assert not result.success
        [path] = (state / "samples" / result.run_id).iterdir()
        logged = [each.user_message for each in platform.instance.all_logs(result.run_id)]
        assert any(each.endswith(f"a sample of the response is in {path}") for each in logged)
        assert f"requested for instruments run {result.run_id}\n" in path.read_text()
        day = NOW.date()
        run = TableRun(platform.settings, keep=False, vendors=vendors)
        step = Step(table="instruments", first=day, last=day, reason="stale")
        outcome = _refreshed(run, step)
    assert outcome.state == "failed"
    named = Path(outcome.says.partition(IN)[2])
    assert named.is_file()
    assert named.is_relative_to(state / "samples")


def test_what_is_told_of_a_failed_run_is_our_own_error_and_names_the_sample(platform):
    """In the status and in a notification: both read the errors as Dagster keeps them."""
    vendors = replace(platform.vendors, records=Records(folder=platform.settings.state_folder))
    with platform.sandbox.suffering(Fault(match="fundingInfo", kind="retyped_number")):
        result = platform.materialise(["instruments"], "2026-03-10", vendors=vendors)
    [event] = result.get_step_failure_events()
    error, chain = event.event_specific_data.error, []
    while error is not None:
        chain.append((error.cls_name, error.message))
        error = error.cause
    assert len(chain) > 2  # Dagster's, ours, the parser's
    told = telling(chain)
    assert told.startswith("binance: /fapi/v1/exchangeInfo, /fapi/v1/fundingInfo: ")
    assert Path(told.partition(IN)[2]).is_file()


def test_of_a_foreign_error_the_last_cause_is_told():
    chain = [("DagsterExecutionStepExecutionError", "step\n"), ("OSError", "OSError: away\nmore\n")]
    assert telling(chain) == "OSError: away"


@pytest.mark.slow
def test_a_command_ends_with_one_line_that_names_the_sample(tmp_path):
    present = datetime.now(UTC)
    with Sandbox(SimulatedSource(7, clock=lambda: present)) as sandbox:
        environment = {
            **{key: value for key, value in os.environ.items() if key[:11] != "CRYPTOPIPE_"},
            "CRYPTOPIPE_WAREHOUSE": str(tmp_path / "warehouse"),
            "CRYPTOPIPE_SANDBOX_URL": sandbox.url,
            "DAGSTER_HOME": str(tmp_path / "home"),
        }
        question = ["--start", "2026-10-01", "--end", "2026-10-01", "--tables", "funding_rate"]
        with sandbox.suffering(Fault(match="fundingInfo", kind="retyped_number")):
            done = command_line.run("backfill", *question, "--yes", env=environment)
    assert done.returncode == 1
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("error: binance: ")
    assert Path(line.partition(IN)[2]).is_relative_to(tmp_path / "warehouse" / ".state")
    assert "rejected  binance: " in sample_in(line)
