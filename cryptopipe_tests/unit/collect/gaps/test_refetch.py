"""Which files are asked for what is missing, and when a gap counts as silent."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.collect.gaps.refetch import files_of, without_row
from cryptopipe_assets.collect.gaps.refetched import Refetched
from cryptopipe_assets.core.errors import NotPublished, VendorUnavailable
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_tests.reference.minutes_by_hand import START, at, rows, spans

DAY = 24 * 60
LATER = START + timedelta(days=90)
ARCHIVE = BinanceArchive(base_url="http://127.0.0.1:1")


def files(left: pl.DataFrame, transport: str, *, now: datetime = LATER, failure=None):
    """Files that were asked for, and what is told of them."""
    asked: list[tuple[str, date]] = []

    async def of(vendor_symbol: str, symbol: str, day: date) -> pl.DataFrame:
        assert vendor_symbol == f"{symbol}USDT"
        asked.append((symbol, day))
        if failure is not None:
            raise failure
        return pl.DataFrame({"symbol": [symbol], "day": [day]})

    symbols = {"A": "AUSDT", "B": "BUSDT"}
    frames, told = asyncio.run(files_of(ARCHIVE, of, left, symbols, transport=transport, now=now))
    assert len(frames) == (0 if failure else len(asked))
    return asked, told


def test_of_a_gap_over_midnight_each_day_is_one_file():
    asked, told = files(spans(("A", DAY - 5, 2 * DAY + 1), ("B", 0, DAY)), "archive_day")
    first = START.date()
    days = [first, first + timedelta(days=1), first + timedelta(days=2)]
    assert asked == [*(("A", day) for day in days), ("B", first)]
    assert rows(told["archive_day"]) == [
        ("A", 0, DAY), ("A", DAY, 2 * DAY), ("A", 2 * DAY, 3 * DAY), ("B", 0, DAY),
    ]  # fmt: skip


def test_of_a_gap_over_the_end_of_a_month_each_month_is_one_file():
    asked, told = files(spans(("A", 31 * DAY - 5, 31 * DAY + 5)), "archive_month")
    assert asked == [("A", date(2026, 3, 1)), ("A", date(2026, 4, 1))]
    assert rows(told["archive_month"]) == [("A", 0, 31 * DAY), ("A", 31 * DAY, 61 * DAY)]


def test_a_file_that_cannot_be_there_yet_is_not_asked_for():
    assert files(spans(("A", 0, 10)), "archive_day", now=at(DAY + 1))[0] == []
    assert files(spans(("A", 0, 10)), "archive_month", now=at(20 * DAY))[0] == []


def test_a_file_that_never_appeared_is_a_response_only_after_a_while():
    missing = NotPublished("binance", "there is none")
    for days, told in ((3, []), (80, ["archive_day"])):
        found = files(spans(("A", 0, 10)), "archive_day", now=at(days * DAY), failure=missing)
        assert list(found[1]) == told


def test_silence_is_told_and_is_no_response():
    silent = VendorUnavailable("binance", "no response")
    assert list(files(spans(("A", 0, 10)), "archive_day", failure=silent)[1]) == [
        "archive_day: no response"
    ]


@pytest.mark.parametrize(
    ("days_ago", "rest", "cause"),
    [(3, True, "silent"), (3, False, None), (60, False, "silent"), (60, True, "silent")],
)
def test_a_gap_is_silent_if_all_that_reach_so_far_back_responded_without_a_row(
    days_ago, rest, cause
):
    gap = spans(("A", 0, 60))
    nothing = pl.DataFrame(schema={"symbol": pl.String, "ts": gap.schema["start"]})
    asked = {"rest": gap if rest else spans(), "archive_day": gap}
    found = without_row(
        Refetched(nothing, asked), gap, now=START.astimezone(UTC) + timedelta(days=days_ago)
    )
    assert rows(found, "cause") == [("A", 0, 60, cause)]


def test_a_gap_whose_rows_came_or_whose_archive_did_not_respond_is_not_silent():
    gap = spans(("A", 0, 60))
    nothing = pl.DataFrame(schema={"symbol": pl.String, "ts": gap.schema["start"]})
    came = Refetched(nothing, {"rest": gap, "archive_day": gap}, covered=gap)
    assert rows(without_row(came, gap, now=at(DAY)), "cause") == [("A", 0, 60, None)]
    unheard = Refetched(nothing, {"rest": gap, "archive_day": spans()})
    assert rows(without_row(unheard, gap, now=at(DAY)), "cause") == [("A", 0, 60, None)]
