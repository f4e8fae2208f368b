"""What the doctor says of a machine and its warehouse, finding by finding."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from pydantic import SecretStr

from cryptopipe_assets.operations.doctor import Finding, add_checksums, examine
from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_tests.reference.bars import bars

pytestmark = pytest.mark.slow

FIRST = date(2026, 2, 1)


def findings(settings, subject: str) -> list[Finding]:
    return [each for each in examine(settings) if each.subject == subject]


def said(settings, subject: str) -> list[tuple[str, str]]:
    return [(each.state, each.found) for each in findings(settings, subject)]


@pytest.fixture
def lake(settings) -> Lake:
    return Lake(settings.warehouse)


def days(lake: Lake, count: int) -> list[date]:
    """So many days of one bar each."""
    wanted = [FIRST + timedelta(days=n) for n in range(count)]
    for n, day in enumerate(wanted):
        lake.upsert(Ohlcv1m, bars(datetime(2026, 2, 1, 12, tzinfo=UTC) + timedelta(days=n)), day)
    return wanted


def test_an_empty_warehouse_is_a_note_and_a_sound_one_is_counted(settings, lake):
    assert said(settings, "tables") == [("note", "empty")]
    days(lake, 3)
    assert said(settings, "tables") == [("ok", "3 files are what was written")]


def test_of_many_damaged_files_twenty_are_named_and_the_others_counted(settings, lake):
    for day in days(lake, 23):
        path = lake.path("ohlcv_1m", day)
        path.write_bytes(path.read_bytes()[:-40])
    found = findings(settings, "tables")
    broken = [each for each in found if each.state == "broken"]
    assert len(broken) == 21
    assert str(lake.path("ohlcv_1m", FIRST)) in broken[0].found
    assert broken[0].advice.startswith("Move the file away")
    assert broken[-1].found == "3 more damaged files"
    assert found[-1].found == "0 files are what was written"


def test_files_without_a_checksum_are_counted_until_they_have_one(settings, lake):
    for day in days(lake, 2):
        rows = lake.read(Ohlcv1m, day)
        write_atomically(lake.path("ohlcv_1m", day), rows.write_parquet)
    [note, _] = findings(settings, "tables")
    assert note.state == "note"
    assert note.found.startswith("2 files have no checksum")
    assert add_checksums(settings) == 2
    assert add_checksums(settings) == 0
    assert said(settings, "tables") == [("ok", "2 files are what was written")]


@pytest.mark.parametrize(("count", "told"), [(3, ""), (5, " and 2 more")])
def test_of_folders_of_no_day_three_are_named_and_the_others_counted(settings, lake, count, told):
    days(lake, 1)
    for n in range(count):
        (settings.warehouse / "ohlcv_1m" / f"date=2026-11-{90 + n}").mkdir()
    [(state, found)] = said(settings, "folders")
    assert state == "note"
    first = "date=2026-11-90, date=2026-11-91, date=2026-11-92"
    assert found == f"ohlcv_1m: no day of the calendar: {first}{told}"


def test_of_many_files_with_rows_of_the_future_ten_are_named_and_the_rows_of_others_counted(
    settings, lake
):
    for n in range(12):
        at = datetime(2051, 1, 1 + n, tzinfo=UTC)
        lake.upsert(Ohlcv1m, pl.concat([bars(at), bars(at + timedelta(minutes=1))]), at.date())
    found = said(settings, "future")
    assert len(found) == 11
    assert found[0][1].startswith("ohlcv_1m 2051-01-01: 2 rows of binance BTC-USDT-PERP")
    assert found[-1] == ("broken", "4 rows in 2 more files")


def test_calls_are_judged_where_they_reach_vendors_and_not_on_a_stand_in(settings):
    assert said(settings, "calls") == []
    live = settings.with_environment(vendors="live", coinalyze_api_key=None, cmc_api_key=None)
    assert said(live, "calls") == [("ok", "the schedules fit the vendors' limits")]
    assert said(live, "vendors") == [("ok", "live: requests go to the real vendors")]


def test_recordings_that_are_not_there_are_named_with_the_variable(settings, tmp_path):
    recorded = settings.with_environment(vendors="recorded", realdata=tmp_path)
    [missing] = findings(recorded, "vendors")
    assert (missing.state, missing.found) == ("broken", f"recorded: {tmp_path}")
    assert "CRYPTOPIPE_REALDATA" in missing.advice
    (tmp_path / "binance").mkdir()
    assert said(recorded, "vendors") == [("ok", f"recorded: {tmp_path}")]


@pytest.mark.parametrize(
    ("notify", "state", "found"),
    [
        (None, "note", "no notifications"),
        ("json://localhost json://127.0.0.1", "ok", "2 targets"),
        ("nonsense", "broken", "is no address that apprise knows"),
    ],
)
def test_who_is_told_is_counted_and_never_shown(settings, notify, state, found):
    secret = None if notify is None else SecretStr(notify)
    [finding] = findings(settings.with_environment(notify=secret), "notifications")
    assert finding.state == state
    assert found in finding.found
    assert "localhost" not in finding.found


def test_a_key_is_told_to_be_set_and_never_shown(settings):
    keyed = settings.with_environment(cmc_api_key=SecretStr("secret" * 4), coinalyze_api_key=None)
    assert said(keyed, "CMC_API_KEY") == [("ok", "set")]
    assert said(keyed, "COINALYZE_API_KEY") == [("ok", "not set")]


def test_a_folder_that_is_a_file_is_broken(settings, tmp_path):
    (tmp_path / "file").write_text("")
    [finding] = findings(settings.with_environment(dagster_home=tmp_path / "file"), "Dagster home")
    assert (finding.state, finding.found) == ("broken", f"{tmp_path / 'file'} is a file")
    assert "DAGSTER_HOME" in finding.advice
