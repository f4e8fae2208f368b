"""Laws of paging: how a vendor cuts its answers, and how we cut a window, changes no row."""

import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.kline_pages import page_as_csv
from cryptopipe_assets.vendors.binance.open_interest import open_interest_history
from cryptopipe_assets.vendors.binance.parse_klines import read_klines
from cryptopipe_tests.unit.vendors.conftest import asked, mocked

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BTC = {"BTCUSDT": "BTC-USDT-PERP"}
MANY = {f"C{n}USDT": f"C{n}-USDT-PERP" for n in range(5)}

caps = st.integers(1, 40)
few = settings(max_examples=25)


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


class Exchange:
    """Answers as Binance does, ascending from startTime, with ``cap`` rows a page at most."""

    def __init__(self, cap: int, holes: Iterable[int] = ()) -> None:
        self.cap, self.holes = cap, set(holes)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        first, last = int(asked.get("startTime", 0)), int(asked.get("endTime", 0))
        path = request.url.path.rpartition("/")[2]
        rows: list[Any] = {
            "time": lambda: {"serverTime": ms(NOON)},
            "klines": lambda: [self.bar(t) for t in self.grid(first, last, MINUTE)],
            "fundingRate": lambda: self.settled(asked.get("symbol"), first, last),
            "openInterestHist": lambda: [self.point(t) for t in self.grid(first, last, HOUR)],
        }[path]()
        page = rows if path == "time" else rows[: min(self.cap, int(asked["limit"]))]
        return httpx.Response(200, text=json.dumps(page, separators=(",", ":")))

    def grid(self, first: int, last: int, step: timedelta) -> list[int]:
        width = round(step.total_seconds() * 1000)
        stamps = range(-(-first // width) * width, last + 1, width)
        return [t for t in stamps if t // width % 50 not in self.holes]

    @staticmethod
    def bar(t: int) -> list[Any]:
        price = str(100 + t // 60_000 % 997)
        return [t, price, price, price, price, "1", t + 59_999, price, 1, "1", price, "0"]

    def settled(self, symbol: str | None, first: int, last: int) -> list[dict[str, Any]]:
        """Contracts settle every 1, 2, 4 or 8 hours, a few milliseconds late, all at once."""
        names = [symbol] if symbol else ["OTHERUSDT", *MANY]
        return [
            {"symbol": name, "fundingTime": t + 7, "fundingRate": f"{t // 3_600_000 % 89}e-5"}
            for t in self.grid(first - 7, last - 7, HOUR)
            for name in names
            if t // 3_600_000 % (1, 2, 4, 8)[len(name + name[1]) % 4] == 0
        ]

    @staticmethod
    def point(t: int) -> dict[str, Any]:
        held = str(1000 + t // 3_600_000 % 83)
        value = str(50_000 * (1000 + t // 3_600_000 % 83))
        point = {"sumOpenInterest": held, "sumOpenInterestValue": value, "timestamp": t}
        return {"symbol": "BTCUSDT", **point}


def ask(cap: int, holes: Iterable[int], work: Callable[[Binance], Awaitable[Any]]) -> Any:
    exchange = Exchange(cap, holes)
    return asked(
        mocked(Binance, exchange, base_url="http://binance.test", clock=lambda: NOON), work
    )


def in_parts(
    start: datetime,
    end: datetime,
    cuts: list[int],
    step: timedelta,
    part: Callable[[datetime, datetime], pl.DataFrame],
) -> pl.DataFrame:
    """Ask for the window in as many parts as there are cuts."""
    edges = [start, *(start + cut * step for cut in sorted(cuts)), end]
    parts = [part(a, b) for a, b in pairwise(edges)]
    return pl.concat(parts).sort("symbol", "ts")


@few
@given(caps, st.lists(st.integers(0, 240), max_size=4), st.sets(st.integers(0, 49), max_size=5))
def test_any_page_size_and_any_split_of_the_window_give_the_same_bars(cap, cuts, holes):
    start, end = NOON - 240 * MINUTE, NOON

    def part(a: datetime, b: datetime, cap: int = cap) -> pl.DataFrame:
        return ask(cap, holes, lambda binance: binance.klines(BTC, start=a, end=b))

    whole = part(start, end, 1500)
    assert whole.height == len(Exchange(1, holes).grid(ms(start), ms(end) - 1, MINUTE))
    assert_frame_equal(in_parts(start, end, cuts, MINUTE, part), whole, check_exact=True)


@few
@given(st.integers(2, 40), st.lists(st.integers(0, 72), max_size=3))
def test_any_page_size_and_any_split_of_the_window_give_the_same_settlements_of_one(cap, cuts):
    start, end = NOON - 72 * HOUR, NOON
    one = {"C1USDT": "C1-USDT-PERP"}

    def part(a: datetime, b: datetime, cap: int = cap) -> pl.DataFrame:
        return ask(cap, (), lambda binance: binance.settlements(one, start=a, end=b))

    whole = part(start, end, 1000)
    assert whole.height > 0
    assert_frame_equal(in_parts(start, end, cuts, HOUR, part), whole, check_exact=True)


@few
@given(st.integers(2, 40), st.lists(st.integers(0, 48), max_size=3))
def test_settlements_of_all_together_lose_no_row_though_pages_end_among_equal_stamps(cap, cuts):
    start, end = NOON - 48 * HOUR, NOON

    def part(a: datetime, b: datetime, cap: int = cap) -> pl.DataFrame:
        return ask(cap, (), lambda binance: binance.settlements(MANY, start=a, end=b))

    one_by_one = [
        ask(1000, (), lambda binance, each=each: binance.settlements(each, start=start, end=end))
        for each in ({name: symbol} for name, symbol in MANY.items())
    ]
    whole = pl.concat(one_by_one).sort("symbol", "ts")
    assert_frame_equal(in_parts(start, end, cuts, HOUR, part), whole, check_exact=True)


@few
@given(caps, st.lists(st.integers(0, 96), max_size=3), st.sets(st.integers(0, 49), max_size=5))
def test_any_page_size_and_any_split_of_the_window_give_the_same_open_interest(cap, cuts, holes):
    start, end = NOON - 96 * HOUR, NOON

    def part(a: datetime, b: datetime, cap: int = cap) -> pl.DataFrame:
        async def work(binance: Binance) -> pl.DataFrame:
            found = await open_interest_history(binance, BTC, start=a, end=b, now=NOON)
            return found.frame

        return ask(cap, holes, work)

    whole = part(start, end, 500)
    assert 0 < whole.height <= 96
    assert_frame_equal(in_parts(start, end, cuts, HOUR, part), whole, check_exact=True)


@few
@given(st.lists(st.decimals(min_value=0, max_value=10**9, places=8), min_size=1, max_size=20))
def test_the_numbers_of_a_page_are_the_very_ones_that_float_makes_of_their_digits(digits):
    texts = [f"{each:f}" for each in digits]
    page = [
        [n * 60_000, *[text] * 5, n * 60_000 + 59_999, text, 1, text, text, "0"]
        for n, text in enumerate(texts)
    ]
    rows = read_klines(page_as_csv(json.dumps(page, separators=(",", ":")).encode()))
    assert rows["volume_base"].to_list() == [float(text) for text in texts]
