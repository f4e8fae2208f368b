"""Faults through the whole asset, against a warehouse that holds older rows.

A run that fails leaves every file as it was, byte for byte, and records no materialisation; one
that succeeds has the rows that it would have had.
"""

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pydantic import SecretStr

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.config.source_choice import SourceChoice
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.core import errors
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.runtime.simulated_clock import SimulatedClock
from cryptopipe_assets.sandbox.faults.plan import Fault, Kind
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_assets.vendors.keys import Keys
from cryptopipe_tests.chaos.questions import CANARY, NOW
from cryptopipe_tests.conftest import Platform

TABLES = ["instruments", "ohlcv_1m", "funding_rate", "open_interest", "market_cap"]
TODAY, LAST_WEEK = "2026-03-10", "2026-03-07"
LATER = NOW + timedelta(hours=3)
KEYS = Keys(coinalyze=SecretStr(CANARY), coinmarketcap=SecretStr(CANARY))
KEYED = SourceChoice(open_interest=("coinalyze",), market_cap=("coinmarketcap",))
KEYLESS = SourceChoice(open_interest=("exchanges",), market_cap=("coingecko",))

KLINES, ZIPS = "/fapi/v1/klines", r"daily/klines/.*zip$"
FUNDING, LISTING = "/fapi/v1/fundingRate", "exchangeInfo"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A table is collected while a fault lasts."""

    table: str
    match: str
    kind: Kind
    error: str
    value: float | None = None
    day: str = TODAY
    has_keys: bool = False

    @property
    def name(self) -> str:
        return f"{self.table} of {self.match}: {self.kind} {self.value or ''}".strip()


def cases(table: str, match: str, faults: str, **options) -> Iterator[Case]:
    """Cases from words like ``status=503/Unavailable``; what names no error changes a payload."""
    for each in faults.split():
        fault, _, error = each.partition("/")
        kind, _, value = fault.partition("=")
        yield Case(
            table=table,
            match=match,
            kind=kind,
            value=int(value) if value else None,
            error=f"Vendor{error}" if error else "PayloadChanged",
            **options,
        )


USUAL = "status=503/Unavailable status=451/Rejected reset/Unavailable html/ renamed_field/ "
FAILING = [
    *cases("instruments", LISTING, f"{USUAL} wrapped/ empty_object/ microseconds/"),
    *cases("instruments", "fundingInfo", "empty/ wrong_symbol/"),
    *cases("instruments", "/fapi/v1/time", "clock=7200/ clock=-7200/ retyped_number/"),
    *cases(
        "ohlcv_1m",
        KLINES,
        f"{USUAL} status=418/Unavailable truncate/Unavailable gzip_broken/Unavailable "
        "cut_json/Unavailable empty/Unavailable nan_number/ negative_number/ retyped_number/ "
        "forming_row/ contradicting_row/ seconds/ off_grid/ null_row/ stale_cache/ overlap=7200/",
    ),
    *cases("ohlcv_1m", "binance/", "clock=7200/"),
    *cases(
        "funding_rate",
        FUNDING,
        f"{USUAL} empty/Unavailable wrong_symbol/ retyped_number/ huge_number/ off_grid/ seconds/",
    ),
    *cases(
        "open_interest",
        "(binance|bybit|okx|hyperliquid|gate)/",
        USUAL.replace("renamed_field/", ""),
    ),
    *cases("market_cap", "coins/markets", f"{USUAL} clock=-7200/Unavailable duplicate_row/"),
    *cases(
        "open_interest",
        "open-interest-history",
        f"{USUAL} status=401/Rejected retyped_number/ stale_cache/Error",
        has_keys=True,
    ),
    *cases(
        "market_cap",
        "listings/latest",
        f"{USUAL} status=402/Rejected envelope=1006/Rejected envelope=500/Unavailable "
        "null_document/ clock=7200/",
        has_keys=True,
    ),
]
OF_ONE_CONTRACT = [
    *cases("instruments", LISTING, "null_number/"),
    *cases("instruments", "fundingInfo", "contradicting_row/ huge_number/"),
]
OF_ONE_VENUE = [
    *cases("open_interest", "openInterestHist", f"{USUAL} contradicting_row/ nan_number/"),
    *cases("open_interest", "bybit/v5/market/open-interest", f"{USUAL} off_grid/ overlap=7200/"),
    *cases("open_interest", "bybit/v5/market/mark-price", "contradicting_row/ negative_number/"),
    *cases("open_interest", "okx/", "clock=7200/ clock=-7200/Unavailable"),
    *cases("open_interest", "bybit/", "envelope=10001/Rejected envelope=10006/Unavailable"),
    *cases("open_interest", "okx/", f"{USUAL} envelope=51000/Rejected envelope=50011/Unavailable"),
    *cases("open_interest", "hyperliquid/", f"{USUAL} aged/Unavailable drop_symbol/"),
    *cases("open_interest", "gate/api/v4/futures/usdt/tickers", USUAL),
]
VENUES = {"openInterestHist": "binance"}
"""Whose endpoint it is, where its address does not begin with that."""

HARMLESS = [
    *cases("ohlcv_1m", KLINES, "duplicate_row/ spaced_json/ byte_order_mark/ shuffled_rows/"),
    *cases("ohlcv_1m", KLINES, "page_cap=50/ microseconds/"),
    *cases("ohlcv_1m", ZIPS, "toggled_header/ extra_field/ duplicate_row/", day=LAST_WEEK),
    # A file that is late, damaged, odd or not to be verified: by REST.
    *cases(
        "ohlcv_1m",
        ZIPS,
        "not_a_zip/ cut_zip/ empty_zip/ two_files/ empty_file/ other_header/ null_number/ "
        "nan_number/ contradicting_row/ off_grid/ seconds/ null_row/ status=403/ status=503/",
        day=LAST_WEEK,
    ),
    *cases("ohlcv_1m", r"daily/klines/.*CHECKSUM$", "checksum/ status=404/", day=LAST_WEEK),
    # Possible, and not to be believed: REST has the trades.
    *cases("ohlcv_1m", ZIPS, "still_rows/ tradeless_row/", day=LAST_WEEK),
    *cases("ohlcv_1m", r"daily/klines/", "status=404/ status=503/", day=LAST_WEEK),
    *cases("funding_rate", FUNDING, "extra_field/ page_cap=5/ duplicate_row/ reversed_rows/"),
    *cases("open_interest", ".", "extra_field/"),
    # of a coin that nobody follows
    *cases("open_interest", "gate/api/v4/futures/usdt/tickers", "retyped_number/"),
    *cases("market_cap", "coins/markets", "extra_field/ reversed_rows/"),
]


def one_in(n: int, cases: Sequence[Case]) -> list[Any]:
    """Every n-th of the cases, and the others nightly: each is a run of a second."""
    return [
        case if place % n == 0 else pytest.param(case, marks=pytest.mark.nightly)
        for place, case in enumerate(cases)
    ]


def vendors_of(platform: Platform, *, has_keys: bool) -> VendorClients:
    """Clients that ask once, so that nobody waits; with keys or without any."""
    limits = platform.settings.config.vendors
    once = {"attempts": 1, "timeout_seconds": 20.0}
    return replace(
        platform.vendors,
        limits=limits.model_copy(
            update={name: each.model_copy(update=once) for name, each in limits}
        ),
        sources=KEYED if has_keys else KEYLESS,
        keys=KEYS if has_keys else Keys(),
        records=Records(folder=platform.settings.state_folder),
    )


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Iterator[Platform]:
    """A warehouse in which every table has rows up to half past nine; it is half past twelve."""
    home = tmp_path_factory.mktemp("chaos")
    settings = (
        load_settings()
        .with_environment(
            vendors="sandbox", warehouse=home / "warehouse", dagster_home=home / "dagster_home"
        )
        .with_config(tiers={"all": Tier(every_minutes=60, coins=("BTC", "PEPE"))})
    )
    clock = SimulatedClock(NOW)
    source = SimulatedSource(settings.config.sandbox.seed, clock=clock)
    with (
        Sandbox(source, enforce_limits=False) as sandbox,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        platform = Platform(settings, sandbox, instance, clock)
        for has_keys in (True, False):
            clients = vendors_of(platform, has_keys=has_keys)
            assert platform.materialise(TABLES, TODAY, vendors=clients).success
        assert platform.materialise(["ohlcv_1m"], LAST_WEEK).success
        _punch(platform.settings.warehouse / f"ohlcv_1m/date={LAST_WEEK}/part-0.parquet")
        clock.set(LATER)
        yield platform


def _punch(path: Path) -> None:
    """Take an hour out of a day, so that it is asked for again."""
    whole = pl.read_parquet(path, hive_partitioning=False)
    whole.filter(pl.col("ts").dt.hour() != 7).write_parquet(path)


def materialisations(platform: Platform, table: str) -> int:
    found = platform.instance.fetch_materializations(dg.AssetKey(table), limit=1000)
    return len(found.records)


def errors_of(result: dg.ExecuteInProcessResult) -> list[tuple[str, str]]:
    """Class and message of every error of a run, causes included."""
    found = []
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None)
        while error is not None:
            found.append((error.cls_name, error.message))
            error = error.cause
    return found


@pytest.mark.parametrize("case", FAILING, ids=lambda case: case.name)
def test_a_failed_run_names_the_error_and_leaves_every_file_as_it_was(case, stored, caplog):
    before, recorded = stored.files(), materialisations(stored, case.table)
    caplog.set_level(logging.DEBUG)
    vendors = vendors_of(stored, has_keys=case.has_keys)
    fault = Fault(match=case.match, kind=case.kind, value=case.value)
    with stored.sandbox.suffering(fault) as plan:
        result = stored.materialise([case.table], case.day, vendors=vendors)
    assert plan.met
    assert not result.success
    named = getattr(errors, case.error)
    kinds = [getattr(errors, name, Exception) for name, _ in errors_of(result)]
    assert any(issubclass(each, named) for each in kinds), errors_of(result)
    assert stored.files() == before
    assert materialisations(stored, case.table) == recorded
    if case.error == "PayloadChanged":
        assert list((stored.settings.state_folder / "samples" / result.run_id).glob("*.txt"))
    _no_canary(stored, result, caplog)


@pytest.mark.parametrize("case", OF_ONE_CONTRACT, ids=lambda case: case.name)
def test_a_contract_that_is_not_understood_keeps_its_version_and_the_others_go_on(
    case, stored, caplog
):
    before = stored.files()
    caplog.set_level(logging.DEBUG)
    with stored.sandbox.suffering(Fault(match=case.match, kind=case.kind)) as plan:
        result = stored.materialise(
            [case.table], case.day, vendors=vendors_of(stored, has_keys=False)
        )
    assert plan.met
    assert result.success
    assert stored.files() == before
    [event] = result.get_asset_materialization_events()
    assert event.materialization.metadata["contracts_not_understood"].value == 1
    failed = {x.check_name for x in result.get_asset_check_evaluations() if not x.passed}
    assert "listed_contracts_are_understood" in failed
    assert "not understood" in str(event.materialization.metadata["decisions"].value)
    _no_canary(stored, result, caplog)


@pytest.mark.parametrize("case", one_in(3, OF_ONE_VENUE), ids=lambda case: case.name)
def test_a_venue_that_fails_is_named_and_the_others_have_what_they_would_have_had(
    case, stored, unharmed, tmp_path, caplog
):
    venue = VENUES.get(case.match) or case.match.partition("/")[0]
    copied = copy_of(stored, tmp_path / "warehouse")
    before = copied.read("open_interest", TODAY)
    caplog.set_level(logging.DEBUG)
    with stored.sandbox.suffering(
        Fault(match=case.match, kind=case.kind, value=case.value)
    ) as plan:
        result = copied.materialise(
            [case.table], case.day, vendors=vendors_of(stored, has_keys=False)
        )
    assert plan.met
    assert result.success
    truth = unharmed(case)
    after = copied.read("open_interest", TODAY).drop("ingested_at")
    whole = pl.read_parquet(truth[f"open_interest/date={TODAY}/part-0.parquet"])
    others = pl.col("venue") != venue
    assert_frame_equal(after.filter(others), whole.drop("ingested_at").filter(others))
    known = pl.concat([before, whole.select(before.columns)]).drop("ingested_at")
    assert (
        after.filter(~others).join(known, on=after.columns, how="anti", nulls_equal=True).is_empty()
    )
    assert after.filter(~others).height >= before.filter(~others).height, "a row was lost"
    [check] = [
        each
        for each in result.get_asset_check_evaluations()
        if each.check_name == "open_interest_came_from_everyone"
    ]
    assert not check.passed
    assert venue in check.description
    _no_canary(stored, result, caplog)


def test_a_contract_that_coinalyze_leaves_out_is_named_and_the_others_are_stored(
    stored, tmp_path, caplog
):
    copied = copy_of(stored, tmp_path / "warehouse")
    caplog.set_level(logging.DEBUG)
    fault = Fault(match="open-interest-history", kind="drop_symbol")
    with stored.sandbox.suffering(fault) as plan:
        result = copied.materialise(
            ["open_interest"], TODAY, vendors=vendors_of(stored, has_keys=True)
        )
    assert plan.met
    assert result.success
    [event] = result.get_asset_materialization_events()
    told = event.materialization.metadata
    failed = [name for name in told if name.startswith("contracts_failed/coinalyze ")]
    assert len(failed) == told["contracts_failed"].value > 0
    assert "had values before" in str(told[failed[0]].value)
    verdicts = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    assert not verdicts["open_interest_came_from_everyone"]
    _no_canary(stored, result, caplog)


REFUSED = "klines.*PEPEUSDT"


@pytest.mark.parametrize(
    "case",
    [
        *cases("ohlcv_1m", f"/fapi/v1/{REFUSED}", "status=400/ status=503/ nan_number/ reset/"),
        *cases("ohlcv_1m", f"/fapi/v1/{REFUSED}", "contradicting_row/ empty/"),
    ],
    ids=lambda case: case.name,
)
def test_a_contract_that_fails_is_named_and_the_others_are_stored(case, stored, tmp_path, caplog):
    platform = copy_of(stored, tmp_path / "warehouse")
    before = _bars_of(platform, "1000PEPE-USDT-PERP")
    caplog.set_level(logging.DEBUG)
    with platform.sandbox.suffering(
        Fault(match=case.match, kind=case.kind, value=case.value)
    ) as plan:
        result = platform.materialise(
            ["ohlcv_1m"], TODAY, vendors=vendors_of(platform, has_keys=False)
        )
    assert plan.met
    assert result.success
    assert _bars_of(platform, "BTC-USDT-PERP")["ts"].max() == LATER.replace(minute=29, second=0)
    assert _bars_of(platform, "1000PEPE-USDT-PERP").equals(before)
    [event] = result.get_asset_materialization_events()
    told = event.materialization.metadata
    if case.kind == "empty":  # a response, though without a bar
        assert "1000PEPE-USDT-PERP" in str(told["without_bars"].value)
    else:
        assert told["contracts_failed"].value == 1
        assert "1000PEPE-USDT-PERP" in str(told["failed"].value)
        assert "1000PEPE-USDT-PERP failed" in str(told["decisions"].value)
    lacking = {each.check_name: each for each in result.get_asset_check_evaluations()}
    assert not lacking["ohlcv_1m_has_no_gaps"].passed
    assert "1000PEPE-USDT-PERP" in str(lacking["ohlcv_1m_has_no_gaps"].metadata["worst"].value)
    _no_canary(platform, result, caplog)
    again = platform.materialise(["ohlcv_1m"], TODAY, vendors=vendors_of(stored, has_keys=False))
    assert again.success
    assert (
        _bars_of(platform, "1000PEPE-USDT-PERP").height
        == _bars_of(platform, "BTC-USDT-PERP").height
    )


def _bars_of(platform: Platform, symbol: str) -> pl.DataFrame:
    return platform.read("ohlcv_1m", TODAY).filter(symbol=symbol)


def _no_canary(platform: Platform, result: dg.ExecuteInProcessResult, caplog) -> None:
    """No key in what was logged, recorded, raised, described or written anywhere."""
    assert CANARY not in caplog.text
    assert all(CANARY not in repr(event) for event in result.all_events)
    logs = platform.instance.all_logs(result.run_id)
    assert logs
    assert all(CANARY not in dg.serialize_value(entry) for entry in logs)
    for root in (platform.settings.warehouse, platform.settings.dagster_home):
        for path in root.rglob("*"):
            assert CANARY not in path.name
            assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("case", one_in(2, HARMLESS), ids=lambda case: case.name)
def test_a_harmless_fault_leaves_the_rows_that_there_would_have_been(
    case, stored, unharmed, tmp_path
):
    copied = copy_of(stored, tmp_path / "warehouse")
    fault = Fault(match=case.match, kind=case.kind, value=case.value)
    with stored.sandbox.suffering(fault) as plan:
        collect(copied, case)
    assert plan.met
    assert copied.files() == unharmed(case)


def copy_of(platform: Platform, folder: Path) -> Platform:
    shutil.copytree(platform.settings.warehouse, folder)
    return replace(platform, settings=platform.settings.with_environment(warehouse=folder))


def collect(platform: Platform, case: Case) -> None:
    clients = vendors_of(platform, has_keys=False)
    assert platform.materialise([case.table], case.day, vendors=clients).success


@pytest.fixture(scope="module")
def unharmed(stored, tmp_path_factory) -> Callable[[Case], dict[str, bytes]]:
    """What is in the files of a case when nothing goes wrong; worked out once a table and day."""
    known: dict[tuple[str, str], dict[str, bytes]] = {}

    def files(case: Case) -> dict[str, bytes]:
        key = case.table, case.day
        if key not in known:
            copied = copy_of(stored, tmp_path_factory.mktemp("unharmed") / "warehouse")
            collect(copied, case)
            known[key] = copied.files()
        return known[key]

    return files


def test_a_file_that_disagrees_with_what_an_earlier_one_said_is_a_revision_and_counted(
    stored, tmp_path
):
    copied = copy_of(stored, tmp_path / "warehouse")
    before = copied.read("ohlcv_1m", LAST_WEEK).select("symbol", "ts", "close")
    clients = vendors_of(copied, has_keys=False)
    with stored.sandbox.suffering(Fault(match=ZIPS, kind="revised_number")):
        result = copied.materialise(["ohlcv_1m"], LAST_WEEK, vendors=clients)
    assert result.success
    after = copied.read("ohlcv_1m", LAST_WEEK).select("symbol", "ts", "close")
    changed = before.join(after, on=["symbol", "ts"]).filter(
        pl.col("close") != pl.col("close_right")
    )
    assert changed["ts"].dt.hour().to_list() == [12, 12]  # of each symbol the middle of the day
    event = stored.instance.get_latest_materialization_event(dg.AssetKey("ohlcv_1m"))
    assert event.asset_materialization.metadata["rows_revised"].value == 2


def test_a_client_does_not_show_its_key(stored):
    vendors = vendors_of(stored, has_keys=True)
    clients = (vendors.coinalyze(), vendors.coinmarketcap(), vendors.coingecko(), vendors)
    assert all(CANARY not in f"{each!r} {each} {vars(each)}" for each in clients)
    assert CANARY not in repr(build(stored.settings, vendors=vendors).resources)
