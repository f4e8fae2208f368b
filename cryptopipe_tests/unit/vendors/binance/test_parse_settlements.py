"""Funding settlements by REST: no page edge, cap or stamp may lose a row."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import polars as pl
import pytest

from cryptopipe_assets.core.errors import PayloadChanged
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, asked, mocked

payload = Payloads("binance").response
BTC = {"BTCUSDT": "BTC-USDT-PERP"}
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
HOUR = 3_600_000


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def ask(vendor: Vendor, work: Callable[[Binance], Awaitable[pl.DataFrame]]) -> pl.DataFrame:
    return asked(mocked(Binance, vendor, base_url="https://binance.test"), work)


class Funding:
    """Answers fundingRate as Binance does: ascending, capped, one stamp for all symbols."""

    def __init__(self, intervals: dict[str, int], *, cap: int = 1000, late: int = 7) -> None:
        self.intervals, self.cap, self.late = intervals, cap, late
        self.asked: list[httpx.QueryParams] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        self.asked.append(params)
        first, last = int(params["startTime"]), int(params["endTime"])
        rows = [
            {"symbol": name, "fundingTime": hour + self.late, "fundingRate": f"{hour % 977}e-7"}
            for hour in range(first // HOUR * HOUR, last + HOUR, HOUR)
            for name, hours in self.intervals.items()
            if hour // HOUR % hours == 0
            and first <= hour + self.late <= last
            and params.get("symbol", name) == name
        ]
        return httpx.Response(200, json=rows[: min(self.cap, int(params["limit"]))])


DAY_START, DAY_END = datetime(2026, 2, 3, tzinfo=UTC), datetime(2026, 2, 4, tzinfo=UTC)


def named(vendor_symbols) -> dict[str, str]:
    return {each: f"{each.removesuffix('USDT')}-USDT-PERP" for each in vendor_symbols}


def settled(vendor, symbols, start=DAY_START, end=DAY_END) -> pl.DataFrame:
    return ask(vendor, lambda b: b.settlements(symbols, start=start, end=end))


def test_a_recorded_page_becomes_settlements_named_by_their_hour():
    def vendor(request: httpx.Request) -> httpx.Response:
        if int(request.url.params["startTime"]) > ms(DAY_START):
            return httpx.Response(200, json=[])
        return payload("funding_rate.json")

    frame = settled(vendor, {**BTC, **named(["ETHUSDT", "1000PEPEUSDT"])})
    assert frame.schema == SETTLEMENT_SCHEMA
    assert frame.filter(symbol="BTC-USDT-PERP").rows(named=True) == [
        {
            "ts": DAY_START,
            "available_at": DAY_START + timedelta(milliseconds=8),
            "venue": "binance",
            "symbol": "BTC-USDT-PERP",
            "funding_rate": 0.0001,
            "declared_interval_hours": None,
        }
    ]


FORTY = {f"C{n:02d}USDT": (1, 4, 8)[n % 3] for n in range(40)}


@pytest.mark.parametrize("cap", [1000, 200, 40, 39, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("late", [0, 7])
def test_rows_that_share_a_stamp_at_the_edge_of_a_page_are_not_lost(cap, late):
    followed = list(FORTY)[3:30]
    funding = Funding(FORTY, cap=cap, late=late)
    frame = settled(funding, named(followed))
    expected = sum(24 // FORTY[each] for each in followed)
    assert frame.height == expected
    assert frame.equals(frame.sort("symbol", "ts"))
    assert not funding.asked[0].get("symbol")


def test_a_day_of_many_symbols_takes_two_requests():
    many = {f"C{n:03d}USDT": 8 for n in range(300)}
    funding = Funding(many)
    assert settled(funding, named(many)).height == 900
    assert len(funding.asked) == 2


@pytest.mark.parametrize("cap", [1000, 200, 3])
def test_one_symbol_is_asked_alone_and_paged_forward(cap):
    funding = Funding(FORTY, cap=cap)
    frame = settled(funding, named(["C00USDT"]), end=DAY_START + timedelta(days=2))
    assert frame.height == 48
    assert {asked.get("symbol") for asked in funding.asked} == {"C00USDT"}


def test_the_window_is_half_open_on_the_hour_and_not_on_the_late_stamp():
    hourly = Funding({"BTCUSDT": 1}, late=17)
    frame = settled(hourly, BTC, start=NOON, end=NOON + timedelta(hours=2))
    assert frame["ts"].to_list() == [NOON, NOON + timedelta(hours=1)]
    early = Funding({"BTCUSDT": 1}, late=-5)
    frame = settled(early, BTC, start=NOON, end=NOON + timedelta(hours=2))
    assert frame["ts"].to_list() == [NOON, NOON + timedelta(hours=1)]


def test_a_settlement_over_five_minutes_off_the_hour_is_a_changed_payload():
    with pytest.raises(PayloadChanged, match="more than five minutes off the hour"):
        settled(Funding({"BTCUSDT": 8}, late=300_001), BTC)


def test_a_settlement_over_a_minute_off_the_hour_is_kept_and_mentioned(caplog):
    frame = settled(Funding({"BTCUSDT": 8}, late=61_000), BTC)
    assert frame["ts"].to_list() == [DAY_START + timedelta(hours=h) for h in (0, 8, 16)]
    assert "3 settlements are over a minute off the hour" in caplog.text


@pytest.mark.parametrize(
    "rows",
    [
        {"code": 1},
        [{"symbol": "BTCUSDT", "fundingTime": ms(DAY_START)}],
        [{"symbol": "BTCUSDT", "fundingTime": "soon", "fundingRate": "0.1"}],
        [{"symbol": "BTCUSDT", "fundingTime": ms(DAY_START), "fundingRate": ""}],
        [
            {"symbol": "BTCUSDT", "fundingTime": ms(DAY_START), "fundingRate": "0.1"},
            {"symbol": "BTCUSDT", "fundingTime": ms(DAY_START), "fundingRate": "0.2"},
        ],
        [{"symbol": "BTCUSDT", "fundingTime": 5, "fundingRate": "0.1"}],
    ],
    ids=["object", "no rate", "no time", "blank rate", "two rates", "older than asked"],
)
def test_settlements_of_another_shape_are_a_changed_payload(rows):
    def vendor(request: httpx.Request) -> httpx.Response:
        late = int(request.url.params["startTime"]) > ms(DAY_START)
        return httpx.Response(200, json=[] if late else rows)

    with pytest.raises(PayloadChanged, match="binance: /fapi/v1/fundingRate"):
        settled(vendor, BTC)


def test_no_settlements_have_the_whole_schema():
    assert settled(Funding({}), BTC).schema == SETTLEMENT_SCHEMA
    assert settled(Funding({}), {}).schema == SETTLEMENT_SCHEMA
