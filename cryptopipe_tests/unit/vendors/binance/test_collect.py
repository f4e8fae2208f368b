"""Which transport a day comes from, and that all of them together miss nothing."""

import asyncio
import hashlib
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from cryptopipe_assets.core.errors import VendorRejected, VendorUnavailable
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.collect import Collected, collect_bars, collect_settlements
from cryptopipe_assets.vendors.binance.parse_klines import BAR_SCHEMA
from cryptopipe_assets.vendors.binance.transports import days_of, plan, spans_of
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA
from cryptopipe_tests.unit.vendors.conftest import mocked

HOUR = 3_600_000
BTC = {"BTCUSDT": "BTC-USDT-PERP"}
NOW = datetime(2026, 3, 10, 9, 30, 20, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


class Binances:
    """Archive and REST of a market with one bar an hour, and one settlement every 8 hours."""

    def __init__(self, *, unpublished: str = "^$", broken: str = "^$") -> None:
        self.unpublished, self.broken = unpublished, broken
        self.files: list[str] = []
        self.spans: list[tuple[str, int, int]] = []

    def archive(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        zip_path = path.removesuffix(".CHECKSUM")
        name = zip_path.rsplit("/", 1)[1].removesuffix(".zip")
        if re.search(self.unpublished, name):
            return httpx.Response(404)
        body = self._zip(name)
        if path == zip_path:
            self.files.append(name)
            return httpx.Response(200, content=body)
        return httpx.Response(200, text=f"{hashlib.sha256(body).hexdigest()}  {name}.zip")

    def _zip(self, name: str) -> bytes:
        _, kind, *when = name.split("-")
        year, month, *day = map(int, when)
        start = date(year, month, day[0] if day else 1)
        end = start + timedelta(days=1) if day else (start + timedelta(days=31)).replace(day=1)
        hours = range(ms(at(f"{start}")), ms(at(f"{end}")), HOUR)
        if kind == "1m":
            lines = [",".join(map(str, self.kline(t))) for t in hours]
        else:
            lines = [f"{t + 5},8,0.0001" for t in hours if t // HOUR % 8 == 0]
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as opened:
            opened.writestr(zipfile.ZipInfo("file.csv"), "\n".join(lines))
        return target.getvalue()

    def rest(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        if request.url.path.endswith("/time"):
            return httpx.Response(200, json={"serverTime": ms(NOW)})
        symbol = params.get("symbol", "*")
        if re.search(self.broken, symbol):
            return httpx.Response(400, json={"code": -1121, "msg": "Invalid symbol."})
        first, last = int(params["startTime"]), min(int(params["endTime"]), ms(NOW))
        hours = range(-(-(first - 5) // HOUR) * HOUR, last + 1, HOUR)
        if request.url.path.endswith("/klines"):
            rows: list[Any] = [self.kline(t) for t in hours if first <= t]
        else:
            rows = [
                {"symbol": each, "fundingTime": t + 5, "fundingRate": "0.00010000"}
                for t in hours
                for each in ("BTCUSDT", "ETHUSDT")
                if t // HOUR % 8 == 0 and first <= t + 5 <= last and symbol in ("*", each)
            ]
        self.spans.append((symbol, first, last))
        rows = rows[: int(params["limit"])]
        return httpx.Response(200, content=json.dumps(rows, separators=(",", ":")))

    @staticmethod
    def kline(t: int) -> list[Any]:
        return [t, "1.5", "1.5", "1.5", "1.5", "2", t + 59_999, "3", 1, "1", "1.5", "0"]


def collect(market: Binances, start: str, end: str, *, symbols=BTC, what=collect_bars) -> Collected:
    async def run() -> Collected:
        options = {"base_url": "https://binance.test", "clock": lambda: NOW}
        async with (
            mocked(Binance, market.rest, **options) as binance,
            mocked(BinanceArchive, market.archive, **options) as archive,
        ):
            return await what(binance, archive, symbols, start=at(start), end=at(end), now=NOW)

    return asyncio.run(run())


def hours_of(collected: Collected, symbol: str = "BTC-USDT-PERP") -> list[datetime]:
    frame = collected.frame
    return frame.filter(frame["symbol"] == symbol)["ts"].to_list()


def every_hour(start: str, end: str) -> list[datetime]:
    count = (at(end) - at(start)) // timedelta(hours=1)
    return [at(start) + timedelta(hours=n) for n in range(count)]


def test_whole_months_single_days_and_rest_join_without_gap_or_overlap():
    market = Binances()
    got = collect(market, "2026-01-10", "2026-03-11")
    # January 10 to 31 and February: the month's file. March 1 to 8: days. 9 and 10: REST.
    assert got.transports == {"archive_month": 22 + 28, "archive_day": 8, "rest": 2}
    assert hours_of(got) == every_hour("2026-01-10", "2026-03-10T10:00")
    assert got.frame.schema == BAR_SCHEMA
    assert sorted(market.files) == [
        "BTCUSDT-1m-2026-01",
        "BTCUSDT-1m-2026-02",
        *[f"BTCUSDT-1m-2026-03-0{day}" for day in range(1, 9)],
    ]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-02-01", "2026-02-15", {"archive_month": 0, "archive_day": 14, "rest": 0}),
        ("2026-02-01", "2026-02-16", {"archive_month": 15, "archive_day": 0, "rest": 0}),
        ("2026-03-08", "2026-03-09", {"archive_month": 0, "archive_day": 1, "rest": 0}),
        ("2026-03-09", "2026-03-10", {"archive_month": 0, "archive_day": 0, "rest": 1}),
        ("2026-03-07T23:00", "2026-03-09T01:00", {"archive_month": 0, "archive_day": 2, "rest": 1}),
    ],
)
def test_each_day_comes_by_its_cheapest_way_and_the_window_is_half_open(start, end, expected):
    got = collect(Binances(), start, end)
    assert got.transports == expected
    assert hours_of(got) == every_hour(start, end)


def test_a_month_that_is_not_published_falls_back_to_days_and_a_day_to_rest():
    market = Binances(unpublished=r"1m-2026-02$|1m-2026-02-1[012]$")
    got = collect(market, "2026-02-01", "2026-03-01")
    assert got.transports == {"archive_month": 0, "archive_day": 25, "rest": 3}
    assert hours_of(got) == every_hour("2026-02-01", "2026-03-01")
    # The three days are neighbours, hence one window, paged forward.
    assert {last for _, _, last in market.spans} == {ms(at("2026-02-13")) - 1}
    assert market.spans[0][1] == ms(at("2026-02-10"))


def test_transports_agree_bit_for_bit():
    by_file = collect(Binances(), "2026-02-01", "2026-03-01")
    by_rest = collect(Binances(unpublished="."), "2026-02-01", "2026-03-01")
    assert by_rest.transports["rest"] == 28
    assert by_rest.frame.equals(by_file.frame)


def test_one_symbol_that_fails_fails_the_whole_answer():
    symbols = {**BTC, "BADUSDT": "BAD-USDT-PERP"}
    with pytest.raises(VendorRejected, match="Invalid symbol"):
        collect(Binances(broken="BAD"), "2026-03-08", "2026-03-11", symbols=symbols)


def test_an_archive_that_is_down_is_not_replaced_by_rest():
    class Down(Binances):
        def archive(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(503)

    with pytest.raises(VendorUnavailable, match="binance-archive"):
        collect(Down(), "2026-03-01", "2026-03-03")


def test_nothing_asked_is_an_empty_frame_of_the_full_schema():
    nothing = {"archive_month": 0, "archive_day": 0, "rest": 0}
    for what, schema in ((collect_bars, BAR_SCHEMA), (collect_settlements, SETTLEMENT_SCHEMA)):
        for symbols, end in (({}, "2026-03-05"), (BTC, "2026-03-01")):
            got = collect(Binances(), "2026-03-01", end, symbols=symbols, what=what)
            assert got.frame.schema == schema
            assert (got.frame.height, got.transports) == (0, nothing)


def test_settlements_come_by_month_or_by_rest():
    symbols = {**BTC, "ETHUSDT": "ETH-USDT-PERP"}
    market = Binances(unpublished="ETHUSDT-fundingRate")
    got = collect(market, "2026-02-01", "2026-03-05", symbols=symbols, what=collect_settlements)
    assert got.transports == {"archive_month": 28, "archive_day": 0, "rest": 4 + 32}
    for symbol in symbols.values():
        assert hours_of(got, symbol) == every_hour("2026-02-01", "2026-03-05")[::8]
    declared = got.frame.filter(got.frame["symbol"] == "BTC-USDT-PERP")["declared_interval_hours"]
    assert declared.to_list() == [8] * 84 + [None] * 12


def test_a_month_is_over_with_its_last_day():
    start, end = at("2026-02-01"), at("2026-03-01")
    assert plan(start, end, now=at("2026-02-28T23:59:59")).months == {}
    assert list(plan(start, end, now=at("2026-03-01")).months) == [date(2026, 2, 1)]


def test_days_and_spans_cover_exactly_the_window():
    start, end = at("2026-02-27T12:00"), at("2026-03-02")
    days = days_of(start, end)
    assert [str(day) for day in days] == ["2026-02-27", "2026-02-28", "2026-03-01"]
    assert list(spans_of(days, start=start, end=end)) == [(start, end)]
    apart = list(spans_of([days[2], days[0]], start=start, end=end))
    assert apart == [(start, at("2026-02-28")), (at("2026-03-01"), end)]
    assert days_of(end, start) == []
