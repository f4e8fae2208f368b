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

from cryptopipe_assets.core.errors import PayloadChanged, RateLimited, VendorRejected
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.collect import Collected, collect_bars, collect_settlements
from cryptopipe_assets.vendors.binance.parse_klines import BAR_SCHEMA
from cryptopipe_assets.vendors.binance.transports import days_of, plan, spans_of
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA
from cryptopipe_tests.unit.vendors.conftest import mocked

pytestmark = pytest.mark.slow

MINUTE, HOUR = 60_000, 3_600_000
BTC = {"BTCUSDT": "BTC-USDT-PERP"}
NOW = datetime(2026, 3, 10, 9, 30, 20, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


class Binances:
    """Archive and REST of a market with a bar a minute, and one settlement every 8 hours.

    Parameters
    ----------
    unpublished, damaged, unverified, down
        Files, by a pattern of their names, that are not there, are no zip, have no checksum, and of
        which the archive does not respond.
    lacks
        Pattern of a file's name to the stretch (first, end) of which it has no row.
    still
        The same, of which it has flat minutes without a trade.
    broken
        Symbols that REST refuses.
    """

    def __init__(
        self,
        *,
        unpublished: str = "^$",
        damaged: str = "^$",
        unverified: str = "^$",
        down: str = "^$",
        lacks: dict[str, tuple[str, str]] | None = None,
        still: dict[str, tuple[str, str]] | None = None,
        broken: str = "^$",
    ) -> None:
        self.unpublished, self.damaged, self.unverified = unpublished, damaged, unverified
        self.down, self.broken = down, broken
        self.lacks, self.still = lacks or {}, still or {}
        self.files: list[str] = []
        self.spans: list[tuple[str, int, int]] = []

    def archive(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        zip_path = path.removesuffix(".CHECKSUM")
        name = zip_path.rsplit("/", 1)[1].removesuffix(".zip")
        if re.search(self.unpublished, name):
            return httpx.Response(404)
        if re.search(self.down, name):
            return httpx.Response(503)
        if path != zip_path and re.search(self.unverified, name):
            return httpx.Response(404)
        body = b"no zip" if re.search(self.damaged, name) else self._zip(name)
        if path == zip_path:
            self.files.append(name)
            return httpx.Response(200, content=body)
        return httpx.Response(200, text=f"{hashlib.sha256(body).hexdigest()}  {name}.zip")

    def _zip(self, name: str) -> bytes:
        _, kind, *when = name.split("-")
        year, month, *day = map(int, when)
        start = date(year, month, day[0] if day else 1)
        end = start + timedelta(days=1) if day else (start + timedelta(days=31)).replace(day=1)
        step = MINUTE if kind == "1m" else HOUR
        stamps = range(ms(at(f"{start}")), ms(at(f"{end}")), step)
        stamps = [t for t in stamps if not self._is_in(self.lacks, name, t)]
        if kind == "1m":
            rows = (
                self.still_kline(t) if self._is_in(self.still, name, t) else self.kline(t)
                for t in stamps
            )
            lines = [",".join(map(str, row)) for row in rows]
        else:
            lines = [f"{t + 5},8,0.0001" for t in stamps if t // HOUR % 8 == 0]
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
        if request.url.path.endswith("/klines"):
            rows: list[Any] = [self.kline(t, symbol) for t in range(first, last + 1, MINUTE)]
        else:
            hours = range(-(-(first - 5) // HOUR) * HOUR, last + 1, HOUR)
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
    def _is_in(stretches: dict[str, tuple[str, str]], name: str, t: int) -> bool:
        return any(
            re.search(pattern, name) and ms(at(first)) <= t < ms(at(end))
            for pattern, (first, end) in stretches.items()
        )

    @staticmethod
    def kline(t: int, symbol: str = "BTCUSDT") -> list[Any]:
        trades = len(symbol)  # so that no two symbols have the same bars
        return [t, "1.5", "1.5", "1.5", "1.5", "2", t + 59_999, "3", trades, "1", "1.5", "0"]

    @staticmethod
    def still_kline(t: int) -> list[Any]:
        return [t, "1.5", "1.5", "1.5", "1.5", "0", t + 59_999, "0", 0, "0", "0", "0"]


def collect(market: Binances, start: str, end: str, *, symbols=BTC, what=collect_bars) -> Collected:
    async def run() -> Collected:
        options = {"base_url": "https://binance.test", "clock": lambda: NOW}
        async with (
            mocked(Binance, market.rest, **options) as binance,
            mocked(BinanceArchive, market.archive, **options) as archive,
        ):
            return await what(binance, archive, symbols, start=at(start), end=at(end), now=NOW)

    return asyncio.run(run())


def stamps_of(collected: Collected, symbol: str = "BTC-USDT-PERP") -> list[datetime]:
    frame = collected.frame
    return frame.filter(frame["symbol"] == symbol)["ts"].to_list()


def every_minute(start: str, end: str) -> list[datetime]:
    count = (at(end) - at(start)) // timedelta(minutes=1)
    return [at(start) + timedelta(minutes=n) for n in range(count)]


def test_whole_months_single_days_and_rest_join_without_gap_or_overlap():
    market = Binances()
    got = collect(market, "2026-01-10", "2026-03-11")
    # January 10 to 31 and February: the month's file. March 1 to 8: days. 9 and 10: REST.
    assert got.transports == {"archive_month": 22 + 28, "archive_day": 8, "rest": 2}
    assert stamps_of(got) == every_minute("2026-01-10", "2026-03-10T09:30")
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
    assert stamps_of(got) == every_minute(start, end)


def test_a_month_that_is_not_published_falls_back_to_days_and_a_day_to_rest():
    market = Binances(unpublished=r"1m-2026-02$|1m-2026-02-1[012]$")
    got = collect(market, "2026-02-01", "2026-03-01")
    assert got.transports == {"archive_month": 0, "archive_day": 25, "rest": 3}
    assert stamps_of(got) == every_minute("2026-02-01", "2026-03-01")
    # The three days are neighbours, hence one window, paged forward.
    assert {last for _, _, last in market.spans} == {ms(at("2026-02-13")) - 1}
    assert market.spans[0][1] == ms(at("2026-02-10"))


def test_transports_agree_bit_for_bit():
    by_file = collect(Binances(), "2026-02-01", "2026-03-01")
    by_rest = collect(Binances(unpublished="."), "2026-02-01", "2026-03-01")
    assert by_rest.transports["rest"] == 28
    assert by_rest.frame.equals(by_file.frame)


MONTH = r"1m-2026-02$"
DAY = r"1m-2026-02-07$"


def test_a_day_that_the_months_file_lacks_comes_from_the_days_file():
    got = collect(Binances(lacks={MONTH: ("2026-02-07", "2026-02-08")}), "2026-02-01", "2026-03-01")
    assert stamps_of(got) == every_minute("2026-02-01", "2026-03-01")
    assert got.transports == {"archive_month": 27, "archive_day": 1, "rest": 0}
    said = [(each.transport, each.days, each.said) for each in got.setbacks]
    assert said == [("archive_month", (date(2026, 2, 7),), "not whole")]


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ({"unpublished": DAY}, "not published"),
        ({"damaged": DAY}, "not usable"),
        ({"unverified": DAY}, "not usable"),
        ({"down": DAY}, "no response"),
        ({"lacks": {DAY: ("2026-02-07T11:00", "2026-02-07T11:01")}}, "not whole"),
    ],
    ids=["late", "damaged", "without a checksum", "no response", "short of a minute"],
)
def test_a_day_that_no_file_has_whole_comes_by_rest_and_what_each_way_said_is_kept(day, said):
    lacks = {MONTH: ("2026-02-07T11:00", "2026-02-07T11:01"), **day.pop("lacks", {})}
    market = Binances(**day, lacks=lacks)
    got = collect(market, "2026-02-01", "2026-03-01")
    assert stamps_of(got) == every_minute("2026-02-01", "2026-03-01")
    assert got.transports == {"archive_month": 27, "archive_day": 0, "rest": 1}
    assert {last for _, _, last in market.spans} == {ms(at("2026-02-08")) - 1}
    kept = [(each.symbol, each.transport, str(each.days[0]), each.said) for each in got.setbacks]
    assert kept == [
        ("BTC-USDT-PERP", "archive_month", "2026-02-07", "not whole"),
        ("BTC-USDT-PERP", "archive_day", "2026-02-07", said),
    ]


@pytest.mark.parametrize("changed", [0, 3])
def test_a_file_that_is_short_and_says_another_thing_than_rest_of_a_minute_is_told(changed):
    class Corrected(Binances):
        def rest(self, request: httpx.Request) -> httpx.Response:
            found = super().rest(request)
            if not request.url.path.endswith("/klines"):
                return found
            last = ms(at("2026-02-07T10:00")) + changed * MINUTE
            rows = [
                [*row[:8], 99, *row[9:]] if last - changed * MINUTE <= row[0] < last else row
                for row in json.loads(found.content)
            ]
            return httpx.Response(200, content=json.dumps(rows, separators=(",", ":")))

    market = Corrected(lacks={"1m-2026-02": ("2026-02-07T11:00", "2026-02-07T11:01")})
    got = collect(market, "2026-02-01", "2026-03-01")
    told = [said.partition(" differ")[0] for said in got.disagreements]
    expected = "BTCUSDT on 2026-02-07: 3 of 1439 1-minute bars"
    assert told == ([expected] if changed else [])
    assert got.frame["trades"].unique().to_list() == [7]  # the archive's rows count all the same


def test_what_each_way_said_is_told_of_days_that_did_not_come_whole_and_of_no_other():
    lacks = {"1m-2026-02": ("2026-02-07T11:00", "2026-02-07T11:02")}
    got = collect(
        Binances(lacks=lacks, unpublished=r"1m-2026-02-08$", broken="BTC"),
        "2026-02-01",
        "2026-03-01",
    )
    assert got.told.rows() == [
        ("BTC-USDT-PERP", date(2026, 2, 7), "archive_day", None),
        ("BTC-USDT-PERP", date(2026, 2, 7), "archive_month", None),
        ("BTC-USDT-PERP", date(2026, 2, 7), "rest", "not usable"),
    ]
    assert collect(Binances(lacks=lacks), "2026-02-01", "2026-03-01").told.is_empty()


def test_of_a_day_without_a_settlement_the_ways_say_why():
    class Silent(Binances):
        def rest(self, request: httpx.Request) -> httpx.Response:
            found = super().rest(request)
            is_funding = request.url.path.endswith("/fundingRate")
            return httpx.Response(200, json=[]) if is_funding else found

    market = Silent(lacks={"fundingRate-2026-02": ("2026-02-07", "2026-02-08")})
    got = collect(market, "2026-02-01", "2026-03-01", what=collect_settlements)
    assert got.told.rows() == [
        ("BTC-USDT-PERP", date(2026, 2, 7), "archive_month", None),
        ("BTC-USDT-PERP", date(2026, 2, 7), "rest", None),
    ]


@pytest.mark.parametrize("fault", ["damaged", "unverified", "down"])
def test_a_months_file_that_cannot_be_used_is_replaced_by_the_days_files(fault):
    got = collect(Binances(**{fault: MONTH}), "2026-02-01", "2026-03-01")
    assert got.transports == {"archive_month": 0, "archive_day": 28, "rest": 0}
    assert stamps_of(got) == every_minute("2026-02-01", "2026-03-01")


def test_a_file_that_is_short_of_minutes_before_the_window_is_whole():
    market = Binances(lacks={DAY: ("2026-02-07T00:00", "2026-02-07T08:00")})
    got = collect(market, "2026-02-07T08:00", "2026-02-08")
    assert got.transports == {"archive_month": 0, "archive_day": 1, "rest": 0}
    assert got.setbacks == []


def test_a_symbol_that_rest_refuses_is_named_and_the_others_come():
    symbols = {**BTC, "BADUSDT2": "BAD-USDT-PERP"}
    got = collect(Binances(broken="BAD"), "2026-03-08", "2026-03-11", symbols=symbols)
    assert stamps_of(got) == every_minute("2026-03-08", "2026-03-10T09:30")
    # The day's file of the other is there; only its days by REST are missing.
    assert stamps_of(got, "BAD-USDT-PERP") == every_minute("2026-03-08", "2026-03-09")
    assert list(got.failures) == ["BAD-USDT-PERP"]
    assert isinstance(got.failures["BAD-USDT-PERP"], VendorRejected)


def test_who_is_told_to_wait_goes_on_with_nobody():
    class Limited(Binances):
        def rest(self, request: httpx.Request) -> httpx.Response:
            if request.url.params.get("symbol") == "ETHUSDT":
                return httpx.Response(418, headers={"Retry-After": "3600"})
            return super().rest(request)

    with pytest.raises(RateLimited, match="banned"):
        collect(Limited(), "2026-03-09", "2026-03-10", symbols={**BTC, "ETHUSDT": "ETH-USDT-PERP"})


def test_bars_that_are_another_symbols_fail_the_answer_though_each_is_sound():
    class MixedUp(Binances):
        @staticmethod
        def kline(t: int, symbol: str = "") -> list[Any]:
            return Binances.kline(t)

    with pytest.raises(PayloadChanged, match="the very bars of"):
        collect(MixedUp(), "2026-03-09", "2026-03-10", symbols={**BTC, "ETHUSDT": "ETH-USDT-PERP"})


def test_an_archive_that_is_down_is_replaced_by_rest_and_told_of(caplog):
    market = Binances(down=".")
    got = collect(market, "2026-03-01", "2026-03-03")
    assert stamps_of(got) == every_minute("2026-03-01", "2026-03-03")
    assert got.counts["archive_day_no_response"] == got.transports["rest"] == 2
    told = [each.getMessage() for each in caplog.records]
    assert [each for each in told if "the archive did not respond for 1 contracts" in each]


def test_minutes_that_stand_still_in_the_archive_and_not_by_rest_come_by_rest(caplog):
    quarter = ("2026-02-07T01:30", "2026-02-07T01:45")
    got = collect(Binances(still={"1m-2026-02": quarter}), "2026-02-01", "2026-03-01")
    assert stamps_of(got) == every_minute("2026-02-01", "2026-03-01")
    assert got.frame["volume_base"].min() == 2
    assert got.transports == {"archive_month": 27, "archive_day": 0, "rest": 1}
    assert got.counts["minutes_settled_by_rest"] == 15
    assert "the archive has 15 minutes of BTC-USDT-PERP" in caplog.text


def test_minutes_that_stand_still_by_every_way_are_taken_as_they_are():
    class Halted(Binances):
        def kline(self, t: int, symbol: str = "") -> list[Any]:
            is_over = ms(at("2026-02-07T01:30")) <= t < ms(at("2026-02-07T01:45"))
            return self.still_kline(t) if is_over else Binances.kline(t)

    got = collect(Halted(), "2026-02-07", "2026-02-08")
    assert got.frame.filter(got.frame["trades"] == 0).height == 15
    assert got.counts["minutes_settled_by_rest"] == 0


def test_a_day_of_settlements_that_the_months_file_lacks_comes_by_rest():
    market = Binances(lacks={"fundingRate-2026-02": ("2026-02-07", "2026-02-08")})
    got = collect(market, "2026-02-01", "2026-03-01", what=collect_settlements)
    assert stamps_of(got) == every_minute("2026-02-01", "2026-03-01")[:: 8 * 60]
    assert got.transports == {"archive_month": 27, "archive_day": 0, "rest": 1}


@pytest.mark.parametrize("fault", ["damaged", "unverified", "down"])
def test_settlements_whose_file_cannot_be_used_come_by_rest(fault):
    got = collect(
        Binances(**{fault: "fundingRate"}), "2026-02-01", "2026-03-01", what=collect_settlements
    )
    assert stamps_of(got) == every_minute("2026-02-01", "2026-03-01")[:: 8 * 60]
    assert got.transports["rest"] == 28


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
        assert stamps_of(got, symbol) == every_minute("2026-02-01", "2026-03-05")[:: 8 * 60]
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
