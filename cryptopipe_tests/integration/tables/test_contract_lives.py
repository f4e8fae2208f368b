"""No door of the contract tables lets a row in from outside of its contract's life."""

import ast
import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest

import cryptopipe_assets
from cryptopipe_assets.cli.replay import recorded_world
from cryptopipe_assets.collect.gaps.datasets import DATASETS, Dataset
from cryptopipe_assets.collect.gaps.ledger import GAPS
from cryptopipe_assets.collect.gaps.repair import GapRepair
from cryptopipe_assets.collect.landing import import_file, landing
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.runtime.table_run import TableRun
from cryptopipe_assets.storage.origin import MARK
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_tests.conftest import Platform
from cryptopipe_tests.integration.tables.test_symbol_history import history

DOGE = "DOGE-USDT-PERP"
END = datetime(2026, 2, 15, 12, 9, tzinfo=UTC)
"""In a month that the archive has as one file; the file goes on after it."""


def ended(platform: Platform, **changes: object) -> None:
    """Doge's contract is announced to have ended; the vendor's files and API go on."""
    if not platform.lake.has("instruments"):
        assert platform.materialise(["instruments"], "2026-03-10").success
    stored = latest(platform.lake.read(Instruments), INSTRUMENT)
    stamp = pl.lit(platform.now + timedelta(minutes=1)).dt.cast_time_unit("ms")
    facts = {"status": "SETTLING", "delisted_at": END, **changes}
    version = stored.filter(venue="binance", symbol=DOGE).with_columns(
        ts=stamp,
        available_at=stamp,
        ingested_at=stamp,
        **{name: pl.lit(value).cast(stored.schema[name]) for name, value in facts.items()},
    )
    platform.lake.upsert(Instruments, Instruments.conform(version))


def land(platform: Platform, path: str) -> None:
    name = path.rsplit("/", 1)[-1]
    warehouse = build(platform.settings).resources["warehouse"]
    content = httpx.get(f"{platform.sandbox.url}/binance-archive{path}").raise_for_status().content
    (landing(warehouse) / name).write_bytes(content)
    done = import_file(warehouse, name, at=platform.now)
    assert done is not None
    assert f"of {DOGE} at binance" in done.left_out


DAYS = ("2026-02-15", "2026-02-16")


def by_archive(platform: Platform) -> None:
    assert platform.materialise(["funding_rate"], "2026-02-01", "2026-02-28").success


def by_rest(platform: Platform) -> None:
    assert platform.materialise(["funding_rate"], *DAYS).success


def by_bars(platform: Platform) -> None:
    assert platform.materialise(["ohlcv_1m"], *DAYS).success


def by_open_interest(platform: Platform) -> None:
    assert platform.materialise(["open_interest"], *DAYS).success


def by_archived_open_interest(platform: Platform) -> None:
    """REST has forgotten these days a month later; the file is all that is left."""
    platform.now += timedelta(days=30)
    assert platform.materialise(["open_interest"], *DAYS).success


def by_landed_funding(platform: Platform) -> None:
    folder = "/data/futures/um/monthly/fundingRate/DOGEUSDT"
    land(platform, f"{folder}/DOGEUSDT-fundingRate-2026-02.zip")


def by_landed_bars(platform: Platform) -> None:
    for day in DAYS:
        folder = "/data/futures/um/daily/klines/DOGEUSDT/1m"
        land(platform, f"{folder}/DOGEUSDT-1m-{day}.zip")


def by_landed_metrics(platform: Platform) -> None:
    for day in DAYS:
        folder = "/data/futures/um/daily/metrics/DOGEUSDT"
        land(platform, f"{folder}/DOGEUSDT-metrics-{day}.zip")


def by_history(platform: Platform) -> None:
    assert history(platform, DOGE).success


def by_replay(platform: Platform) -> None:
    """Of a folder with the files of these days, less its own list: that could tell of no end."""
    data = platform.settings.warehouse.parent / "recorded"
    bars = [f"daily/klines/DOGEUSDT/1m/DOGEUSDT-1m-{day}.zip" for day in DAYS]
    funding = "monthly/fundingRate/DOGEUSDT/DOGEUSDT-fundingRate-2026-02.zip"
    for folder, path in [("funding", funding), *(("um-klines-1m", each) for each in bars)]:
        url = f"{platform.sandbox.url}/binance-archive/data/futures/um/{path}"
        target = data / "binance" / folder / path.rpartition("/")[2]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(httpx.get(url).raise_for_status().content)
    own = platform.settings.with_environment(vendors="recorded", realdata=data)
    (own.warehouse / MARK).unlink()  # no warehouse has simulated and recorded rows
    first, last = map(date.fromisoformat, DAYS)
    with recorded_world(own) as (_, vendors):
        run = TableRun(own, keep=False, vendors=vendors)
        run.materialise(["ohlcv_1m", "funding_rate"], first, last)


def by_repair_of(dataset: Dataset) -> Callable[[Platform], None]:
    def by_repair(platform: Platform) -> None:
        start = datetime(2026, 2, 15, tzinfo=UTC)
        gap = {
            "symbol": DOGE,
            "start": start,
            "end": start + timedelta(days=2),
            "cause": "unknown",
            "status": "open",
            "first_seen_at": platform.now,
            "attempts": 0,
        }
        repairer = GapRepair(
            build(platform.settings).resources["warehouse"],
            platform.vendors,
            log=logging.getLogger("test"),
            on_stored=lambda day, rows: None,
            dataset=dataset,
        )
        repairer.repair(pl.DataFrame([gap], schema=GAPS), {DOGE: "DOGEUSDT"}, again=True)

    return by_repair


DOORS: dict[str, tuple[Callable[[Platform], None], str]] = {
    "funding from the archive": (by_archive, "funding_rate"),
    "funding by REST": (by_rest, "funding_rate"),
    "bars": (by_bars, "ohlcv_1m"),
    "open interest by REST": (by_open_interest, "open_interest"),
    "open interest from the archive": (by_archived_open_interest, "open_interest"),
    "landed funding": (by_landed_funding, "funding_rate"),
    "landed bars": (by_landed_bars, "ohlcv_1m"),
    "landed open interest": (by_landed_metrics, "open_interest"),
    "history": (by_history, "funding_rate ohlcv_1m"),
    "replay": (by_replay, "funding_rate ohlcv_1m"),
    **{f"repair of {each.name}": (by_repair_of(each), each.name) for each in DATASETS},
}


@pytest.mark.parametrize(("door", "tables"), DOORS.values(), ids=DOORS)
def test_no_row_from_outside_of_a_contracts_lives_comes_in_by_any_door(door, tables, platform):
    """Neither after its end nor before it was opened again, though every source has such rows."""
    again = datetime(2026, 2, 16, 13, tzinfo=UTC)
    ended(platform, listed_at=datetime(2026, 2, 14, tzinfo=UTC))
    platform.now += timedelta(hours=1)
    ended(platform, listed_at=again, delisted_at=datetime(2026, 2, 18, tzinfo=UTC))
    door(platform)
    for table in tables.split():
        rows = platform.read(table, "2026-02-01", "2026-03-10")
        stamps = rows.filter(symbol=DOGE, venue="binance")["ts"]
        assert stamps.filter(stamps.is_between(END, again, closed="none")).is_empty()
        assert stamps.min() <= END
        assert stamps.max() >= again


def test_between_two_lives_of_one_name_nothing_is_taken(platform):
    ended(platform)
    again = END + timedelta(days=3, hours=3, minutes=51)
    platform.now += timedelta(hours=1)
    ended(platform, status="TRADING", listed_at=again, delisted_at=None)
    by_archive(platform)
    rows = platform.read("funding_rate", "2026-02-01", "2026-02-28")
    days = rows.filter(symbol=DOGE, venue="binance")["ts"].dt.date().dt.day().unique().to_list()
    assert days == [*range(1, 16), *range(18, 29)]


def reopened(platform: Platform, again: datetime, **first: object) -> None:
    """Doge's contract ended at ``END``, and another life of it began at ``again``."""
    ended(platform, **first)
    platform.now += timedelta(hours=1)
    ended(platform, status="TRADING", listed_at=again, delisted_at=None)


def test_a_month_of_the_first_life_is_asked_for_though_the_newest_one_began_after_it(platform):
    reopened(platform, datetime(2026, 3, 2, 9, tzinfo=UTC))
    by_archive(platform)
    rows = platform.read("funding_rate", "2026-02-01", "2026-02-28")
    days = rows.filter(symbol=DOGE, venue="binance")["ts"].dt.date().dt.day().unique().to_list()
    assert days == [*range(1, 16)]


def test_a_settlement_of_neither_life_is_left_out_by_the_doors_of_files(platform):
    again = END + timedelta(days=3, hours=3, minutes=51)
    reopened(platform, again)
    by_landed_funding(platform)
    settled = platform.read("funding_rate", "2026-02-01", "2026-02-28").filter(symbol=DOGE)
    between = settled.filter(pl.col("ts").is_between(END, again, closed="none"))
    assert between.is_empty()
    assert settled["ts"].min() < END < again < settled["ts"].max()


@pytest.fixture
def two_lives(platform) -> Platform:
    """Doge's hours around its closing at 01:10 of 5 March and its opening at 02:40.

    It was closed for half of the hour of 20:00, too, which two lives share.
    """
    day = datetime(2026, 3, 5, tzinfo=UTC)
    closed, again = day.replace(hour=1, minute=10), day.replace(hour=2, minute=40)
    assert platform.materialise(["instruments"], "2026-03-10").success
    ended(platform, delisted_at=closed)
    platform.now += timedelta(hours=1)
    ended(platform, listed_at=again, delisted_at=day.replace(hour=20, minute=10))
    platform.now += timedelta(hours=1)
    ended(platform, status="TRADING", listed_at=day.replace(hour=20, minute=40), delisted_at=None)
    tables = ["ohlcv_1m", "funding_rate", "microstructure_1h", "factors_1h"]
    result = platform.materialise(tables, "2026-03-04", "2026-03-05")
    assert result.success
    failed = {each.check_name for each in result.get_asset_check_evaluations() if not each.passed}
    assert failed <= {"microstructure_1h_hours_are_whole", "factors_1h_covers_the_universe"}
    return platform


def test_no_rate_of_funding_and_no_return_goes_from_one_life_into_the_next(two_lives):
    hours = two_lives.read("microstructure_1h", "2026-03-05").filter(symbol=DOGE).sort("ts")
    assert hours["ts"].dt.hour().to_list() == [*range(24)]
    rates = dict(hours.select(pl.col("ts").dt.hour(), "funding_rate").iter_rows())
    # Settled at 00:00 in the first life; a rate of four hours is used for five. The second one
    # settles at 04:00 for the first time: nobody had declared its interval then, and that of the
    # first life says nothing of it.
    assert rates[1] is not None
    assert [rates[hour] for hour in range(2, 8)] == [None] * 6
    assert rates[8] is not None
    minutes = dict(hours.select(pl.col("ts").dt.hour(), "n_minutes").iter_rows())
    assert (minutes[1], minutes[2]) == (10, 20)
    assert minutes[20] == 20, "the hour that two share is of the later one"


def test_the_hours_of_the_first_life_are_on_the_panel_of_factors(two_lives):
    result = two_lives.materialise(["factors_1h"], "2026-03-04", "2026-03-05")
    [*events] = result.get_asset_materialization_events()
    dropped = [each.materialization.metadata for each in events]
    assert all("dropped/missing_returns_168h" in each for each in dropped)
    assert not any("dropped/outside_listing" in each for each in dropped)


def test_every_module_that_writes_into_the_lake_asks_the_gate():
    """``lake.upsert`` is the only way for collected rows; who calls it knows ``admitted``."""
    root = Path(cryptopipe_assets.__file__).parent
    without: set[str] = set()
    callers = 0
    for path in root.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        names = {node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)}
        if "upsert" in names:
            callers += 1
            if "admitted(" not in text:
                without.add(str(path.relative_to(root)))
    assert callers >= 4
    assert without == set()
