"""Archive and REST over a real wire: the stand-in on one side, our clients on the other."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.core.errors import (
    NotPublished,
    PayloadChanged,
    VendorUnavailable,
)
from cryptopipe_assets.sandbox.faults.plan import Fault, FaultPlan
from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.collect import collect_bars, collect_settlements
from cryptopipe_assets.vendors.http.client import Budget

NOW = datetime(2026, 3, 10, 9, 30, 20, tzinfo=UTC)
FEBRUARY, MARCH = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
SYMBOLS = {
    "BTCUSDT": "BTC-USDT-PERP",
    "1000PEPEUSDT": "1000PEPE-USDT-PERP",
    "HYPEUSDT": "HYPE-USDT-PERP",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A stand-in whose clock stands still."""
    with Sandbox(SimulatedSource(clock=lambda: NOW), clock=lambda: NOW) as sandbox:
        yield sandbox.url


def ask(address: str, work, now: datetime = NOW):
    async def run():
        budgets = [
            Budget(family="weight", units=1920, per_seconds=60),
            Budget(family="funding", units=400, per_seconds=300),
        ]
        async with (
            Binance(base_url=f"{address}/binance", budgets=budgets, clock=lambda: now) as binance,
            BinanceArchive(base_url=f"{address}/binance-archive") as archive,
        ):
            return await work(binance, archive)

    return asyncio.run(run())


def test_a_month_is_the_same_by_file_by_days_and_by_rest(address):
    async def three(binance, archive):
        month = await archive.klines_of_month("BTCUSDT", "BTC-USDT-PERP", FEBRUARY.date())
        days = await archive.klines_of_day("BTCUSDT", "BTC-USDT-PERP", FEBRUARY.date())
        rest = await binance.klines({"BTCUSDT": "BTC-USDT-PERP"}, start=FEBRUARY, end=MARCH)
        return month, days, rest

    month, days, rest = ask(address, three)
    assert month.height == 28 * 1440
    assert_frame_equal(month, rest, check_exact=True)
    assert_frame_equal(month.head(1440), days, check_exact=True)


def test_a_window_up_to_now_is_complete_by_all_three_transports(address):
    start = datetime(2026, 2, 10, 6, tzinfo=UTC)
    got = ask(
        address,
        lambda binance, archive: collect_bars(
            binance, archive, SYMBOLS, start=start, end=NOW, now=NOW
        ),
    )
    assert got.transports == {"archive_month": 3 * 19, "archive_day": 3 * 8, "rest": 3 * 2}
    minutes = (NOW - start) // timedelta(minutes=1)
    assert got.frame.group_by("symbol").len().sort("symbol")["len"].to_list() == [minutes] * 3
    assert got.frame["ts"].max() == NOW.replace(minute=29, second=0)


def test_settlements_are_the_same_by_file_and_by_rest(address):
    async def both(binance, archive):
        by_file = await collect_settlements(
            binance, archive, SYMBOLS, start=FEBRUARY, end=MARCH, now=NOW
        )
        return by_file, await binance.settlements(SYMBOLS, start=FEBRUARY, end=MARCH)

    by_file, rest = ask(address, both)
    assert by_file.transports["archive_month"] == 3 * 28
    interval = "declared_interval_hours"
    assert_frame_equal(by_file.frame.drop(interval), rest.drop(interval), check_exact=True)
    per_day = {"1000PEPE-USDT-PERP": 6, "BTC-USDT-PERP": 3, "HYPE-USDT-PERP": 24}
    assert dict(rest.group_by("symbol").len().iter_rows()) == {
        symbol: 28 * count for symbol, count in per_day.items()
    }


def test_all_symbols_together_settle_as_each_alone(address):
    async def both(binance, archive):
        listed = (await binance.instruments()).frame
        symbols = dict(zip(listed["vendor_symbol"], listed["symbol"], strict=True))
        day = {"start": datetime(2026, 3, 9, tzinfo=UTC), "end": datetime(2026, 3, 10, tzinfo=UTC)}
        together = await binance.settlements(symbols, **day)
        alone = [await binance.settlements({v: s}, **day) for v, s in symbols.items()]
        return together, alone

    together, alone = ask(address, both)
    assert together.height == sum(each.height for each in alone) > 0
    for each in alone:
        expected = together.filter(together["symbol"].is_in(each["symbol"].unique().implode()))
        assert_frame_equal(each, expected, check_exact=True)


def test_a_delisted_symbol_has_bars_to_its_last_minute_and_no_file_after(address):
    luna = {"LUNAUSDT": "LUNA-USDT-PERP"}
    start, end = datetime(2022, 5, 12, tzinfo=UTC), datetime(2022, 5, 15, tzinfo=UTC)

    async def both(binance, archive):
        with pytest.raises(NotPublished):
            await archive.klines_of_day("LUNAUSDT", "LUNA-USDT-PERP", end.date())
        return (
            await collect_bars(binance, archive, luna, start=start, end=end, now=NOW),
            await binance.klines(luna, start=start, end=end),
        )

    got, rest = ask(address, both)
    # Its last day ends with it: REST is asked whether there is more.
    assert got.transports == {"archive_month": 0, "archive_day": 1, "rest": 2}
    assert got.frame["ts"].max() == datetime(2022, 5, 13, 0, 8, tzinfo=UTC)
    assert_frame_equal(got.frame, rest, check_exact=True)


YESTERDAY = {"start": datetime(2026, 3, 9, tzinfo=UTC), "end": datetime(2026, 3, 10, tzinfo=UTC)}
NO_FAULT = Fault(match="^$", kind="reset")
LONG_AGO = {"start": FEBRUARY, "end": FEBRUARY + timedelta(days=2)}


def collect_despite(fault: Fault, window: dict[str, datetime]):
    """Collect BTC's bars from a stand-in with a fault; impatient, so that it ends soon."""

    async def run(address: str):
        options = {"attempts": 2, "backoff_seconds": 0.01, "timeout_seconds": 0.5}
        async with (
            Binance(base_url=f"{address}/binance", clock=lambda: NOW, **options) as binance,
            BinanceArchive(base_url=f"{address}/binance-archive", **options) as archive,
        ):
            btc = {"BTCUSDT": "BTC-USDT-PERP"}
            return await collect_bars(binance, archive, btc, **window, now=NOW)

    source = SimulatedSource(clock=lambda: NOW)
    with Sandbox(source, clock=lambda: NOW, faults=FaultPlan([fault])) as sandbox:
        return asyncio.run(run(sandbox.url))


@pytest.mark.parametrize(
    ("fault", "window"),
    [
        (Fault(match="klines", kind="status", value=503, times=1), YESTERDAY),
        (Fault(match="klines", kind="truncate", times=1), YESTERDAY),
        (Fault(match="klines", kind="reset", times=1), YESTERDAY),
        (Fault(match="klines", kind="delay", value=1.0, times=1), YESTERDAY),
        (Fault(match="02-01.zip$", kind="truncate", times=1), LONG_AGO),
        (Fault(match="02-01.zip$", kind="html", times=1), LONG_AGO),
        (Fault(match="02-01.zip.CHECKSUM", kind="checksum", times=1), LONG_AGO),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_a_fault_that_passes_costs_no_row(fault, window):
    got = collect_despite(fault, window)
    days = (window["end"] - window["start"]).days
    assert got.frame.height == days * 1440
    assert got.frame["ts"].is_unique().all()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(match="klines", kind="truncate"), VendorUnavailable),
        (Fault(match="klines", kind="reset"), VendorUnavailable),
        (Fault(match="klines", kind="html"), PayloadChanged),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_a_fault_of_rest_that_stays_is_a_named_failure_and_never_a_thinner_answer(fault, error):
    got = collect_despite(fault, YESTERDAY)
    assert got.frame.is_empty()
    assert [type(each) for each in got.failures.values()] == [error]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(match="02-01.zip$", kind="truncate"), "no response"),
        (Fault(match="02-01.zip.CHECKSUM", kind="checksum"), "not usable"),
        (Fault(match="02-01.zip.CHECKSUM", kind="status", value=404), "not usable"),
        (Fault(match="02-01.zip$", kind="empty"), "not usable"),
        (Fault(match="02-01.zip$", kind="not_a_zip"), "not usable"),
        (Fault(match="02-01.zip$", kind="other_header"), "not usable"),
        (Fault(match="02-01.zip$", kind="contradicting_row"), "not usable"),
        (Fault(match="02-01.zip$", kind="status", value=403), "not usable"),
        (Fault(match="02-01.zip$", kind="status", value=404), "not published"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else value,
)
def test_a_file_with_a_fault_that_stays_is_replaced_by_rest_and_what_it_said_is_kept(fault, said):
    got, whole = collect_despite(fault, LONG_AGO), collect_despite(NO_FAULT, LONG_AGO)
    assert_frame_equal(got.frame, whole.frame, check_exact=True)
    assert got.transports == {"archive_month": 0, "archive_day": 1, "rest": 1}
    assert [(each.said, [*each.days]) for each in got.setbacks] == [(said, [FEBRUARY.date()])]
    assert whole.setbacks == []


@pytest.mark.realdata
def test_recorded_bars_are_the_same_by_archive_and_by_rest(realdata):
    recorded = RecordedSource(realdata).coverage()["ohlcv_1m"]
    names = sorted(recorded)[:2]
    assert names, f"no 1-minute recordings in {realdata}"
    start = min(recorded[name][0] for name in names)
    end = max(recorded[name][1] for name in names) + timedelta(minutes=1)
    later = end + timedelta(days=40)
    symbols = {name: f"{name}-PERP" for name in names}

    async def both(binance, archive):
        window = {"start": start, "end": end}
        return (
            await collect_bars(binance, archive, symbols, **window, now=later),
            await binance.klines(symbols, **window),
        )

    with Sandbox(RecordedSource(realdata, clock=lambda: later), clock=lambda: later) as sandbox:
        got, rest = ask(sandbox.url, both, now=later)
    assert got.transports["archive_month"] + got.transports["archive_day"] > 0
    assert_frame_equal(got.frame, rest, check_exact=True)
    assert got.frame.height > 0
