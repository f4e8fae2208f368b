"""The status names the vendor's own reason where a vendor is why a table is not fresh."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from cryptopipe_assets.cli.status_tables import print_status
from cryptopipe_assets.config.settings import Settings, load_settings
from cryptopipe_assets.operations.status.as_json import as_plain
from cryptopipe_assets.operations.status.blockers import Blocker, explained
from cryptopipe_assets.operations.status.freshness import TableFreshness, TierFreshness
from cryptopipe_assets.operations.status.report import read_status
from cryptopipe_assets.runtime.resources import vendor_clients
from cryptopipe_assets.vendors.http.ban import Ban
from cryptopipe_assets.vendors.http.circuit import Circuit, Circuits

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
KLINES = "binance https://fapi.binance.com /fapi/v1/klines"


@pytest.fixture
def live(tmp_path: Path) -> Settings:
    return load_settings().with_environment(
        vendors="live", warehouse=tmp_path / "warehouse", dagster_home=tmp_path / "home"
    )


def open_circuit(settings: Settings, name: str, *, until: datetime) -> None:
    circuits = Circuits(settings.state_folder)
    circuits.write(Circuit(name, 5, 0.0, until.timestamp(), 60.0, 0.0, "HTTP 503: down"))
    circuits.close()


def spend(settings: Settings, vendor: str, **spent: object) -> None:
    account = vendor_clients(settings).accounts().get(vendor, "address")
    with vendor_clients(settings).records.ledger() as ledger:
        ledger.spend(NOON.date(), vendor, account=account, **spent)


def whys(settings: Settings) -> dict[str, str]:
    found = read_status(settings, now=NOON)
    return {each.table: each.tiers[0].why for each in found.tables}


def test_without_any_hindrance_the_clock_and_the_runs_are_the_reason(live):
    live.state_folder.mkdir(parents=True)
    assert whys(live)["instruments"].startswith("never filled")
    assert read_status(live, now=NOON).blockers == []


def test_an_open_circuit_is_named_at_the_tables_that_ask_this_endpoint(live):
    spend(live, "binance", family="weight", endpoint="/fapi/v1/klines", table="ohlcv_1m")
    open_circuit(live, KLINES, until=NOON + timedelta(minutes=1))
    said = whys(live)
    assert said["ohlcv_1m"] == (
        "binance /fapi/v1/klines is down (5 times in a row, HTTP 503: down), "
        "not asked until 10 Mar 12:01 UTC"
    )
    assert "is down" not in said["funding_rate"]
    assert said["microstructure_1h"].startswith("waits for")


def test_a_circuit_whose_pause_is_over_is_to_be_tried(live):
    open_circuit(live, KLINES, until=NOON - timedelta(minutes=1))
    assert whys(live)["ohlcv_1m"].endswith(", to be tried")


@pytest.mark.parametrize("account", ["address", "key-0a1b2c3d"])
def test_a_ban_is_named_at_every_table_of_the_vendor_while_it_lasts(live, account):
    ban = Ban("binance", account, state_folder=live.state_folder)
    ban.begin(NOON + timedelta(hours=2))
    said = whys(live)
    for table in ("instruments", "ohlcv_1m", "funding_rate"):
        assert said[table] == "binance wants to hear nothing from us until 10 Mar 14:00 UTC"
    assert "hear nothing" not in said["market_cap"]
    ban.begin(NOON + timedelta(hours=3))
    later = read_status(live, now=NOON + timedelta(hours=3))
    assert later.blockers == []


def test_a_quota_that_is_used_up_is_named_with_the_day_of_its_renewal(live):
    keyed = live.with_environment(coingecko_api_key=SecretStr("mine"))
    spend(keyed, "coingecko", family="calls-demo", endpoint="/coins/markets", units=8000)
    assert whys(keyed)["market_cap"] == (
        "coingecko: all 8,000 calls-demo of the month are used, next from 01 Apr 00:00 UTC"
    )


def test_a_fresh_table_has_no_reason_to_give():
    def line(state: str) -> TierFreshness:
        return TierFreshness(
            table="ohlcv_1m", tier=state, state=state, newest_ts=NOON, age=timedelta(0),
            late_after=timedelta(hours=1), stale_after=timedelta(hours=2), why="",
        )  # fmt: skip

    table = TableFreshness(
        table="ohlcv_1m", level=None, files=None, last_run=None, tiers=[line("fresh"), line("late")]
    )
    found = [Blocker(vendor="binance-archive", kind="ban", why="banned", until=None)]
    [told] = explained(load_settings(), [table], found)
    assert [each.why for each in told.tiers] == ["", "banned"]


def test_a_person_and_a_machine_read_who_is_not_asked(live, capsys):
    open_circuit(live, KLINES, until=NOON + timedelta(minutes=1))
    found = read_status(live, now=NOON)
    print_status(live, found)
    shown = " ".join(capsys.readouterr().out.split())
    assert "not asked now: binance /fapi/v1/klines is down" in shown
    assert as_plain(live, found)["not_asked"] == [
        {
            "vendor": "binance",
            "kind": "circuit",
            "why": found.blockers[0].why,
            "until": "2026-03-10T12:01:00+00:00",
            "tables": None,
        }
    ]
