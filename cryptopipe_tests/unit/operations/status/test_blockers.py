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
        "binance /fapi/v1/klines: circuit open until 10 Mar 12:01 UTC "
        "(5 outages in a row, last: HTTP 503: down)"
    )
    assert "circuit" not in said["funding_rate"]
    assert said["microstructure_1h"].startswith("waits for")


def test_a_circuit_whose_pause_is_over_is_to_be_tried(live):
    open_circuit(live, KLINES, until=NOON - timedelta(minutes=1))
    assert whys(live)["ohlcv_1m"] == (
        "binance /fapi/v1/klines: circuit half-open, the next request probes "
        "(5 outages in a row, last: HTTP 503: down)"
    )


@pytest.mark.parametrize(
    ("account", "named"), [("address", "this address"), ("key-0a1b2c3d", "this key")]
)
def test_a_ban_is_named_at_every_table_of_the_vendor_while_it_lasts(live, account, named):
    ban = Ban("binance", account, state_folder=live.state_folder)
    ban.begin(NOON + timedelta(hours=2))
    said = whys(live)
    for table in ("instruments", "ohlcv_1m", "funding_rate"):
        assert said[table] == f"binance has banned {named} until 10 Mar 14:00 UTC"
    assert "banned" not in said["market_cap"]
    ban.begin(NOON + timedelta(hours=3))
    later = read_status(live, now=NOON + timedelta(hours=3))
    assert later.blockers == []


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("rate limited", "binance has rate limited this address until 10 Mar 14:00 UTC"),
        (
            "monthly quota used up",
            "binance: monthly quota used up, next request from 10 Mar 14:00 UTC",
        ),
    ],
)
def test_what_is_no_ban_is_not_called_one(live, why, said):
    Ban("binance", state_folder=live.state_folder).begin(NOON + timedelta(hours=2), why)
    assert whys(live)["ohlcv_1m"] == said


def test_the_file_of_a_ban_written_by_an_earlier_version_is_read(live):
    live.state_folder.mkdir(parents=True, exist_ok=True)
    path = live.state_folder / "binance.banned-until"
    path.write_text((NOON + timedelta(hours=2)).isoformat())
    assert whys(live)["ohlcv_1m"] == "binance has banned this address until 10 Mar 14:00 UTC"
    assert Ban("binance", state_folder=live.state_folder).until(NOON) == NOON + timedelta(hours=2)


def test_a_quota_that_is_used_up_is_named_with_the_day_of_its_renewal(live):
    keyed = live.with_environment(coingecko_api_key=SecretStr("mine"))
    spend(keyed, "coingecko", family="calls-demo", endpoint="/coins/markets", units=8000)
    assert whys(keyed)["market_cap"] == (
        "coingecko: monthly quota used up (8,000 calls-demo), renews 01 Apr 00:00 UTC"
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
    assert "blocked: binance /fapi/v1/klines: circuit open until" in shown
    assert as_plain(live, found)["not_asked"] == [
        {
            "vendor": "binance",
            "kind": "circuit",
            "why": found.blockers[0].why,
            "until": "2026-03-10T12:01:00+00:00",
            "tables": None,
        }
    ]
